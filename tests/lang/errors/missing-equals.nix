{
  enable true;
}
