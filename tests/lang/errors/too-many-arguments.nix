let inc = n: n + 1; in inc 1 2
