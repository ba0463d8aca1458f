# systemd units: from `systemd.services` and its siblings to the directory /etc/systemd/system.
{ config, lib, pkgs, utils, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.systemd;

  kinds = import ./unit-submodules.nix { inherit lib pkgs; };
  sections = import ./unit-sections.nix { inherit lib; };
  rendering = import ./render-unit.nix {
    inherit lib pkgs;
    inherit (cfg) serviceEnvironmentPackages;
  };
  inherit (rendering) renderUnit;
  unit = import ./unit-file.nix { inherit lib pkgs; };

  unitsOption =
    what: type: example:
    mkOption {
      type = types.attrsOf type;
      default = { };
      inherit example;
      description = "Definitions of ${what}, by name without the suffix.";
    };

  # Definitions of one kind, as entries of `systemd.units`.
  rendered =
    suffix: toSections: definitions:
    lib.mapAttrs' (
      name: definition: lib.nameValuePair "${name}.${suffix}" (renderUnit "${name}.${suffix}" (toSections definition) definition)
    ) definitions;

  renderedMounts =
    suffix: toSections: definitions:
    lib.listToAttrs (
      map (
        definition:
        let
          name = "${utils.escapeSystemdPath definition.where}.${suffix}";
        in
        lib.nameValuePair name (renderUnit name (toSections definition) (definition // { overrideStrategy = "asFile"; }))
      ) definitions
    );

  timersOf = lib.mapAttrs (
    _: service: {
      wantedBy = [ "timers.target" ];
      timerConfig.OnCalendar = service.startAt;
    }
  );

in
{
  options.systemd = {
    package = mkOption {
      type = types.package;
      default = pkgs.systemd;
      defaultText = lib.literalExpression "pkgs.systemd";
      description = "The systemd of the system.";
    };

    units = mkOption {
      type = types.attrsOf unit;
      default = { };
      description = "Unit files, by full name. The options for each kind of unit end here.";
    };

    services = unitsOption "services" kinds.service (
      lib.literalExpression ''
        {
          app = {
            description = "The application";
            after = [ "network.target" ];
            wantedBy = [ "multi-user.target" ];
            serviceConfig = {
              ExecStart = "''${pkgs.app}/bin/app --serve";
              DynamicUser = true;
            };
          };
        }
      ''
    );
    sockets = unitsOption "sockets" kinds.socket (
      lib.literalExpression ''{ app = { wantedBy = [ "sockets.target" ]; listenStreams = [ "8080" ]; }; }''
    );
    timers = unitsOption "timers" kinds.timer (
      lib.literalExpression ''{ backup = { wantedBy = [ "timers.target" ]; timerConfig.OnCalendar = "daily"; }; }''
    );
    paths = unitsOption "path units" kinds.path (
      lib.literalExpression ''{ inbox = { wantedBy = [ "multi-user.target" ]; pathConfig.DirectoryNotEmpty = "/srv/inbox"; }; }''
    );
    targets = unitsOption "targets" kinds.target (lib.literalExpression ''{ app.wants = [ "app.service" ]; }'');
    slices = unitsOption "slices" kinds.slice (lib.literalExpression ''{ batch.sliceConfig.CPUWeight = 20; }'');

    mounts = mkOption {
      type = types.listOf kinds.mount;
      default = [ ];
      example = lib.literalExpression ''[ { what = "/dev/sdb1"; where = "/data"; type = "ext4"; } ]'';
      description = "Definitions of mounts; the name of the unit follows from the mount point.";
    };
    automounts = mkOption {
      type = types.listOf kinds.automount;
      default = [ ];
      example = lib.literalExpression ''[ { where = "/data"; wantedBy = [ "local-fs.target" ]; } ]'';
      description = "Definitions of mounts on demand.";
    };

    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.fwupd ]";
      description = "Packages whose units join the system. They are not started by that; see {option}`systemd.enabledUnits`.";
    };

    enabledUnits = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "cron.service" ];
      description = ''
        Units of packages to enable as their `[Install]` section says: what starts them, their aliases and the units
        that come with them.
      '';
    };

    suppressedUnits = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "systemd-backlight@.service" ];
      description = "Units of packages to mask.";
    };

    defaultUnit = mkOption {
      type = types.str;
      default = "multi-user.target";
      description = "The unit that a boot is for.";
    };

    serviceEnvironmentPackages = mkOption {
      type = types.listOf types.raw;
      default = [ ];
      description = "Packages that are in the environment of every service that has its own.";
    };
  };

  config = {
    lib.systemd = { inherit renderUnit sections kinds; };

    systemd = {
      units = lib.mkMerge [
        (rendered "service" sections.service cfg.services)
        (rendered "socket" sections.socket cfg.sockets)
        (rendered "timer" (sections.plain "Timer" "timerConfig") cfg.timers)
        (rendered "path" (sections.plain "Path" "pathConfig") cfg.paths)
        (rendered "slice" (sections.plain "Slice" "sliceConfig") cfg.slices)
        (rendered "target" sections.target cfg.targets)
        (renderedMounts "mount" sections.mount cfg.mounts)
        (renderedMounts "automount" sections.automount cfg.automounts)
        (lib.genAttrs cfg.suppressedUnits (_: {
          enable = false;
        }))
      ];

      timers = timersOf (lib.filterAttrs (_: service: service.enable && service.startAt != [ ]) cfg.services);

      # Plug-ins and data that programs load late, at fixed places.
      serviceEnvironmentPackages = with pkgs; [
        ca-certificates
        libnss-myhostname
        libnss-systemd
        tzdata
      ];
    };

    environment.systemPackages = cfg.packages;

    assertions = lib.mapAttrsToList (name: service: {
      assertion = !(service.usr == "own" && service.serviceConfig ? PAMName);
      message = "systemd.services.${name} opens a PAM session, so it needs `usr = \"system\"`: the modules named in /etc/pam.d are those of the system.";
    }) cfg.services;

    system.build = {
      units = import ./unit-directory.nix { inherit lib pkgs; } {
        name = "system-units";
        kind = "system";
        environment = config.system.build.environment;
        inherit (cfg) units enabledUnits defaultUnit;
      };
      serviceEnvironments = lib.unique (
        map (value: "${value.environment}") (lib.filter (value: value.environment != null) (lib.attrValues cfg.units))
      );
    };
  };
}
