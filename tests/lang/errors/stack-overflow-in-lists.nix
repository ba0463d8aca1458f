let l = [ l2 ]; l2 = n: builtins.toJSON (l2 n); in l2 1
