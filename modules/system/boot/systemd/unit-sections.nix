# From a unit's options to the sections of its file.
{ lib }:

let
  inherit (lib) optionalAttrs;

  # "multi-user.target graphical.target": one line, as systemd accepts it, left out when there is nothing to say.
  names = key: units: optionalAttrs (units != [ ]) { ${key} = lib.concatStringsSep " " units; };

  # Restart triggers are compared as text by a switch; the hash keeps the references out of the file.
  fingerprint =
    values:
    builtins.hashString "sha256" (
      builtins.unsafeDiscardStringContext (builtins.toJSON (map (value: "${builtins.toJSON value}") values))
    );

  unitSection =
    unit:
    optionalAttrs (unit.description != "") { Description = unit.description; }
    // names "Documentation" unit.documentation
    // names "Requires" unit.requires
    // names "Wants" unit.wants
    // names "Upholds" unit.upholds
    // names "Requisite" unit.requisite
    // names "BindsTo" unit.bindsTo
    // names "PartOf" unit.partOf
    // names "Conflicts" unit.conflicts
    // names "Before" unit.before
    // names "After" unit.after
    // names "OnFailure" unit.onFailure
    // names "OnSuccess" unit.onSuccess
    // optionalAttrs (unit.restartTriggers != [ ]) { X-Restart-Triggers = fingerprint unit.restartTriggers; }
    // optionalAttrs (unit.reloadTriggers != [ ]) { X-Reload-Triggers = fingerprint unit.reloadTriggers; }
    // optionalAttrs (unit.startLimitBurst != null) { StartLimitBurst = unit.startLimitBurst; }
    // optionalAttrs (unit.startLimitIntervalSec != null) { StartLimitIntervalSec = unit.startLimitIntervalSec; }
    // unit.unitConfig;

  serviceMarks =
    service:
    if service.reloadIfChanged then
      { X-ReloadIfChanged = true; }
    else if !service.restartIfChanged then
      { X-RestartIfChanged = false; }
    else
      { };

  serviceSection =
    service:
    serviceMarks service
    // optionalAttrs (!service.stopIfChanged) { X-StopIfChanged = false; }
    // optionalAttrs service.notSocketActivated { X-NotSocketActivated = true; };

  # systemd reads C escapes inside double quotes, which JSON's are.
  environmentLines =
    variables:
    lib.mapAttrsToList (name: value: builtins.toJSON "${name}=${toString value}") (
      lib.filterAttrs (_: value: value != null) variables
    );

  mountSection =
    mount:
    {
      What = mount.what;
      Where = mount.where;
    }
    // optionalAttrs (mount.type != "") { Type = mount.type; }
    // optionalAttrs (mount.options != "") { Options = mount.options; }
    // mount.mountConfig;
in
{
  inherit fingerprint;

  # Each function gives the sections in the order of the file.
  service =
    unit:
    [
      {
        name = "Unit";
        settings = unitSection unit;
      }
      {
        name = "Service";
        settings =
          optionalAttrs (unit.environment != { }) { Environment = environmentLines unit.environment; }
          // serviceSection unit
          // unit.serviceConfig;
      }
    ];

  socket = unit: [
    {
      name = "Unit";
      settings = unitSection unit;
    }
    {
      name = "Socket";
      settings =
        optionalAttrs (unit.listenStreams != [ ]) { ListenStream = unit.listenStreams; }
        // optionalAttrs (unit.listenDatagrams != [ ]) { ListenDatagram = unit.listenDatagrams; }
        // unit.socketConfig;
    }
  ];

  mount = unit: [
    {
      name = "Unit";
      settings = unitSection unit;
    }
    {
      name = "Mount";
      settings = mountSection unit;
    }
  ];

  automount = unit: [
    {
      name = "Unit";
      settings = unitSection unit;
    }
    {
      name = "Automount";
      settings = {
        Where = unit.where;
      }
      // unit.automountConfig;
    }
  ];

  target = unit: [
    {
      name = "Unit";
      settings = unitSection unit;
    }
  ];

  # timer, path and slice: the unit section and one of their own.
  plain = section: attribute: unit: [
    {
      name = "Unit";
      settings = unitSection unit;
    }
    {
      name = section;
      settings = unit.${attribute};
    }
  ];
}
