let data = { list = [ 1 2 3 4 5 6 7 8 9 10 ]; nested = { a = { b = { c = 1; }; }; }; other = "x"; last = 1; }; in data + 1
