"""The builtins of the language, by theme; importing `catalogue` registers them all in `registry`."""
