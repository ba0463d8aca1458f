"""Realising derivations: plan, schedule, build (in-process builders or the sandbox), check outputs, keep logs.

`realise.realise` is the door. Builtin builders are passed in, so that this package knows neither archives nor
environments.
"""
