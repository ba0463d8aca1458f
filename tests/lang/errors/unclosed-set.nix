{
  services = {
    enable = true;
}
