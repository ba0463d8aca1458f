# The secure shell server.
# show: config.environment.etc."ssh/sshd_config".source
# show: config.systemd.units."sshd.service".unit
# show: config.systemd.units."sshd-keygen.service".unit
# value: config.networking.firewall.allowedTCPPorts
{
  services.openssh = {
    enable = true;
    ports = [
      22
      2222
    ];
    listenAddresses = [
      { addr = "192.0.2.1"; }
      {
        addr = "2001:db8::1";
        port = 2200;
      }
    ];
    settings = {
      PasswordAuthentication = false;
      PermitRootLogin = "no";
      AllowUsers = [
        "alice"
        "bob"
      ];
      Ciphers = [
        "aes256-gcm@openssh.com"
        "aes128-gcm@openssh.com"
      ];
    };
    extraConfig = ''
      Match User bob
        PasswordAuthentication yes
    '';
  };
}
