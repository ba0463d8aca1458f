let set = { alpha = 1; beta = 2; }; in set.zzz
