{ a = if true then 1; }
