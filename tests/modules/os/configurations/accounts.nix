# Accounts, sudo, limits and wrappers.
# value: config.system.build.accounts
# show: config.environment.etc.sudoers.source
# show: config.environment.etc."ssh/authorized_keys.d/alice".source
# show: config.environment.etc."security/limits.d/50-osconf.conf".source
# show: config.environment.etc."pam.d/app".source
# show: config.environment.etc.shells.source
# value: config.system.build.wrappers
{ pkgs, ... }:

{
  users.mutableUsers = false;
  users.users.alice = {
    isNormalUser = true;
    uid = 1000;
    description = "Alice";
    extraGroups = [ "wheel" ];
    hashedPassword = "$y$j9T$x$y";
    shell = pkgs.zsh;
    openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA alice@example" ];
  };
  users.users.app = {
    isSystemUser = true;
    group = "app";
    home = "/var/lib/app";
  };
  users.groups.app.members = [ "alice" ];
  services.openssh.enable = true;
  security = {
    sudo.wheelNeedsPassword = false;
    sudo.extraRules = [
      {
        groups = [ "app" ];
        runAs = "app";
        commands = [
          {
            command = "/usr/bin/systemctl restart app";
            options = [ "NOPASSWD" ];
          }
        ];
      }
    ];
    pam.loginLimits = [
      {
        domain = "*";
        item = "nofile";
        value = 65536;
      }
    ];
    pam.services.app = {
      startSession = true;
      makeHomeDir = true;
    };
    wrappers = {
      capture = {
        source = "${pkgs.tcpdump}/bin/tcpdump";
        capabilities = "cap_net_raw+ep";
      };
      become = {
        source = "${pkgs.doas}/bin/doas";
        setuid = true;
        permissions = "u+rx,g+x";
      };
    };
  };
}
