{ name, size ? 1 }:
{ inherit name size; }
