let check = x: if x > 1 then throw "x must not be ${toString x}" else x; in
{ a = check 0; b = check 5; }
