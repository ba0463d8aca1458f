# Units of the user managers, which run for everybody who logs in.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.systemd.user;
  inherit (config.lib.systemd) renderUnit sections kinds;

  unitsOption =
    what: type:
    mkOption {
      type = types.attrsOf type;
      default = { };
      description = "Definitions of users' ${what}, by name without the suffix.";
    };

  rendered =
    suffix: toSections:
    lib.mapAttrs' (
      name: definition:
      lib.nameValuePair "${name}.${suffix}" (
        renderUnit "${name}.${suffix}" (toSections definition) (definition // { usr = "system"; })
      )
    );
in
{
  options.systemd.user = {
    units = mkOption {
      type = types.attrsOf (import ./unit-file.nix { inherit lib pkgs; });
      default = { };
      description = "Unit files of the user managers, by full name.";
    };
    services = unitsOption "services" kinds.userService;
    sockets = unitsOption "sockets" kinds.socket;
    timers = unitsOption "timers" kinds.timer;
    paths = unitsOption "path units" kinds.path;
    targets = unitsOption "targets" kinds.target;
    slices = unitsOption "slices" kinds.slice;
    enabledUnits = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "User units of packages to enable as their `[Install]` section says.";
    };
  };

  config = {
    systemd.user = {
      units = lib.mkMerge [
        (rendered "service" sections.service cfg.services)
        (rendered "socket" sections.socket cfg.sockets)
        (rendered "timer" (sections.plain "Timer" "timerConfig") cfg.timers)
        (rendered "path" (sections.plain "Path" "pathConfig") cfg.paths)
        (rendered "slice" (sections.plain "Slice" "sliceConfig") cfg.slices)
        (rendered "target" sections.target cfg.targets)
      ];

      timers = lib.mapAttrs (_: service: {
        wantedBy = [ "timers.target" ];
        timerConfig.OnCalendar = service.startAt;
      }) (lib.filterAttrs (_: service: service.enable && service.startAt != [ ]) cfg.services);
    };

    system.build.userUnits = import ./unit-directory.nix { inherit lib pkgs; } {
      name = "user-units";
      kind = "user";
      environment = config.system.build.environment;
      inherit (cfg) units enabledUnits;
    };
  };
}
