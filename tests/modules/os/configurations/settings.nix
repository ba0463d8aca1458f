# Small files: shells, kernel settings, locale, console, temporary files, boot settings.
# show: config.environment.etc.profile.source
# show: config.environment.etc.environment.source
# show: config.environment.etc."bash.bashrc".source
# show: config.environment.etc."sysctl.d/60-osconf.conf".source
# show: config.environment.etc."tmpfiles.d/10-site.conf".source
# show: config.environment.etc."locale.conf".source
# show: config.environment.etc."modprobe.d/osconf.conf".source
# show: config.environment.etc."systemd/journald.conf".source
# value: config.system.build.bootSettings
# value: config.system.build.healthChecks
# value: config.system.build.activationScripts
{
  boot.loader.grub.device = "/dev/sda";
  boot.loader.timeout = 1;
  boot.kernelParams = [ "console=ttyS0,115200" ];
  boot.kernel.sysctl = {
    "net.ipv4.ip_forward" = true;
    "vm.swappiness" = 10;
    "kernel.left_alone" = null;
  };
  boot.blacklistedKernelModules = [ "pcspkr" ];
  boot.extraModprobeConfig = "options kvm nested=1\n";
  fileSystems."/".device = "/dev/sda1";
  environment = {
    variables = {
      EDITOR = "vim";
      MANPATH = [
        "$HOME/man"
        "/usr/share/man"
      ];
    };
    sessionVariables.LESS = "-R";
    shellAliases.ll = "ls -l 'x'";
  };
  programs.bash.interactiveShellInit = "set -o vi";
  i18n.extraLocaleSettings.LC_TIME = "C";
  services.journald.extraConfig = "SystemMaxUse=100M";
  systemd.tmpfiles.settings."10-site"."/srv/my site" = {
    d = {
      mode = "0750";
      user = "www-data";
    };
    Z.age = "10d";
  };
  system.healthChecks = {
    site.http = "http://localhost/";
    ssh.tcp = "localhost:22";
    web.unit = "nginx.service";
    disk.command = "test -d /srv";
  };
  system.activationScripts = {
    plain = "touch /var/lib/plain";
    ordered = {
      deps = [ "users" ];
      text = "touch /var/lib/ordered";
    };
  };
}
