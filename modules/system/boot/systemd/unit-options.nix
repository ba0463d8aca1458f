# The options every kind of systemd unit has, and those of each kind.
{ lib }:

let
  inherit (lib) mkOption types;

  # A setting of a unit file: one value, or several lines of it. Definitions of lists add up.
  atom = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.path
      types.package
      types.str
    ]
  );

  setting = types.mkOptionType {
    name = "systemd option";
    description = "value of a systemd setting, or a list of them";
    check = value: if builtins.isList value then lib.all atom.check value else atom.check value;
    merge =
      loc: definitions:
      if lib.any (definition: builtins.isList definition.value) definitions then
        lib.concatMap (definition: lib.toList definition.value) definitions
      else
        lib.mergeEqualOption loc definitions;
  };

  section =
    name: example:
    mkOption {
      type = types.attrsOf setting;
      default = { };
      inherit example;
      description = ''
        Settings of the `[${name}]` section, by systemd's own names. A list gives several lines; an empty string first in
        a list drops what the package's unit says.
      '';
    };

  units =
    description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit description;
    };

  triggers =
    what:
    mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
      example = lib.literalExpression "[ config.environment.etc.\"app.conf\".source ]";
      description = "Values, usually store paths: when one of them changes, a switch ${what} the unit.";
    };

  installation = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the unit may run. `false` masks it.";
    };
    wantedBy = units "Units that start this one when they start, and do not mind when it fails.";
    requiredBy = units "Units that start this one when they start, and fail with it.";
    upheldBy = units "Units that keep this one running for as long as they are active.";
    aliases = units "More names of the unit.";
    overrideStrategy = mkOption {
      type = types.enum [
        "auto"
        "asDropinIfExists"
        "asDropin"
        "asFile"
      ];
      default = "auto";
      description = ''
        What becomes of the unit when a package brings one of the same name: `asDropin` adds to the package's,
        `asFile` replaces it, `asDropinIfExists` adds when there is one. `auto` replaces it when the definition says
        what to run, and adds otherwise.
      '';
    };
  };

  common = installation // {
    description = mkOption {
      type = types.singleLineStr;
      default = "";
      description = "What the unit is, in a few words.";
    };
    documentation = units "Addresses (`man:`, `https:`) of its documentation.";
    requires = units "Units that are started with this one; it stops when one of them does.";
    wants = units "Units that are started with this one.";
    upholds = units "Units that are kept running for as long as this one is active.";
    requisite = units "Units that must be active already, or this one fails.";
    bindsTo = units "Like {option}`requires`, and this one stops when one of them disappears.";
    partOf = units "Units whose stop or restart is done to this one too.";
    conflicts = units "Units that stop when this one starts.";
    before = units "Units that wait for this one when both start.";
    after = units "Units that this one waits for when both start.";
    onFailure = units "Units to start when this one fails.";
    onSuccess = units "Units to start when this one ends well.";
    unitConfig = section "Unit" { ConditionPathExists = "/var/lib/app"; };
    restartTriggers = triggers "restarts";
    reloadTriggers = triggers "reloads";
    startLimitBurst = mkOption {
      type = types.nullOr types.int;
      default = null;
      description = "How many starts within {option}`startLimitIntervalSec` are too many.";
    };
    startLimitIntervalSec = mkOption {
      type = types.nullOr types.int;
      default = null;
      description = "The seconds in which {option}`startLimitBurst` starts are too many.";
    };
  };

  scriptOption =
    description:
    mkOption {
      type = types.lines;
      default = "";
      inherit description;
    };

  service = common // {
    serviceConfig = section "Service" {
      Type = "notify";
      RestartSec = 5;
    };

    environment = mkOption {
      type = types.attrsOf (
        types.nullOr (
          types.oneOf [
            types.str
            types.path
            types.package
            types.int
          ]
        )
      );
      default = { };
      example = {
        LANG = "C.UTF-8";
      };
      description = "Environment variables of its processes. `null` leaves one out.";
    };

    path = mkOption {
      type = types.listOf (
        types.oneOf [
          types.package
          types.str
        ]
      );
      default = [ ];
      example = lib.literalExpression "[ pkgs.git ]";
      description = "Packages whose programs the service finds in `PATH`; they join its environment.";
    };

    usr = mkOption {
      type = types.nullOr (
        types.enum [
          "own"
          "system"
        ]
      );
      default = null;
      defaultText = lib.literalMD ''`"own"`, or `"system"` for units of packages and services with `PAMName`'';
      description = ''
        Which `/usr` the service sees. `own`: an environment of the packages its unit refers to and nothing else, so that
        it restarts exactly when they change. `system`: that of the whole system, for what opens sessions for people or
        must see or make mounts for others.
      '';
    };

    script = scriptOption "Shell commands that are the service; they run with `set -e`.";
    scriptArgs = mkOption {
      type = types.str;
      default = "";
      example = "%i";
      description = "Arguments of {option}`script`.";
    };
    preStart = scriptOption "Shell commands to run before the service starts.";
    postStart = scriptOption "Shell commands to run after the service started.";
    reload = scriptOption "Shell commands that make the service read its configuration again.";
    preStop = scriptOption "Shell commands that stop the service.";
    postStop = scriptOption "Shell commands to run after the service stopped.";

    startAt = mkOption {
      type = types.either types.str (types.listOf types.str);
      apply = lib.toList;
      default = [ ];
      example = "Sun 14:00:00";
      description = "When to start the service, as in {manpage}`systemd.time(7)`; makes a timer of the same name.";
    };

    restartIfChanged = mkOption {
      type = types.bool;
      default = true;
      description = "Whether a switch restarts the service when its unit changed.";
    };
    reloadIfChanged = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a switch reloads the service, and does not restart it, when its unit changed.";
    };
    stopIfChanged = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether a switch stops the old service before activation and starts the new one after it. `false` restarts it
        after activation, with a shorter pause.
      '';
    };
    notSocketActivated = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a switch restarts the service itself and leaves its socket alone.";
    };
    confinement = mkOption {
      type = types.raw;
      internal = true;
      visible = false;
      default = { };
      description = "Accepted for configurations that confine services; every service has its own `/usr` already.";
    };
  };

  socket = common // {
    listenStreams = units "Addresses to listen on for streams.";
    listenDatagrams = units "Addresses to listen on for datagrams.";
    socketConfig = section "Socket" { Accept = true; };
  };

  timer = common // {
    timerConfig = section "Timer" { OnCalendar = "daily"; };
  };

  pathUnit = common // {
    pathConfig = section "Path" { PathChanged = "/var/spool/app"; };
  };

  mount = common // {
    what = mkOption {
      type = types.str;
      example = "/dev/disk/by-label/data";
      description = "The device, file or share to mount.";
    };
    where = mkOption {
      type = types.str;
      example = "/data";
      description = "Where to mount it.";
    };
    type = mkOption {
      type = types.str;
      default = "";
      example = "ext4";
      description = "The type of the file system.";
    };
    options = mkOption {
      type = types.commas;
      default = "";
      example = "noatime";
      description = "Mount options.";
    };
    mountConfig = section "Mount" { DirectoryMode = "0750"; };
  };

  automount = common // {
    where = mkOption {
      type = types.str;
      example = "/data";
      description = "Where the mount unit mounts.";
    };
    automountConfig = section "Automount" { TimeoutIdleSec = "10min"; };
  };

  slice = common // {
    sliceConfig = section "Slice" { MemoryMax = "1G"; };
  };
in
{
  inherit
    setting
    section
    common
    service
    socket
    timer
    pathUnit
    mount
    automount
    slice
    ;
  target = common;
}
