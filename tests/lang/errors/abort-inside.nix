let check = x: abort "cannot go on"; in { a = check 1; }
