(5).a or 1 + x
