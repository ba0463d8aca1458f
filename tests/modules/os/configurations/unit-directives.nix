# fails
{ lib, ... }:
{
  fileSystems."/".device = "/dev/sda1";
  boot.loader.grub.device = "/dev/sda";
  systemd.services.backup = {
    script = "true";
    unitConfig.ConditionPathExist = "/srv";
    unitConfig.X-Mine = true;
    serviceConfig = {
      ExecStrat = "/bin/true";
      StartLimitIntervalSec = 5;
      Unheard = "of";
      X-Mine = true;
    };
  };
  systemd.services."at@".serviceConfig.Nise = 5;
  systemd.timers.backup.timerConfig.OnCalender = "daily";
  systemd.mounts = [ { what = "tmpfs"; where = "/x"; mountConfig.DirectoryMod = "0755"; } ];
  systemd.targets.mine.unitConfig.Stopwhenunneeded = true;
  systemd.user.services.sync.serviceConfig.ExecStart_ = "true";
}
