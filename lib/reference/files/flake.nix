{
  description = "An example.";
  outputs = { answer, ... }: { inherit answer; };
}
