builtins.listToAttrs [ { name = "a"; vaule = 1; } ]
