# The system's environment: which packages make /usr.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.environment;

  # Files and units outside the services' own environments name packages that the system must then contain.
  referring = {
    etc = lib.mapAttrsToList (_: entry: "${entry.source}") (lib.filterAttrs (_: entry: entry.enable) cfg.etc);
    units = map (unit: unit.unit) (
      lib.filter (unit: unit.usr == "system" && unit.enable && unit.unit != null) (
        lib.attrValues config.systemd.units ++ lib.attrValues config.systemd.user.units
      )
    );
    scripts = config.system.build.activationScripts;
    healthChecks = config.system.build.healthChecks;
    shells = lib.mapAttrsToList (_: user: "${user.shell}") config.users.users;
  };
in
{
  options.environment = {
    systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.git pkgs.tmux ]";
      description = "Packages for everybody on the machine. Their dependencies, as the archive has them, come along.";
    };

    defaultPackages = mkOption {
      type = types.listOf types.package;
      default = with pkgs; [
        bash-completion
        less
        nano
      ];
      defaultText = lib.literalExpression "with pkgs; [ bash-completion less nano ]";
      description = "Packages that are no part of a system but welcome in most. Set to `[ ]` for the smallest.";
    };

    alternatives = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        editor = "/usr/bin/vim.tiny";
      };
      description = "Which program stands behind a generic name, where packages offer several.";
    };

    extraTrees = mkOption {
      type = types.listOf types.package;
      default = [ ];
      internal = true;
      description = "Derivations with a `usr/` that is merged into the environment.";
    };
  };

  config = {
    environment.systemPackages =
      cfg.defaultPackages
      ++ (with pkgs; [
        # What a Debian system of priority "required" has, and what administrators expect beside it.
        base-passwd
        ca-certificates
        iproute2
        iputils-ping
        kmod
        libnss-myhostname
        linux-sysctl-defaults
        login
        mount
        netbase
        passwd
        procps
        psmisc
        # The activator runs with these.
        python3
        python3-pystemd
        python3-pyudev
        tzdata
        util-linux
        util-linux-extra
      ]);

    system.build.environment = pkgs.mkEnvironment {
      name = "system-environment";
      kind = "system";
      packages = cfg.systemPackages;
      reason = "in environment.systemPackages";
      inherit (cfg) alternatives extraTrees;
      context = referring;
    };
  };
}
