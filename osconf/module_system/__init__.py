"""The module system: options, types, priorities, merging, evaluation, documentation.

`collect` finds the modules, `tree` holds the options, `definitions` resolves priorities and conditions, `types` checks
and merges, `evaluation` ties them together, `mistakes` explains, `primops` is the way in from the language, and
`documentation` describes options to people. It works on the values of `lang` and knows no store.
"""
