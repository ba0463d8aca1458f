{
  a = 1;
  b = 2; inherit ({ c = 3; }) c;
  d.x = 1;
  "e" = null;
  ${"f"} = 6;
}
