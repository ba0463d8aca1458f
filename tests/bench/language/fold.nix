# A strict fold over a million thunks.
builtins.foldl' (total: item: total + item) 0 (builtins.genList (i: i) 1000000)
