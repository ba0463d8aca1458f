# A configuration that forgets what every machine needs.
# fails
{
  users.users.alice.extraGroups = [ "wheel" ];
}
