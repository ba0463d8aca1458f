# A web server with a page of its own, a user who may log in with a key, and a firewall.
#
#   osconf build-vm -c examples/webserver.nix && ./result/bin/run-webserver-vm
{ pkgs, ... }:

let
  site = pkgs.writeTextDir "index.html" ''
    <!doctype html>
    <title>osconf</title>
    <h1>Hello from a declared system</h1>
  '';
in
{
  networking.hostName = "webserver";

  boot.loader.grub.device = "/dev/sda";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  fileSystems."/" = {
    device = "/dev/sda1";
    fsType = "ext4";
  };

  services.nginx = {
    enable = true;
    virtualHosts."localhost" = {
      default = true;
      root = "${site}";
    };
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  services.openssh = {
    enable = true;
    settings.PasswordAuthentication = false;
  };

  users.users.alice = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    # Put your own public key here.
    openssh.authorizedKeys.keys = [ ];
    initialPassword = "change me";
  };

  environment.systemPackages = with pkgs; [
    curl
    htop
  ];

  # A switch that leaves the site unreachable is undone.
  system.healthChecks.site.http = "http://localhost/";

  virtualisation.forwardPorts = [
    {
      host.port = 8080;
      guest.port = 80;
    }
  ];

  system.stateVersion = "0.1";
}
