{
  services.x.enable = true;
  services.x.enable = false;
}
