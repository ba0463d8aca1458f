with builtins map
