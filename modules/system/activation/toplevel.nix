# The system closure: the one store path that is a generation of the machine.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  inherit (config.system) build;

  failed = map (check: check.message) (lib.filter (check: !check.assertion) config.assertions);

  checked =
    closure:
    if failed != [ ] then
      throw "the configuration does not hold together:\n${lib.concatMapStrings (message: "- ${message}\n") failed}"
    else
      closure;

  variants = lib.mapAttrs (_: child: child.configuration) config.specialisation;

  # A variant mostly has the warnings of the configuration it stands in.
  warnings = lib.unique (config.warnings ++ lib.concatMap (variant: variant.warnings) (lib.attrValues variants));

  activation = {
    version = 1;
    inherit (config.system) label stateVersion;
    environment = "${build.environment}";
    etc = "${build.etc}/etc";
    inherit (config.users) mutableUsers;
    inherit (build.accounts) users groups;
    wrappers = lib.attrValues build.wrappers;
    scripts = build.activationScripts;
    boot = build.bootSettings;
    healthChecks = build.healthChecks;
    inherit (build) serviceEnvironments;
  };

  closure = derivation {
    name = "osconf-system-${config.system.name}-${config.system.label}";
    inherit (pkgs) system;
    builder = "builtin:system";
    builderVersion = pkgs.builderVersions.system;
    activation = builtins.toJSON activation;
    etc = "${build.etc}";
    kernel = build.kernelImage;
    inherit (build) kernelVersion;
    initrd = build.initrdImage;
    modules = "${build.modulesTree}/lib/modules";
    kernelParams = builtins.toJSON config.boot.kernelParams;
    activator = "${pkgs.osconf-activator}";
    configuration = if config.system.copySystemConfiguration == null then "" else "${config.system.copySystemConfiguration}";
    specialisations = builtins.toJSON (lib.mapAttrs (_: variant: "${variant.system.build.silentToplevel}") variants);
    release = config.system.osconf.release;
    checks = map (check: "${check}") config.system.checks;
    extraLinks = builtins.toJSON config.system.extraClosureLinks;
  };
in
{
  options.system = {
    build = mkOption {
      default = { };
      description = "What can be built from the configuration, and what modules hand to each other for it.";
      type = types.submodule {
        freeformType = types.lazyAttrsOf types.raw;
        options.toplevel = mkOption {
          type = types.raw;
          readOnly = true;
          description = "The system closure.";
        };
      };
    };

    copySystemConfiguration = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = ''
        A directory with the configuration the system is made from (`configuration.nix`, `osconf.lock`), to keep in the
        closure as `configuration/`.
      '';
    };

    extraClosureLinks = mkOption {
      type = types.attrsOf types.path;
      default = { };
      example = lib.literalExpression ''{ "firmware" = "''${pkgs.firmware-misc-nonfree.contents}/usr/lib/firmware"; }'';
      description = "Links to add to the top of the system closure.";
    };
  };

  config.system.build = {
    silentToplevel = checked closure;
    toplevel = lib.showWarnings warnings config.system.build.silentToplevel;
  };
}
