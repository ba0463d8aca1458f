# Settings of units that systemd does not know: it would pass over them at every boot. What it knows is what it says
# itself (tools/systemd-directives); a newer one knows more, and reads the units when the system is built (verify.nix).
{ config, lib, ... }:

let
  cfg = config.systemd;
  told = lib.importJSON ./directives.json;
  known = lib.mapAttrs (_: names: lib.genAttrs names (_: null)) told.sections;
  isNewer = lib.versionOlder told.version (lib.versions.major (cfg.package.version or told.version));

  # The sections that each kind of unit has, by the option for their settings.
  sections = {
    services.serviceConfig = "Service";
    sockets.socketConfig = "Socket";
    timers.timerConfig = "Timer";
    paths.pathConfig = "Path";
    slices.sliceConfig = "Slice";
    mounts.mountConfig = "Mount";
    automounts.automountConfig = "Automount";
    targets = { };
  };

  unknown = section: settings: lib.filter (name: !(known.${section} ? ${name} || lib.hasPrefix "X-" name)) (lib.attrNames settings);

  # Where a setting belongs that another section of the same unit has, else the settings that it may be a slip of.
  hint =
    section: options: name:
    let
      elsewhere = lib.filter (option: known.${options.${option}} ? ${name}) (lib.attrNames options);
      near = lib.filter (lib.strings.levenshteinAtMost 2 name) told.sections.${section};
      meant = lib.take 2 (lib.sortOn (lib.strings.levenshtein name) near);
    in
    if elsewhere != [ ] then
      ": it belongs in ${lib.head elsewhere}"
    else if meant != [ ] then
      ": did you mean ${lib.concatStringsSep " or " meant}?"
    else
      "; systemd.verifyUnits = false builds nevertheless";

  check =
    place: kind: unit:
    let
      options = sections.${kind} // {
        unitConfig = "Unit";
      };
    in
    lib.concatLists (
      lib.mapAttrsToList (
        option: section:
        map (name: {
          assertion = false;
          message = "${place}${option}.${name} is no setting that systemd knows in [${section}]${hint section options name}";
        }) (unknown section unit.${option})
      ) options
    );

  checkNamed =
    path: units: kind:
    lib.concatLists (lib.mapAttrsToList (name: check "${lib.showOption (path ++ [ kind name ])}." kind) units.${kind});

  checkListed = kind: lib.concatMap (unit: check "systemd.${kind} of ${unit.where}: " kind unit) cfg.${kind};

  named = [ "services" "sockets" "timers" "paths" "slices" "targets" ];
in
{
  config.assertions = lib.mkIf (cfg.verifyUnits && !isNewer) (
    lib.concatMap (checkNamed [ "systemd" ] cfg) named
    ++ lib.concatMap (checkNamed [ "systemd" "user" ] cfg.user) named
    ++ lib.concatMap checkListed [ "mounts" "automounts" ]
  );
}
