# Printing.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.printing;
in
{
  options.services.printing = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether documents can be printed.";
    };
    drivers = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.printer-driver-gutenprint ]";
      description = "Packages with drivers.";
    };
    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether others reach the printers.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      pkgs.cups
      pkgs.cups-filters
    ]
    ++ cfg.drivers;
    systemd.enabledUnits = [
      "cups.service"
      "cups.socket"
      "cups.path"
    ];
    networking.firewall.allowedTCPPorts = lib.optional cfg.openFirewall 631;
    # The server writes its own configuration: it starts from the package's.
    systemd.tmpfiles.rules = [
      "d /etc/cups 0755 root lp -"
      "d /var/spool/cups 0710 root lp -"
      "d /var/cache/cups 0770 root lp -"
    ];
  };
}
