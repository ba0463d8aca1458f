builtins.hashString "sha255" "a"
