"""Option types: one class per type. `base` has what they share, `catalog` gives them to the language."""
