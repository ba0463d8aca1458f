{
  motd = "hello;
}
