builtins.readFile ./nothing-here.txt
