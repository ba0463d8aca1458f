builtins.mapAttr (n: v: v) { }
