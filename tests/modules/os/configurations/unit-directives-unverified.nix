# value: config.systemd.services.backup.serviceConfig
{ ... }:
{
  fileSystems."/".device = "/dev/sda1";
  systemd.verifyUnits = false;
  systemd.services.backup.serviceConfig = { ExecStart = "/bin/true"; FromTheFuture = "yes"; };
}
