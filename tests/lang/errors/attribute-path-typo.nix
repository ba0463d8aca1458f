{ a.b.c = 1; }.a.bb.c
