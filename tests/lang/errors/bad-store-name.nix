builtins.toFile "a b" "text"
