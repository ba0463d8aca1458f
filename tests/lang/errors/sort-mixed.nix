builtins.sort builtins.lessThan [ 3 "a" 1 ]
