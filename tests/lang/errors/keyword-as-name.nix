{
  then = 1;
}
