let
  services = { enable = true; openssh = { port = 22; }; };
in
{
  port = services.opensh.port;
}
