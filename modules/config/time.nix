# Where the machine is, as far as clocks care.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.time;
in
{
  options.time = {
    timeZone = mkOption {
      type = types.nullOr (types.strMatching "[[:alnum:]/_+-]+");
      default = "UTC";
      example = "Europe/Berlin";
      description = "The time zone. `null` leaves it to `timedatectl`.";
    };

    hardwareClockInLocalTime = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the machine's clock shows local time, as some other systems want it.";
    };
  };

  config.environment.etc = lib.mkMerge [
    (lib.mkIf (cfg.timeZone != null) {
      # The name of the zone is read from the link itself.
      "localtime" = {
        source = "/usr/share/zoneinfo/${cfg.timeZone}";
        mode = "direct-symlink";
      };
      "timezone".text = "${cfg.timeZone}\n";
    })
    (lib.mkIf cfg.hardwareClockInLocalTime { "adjtime".text = "0.0 0 0.0\n0\nLOCAL\n"; })
  ];
}
