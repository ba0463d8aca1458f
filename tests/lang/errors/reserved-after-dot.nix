let a = { if = 1; }; in a.if
