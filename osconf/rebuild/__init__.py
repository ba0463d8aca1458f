"""From a configuration to a running system: evaluate, instantiate, build, activate, copy.

`session` holds what one call of the program has open; `world` gives the evaluator the store; `primops` and `builders`
are where the archive and the environments meet the language and the builds.
"""
