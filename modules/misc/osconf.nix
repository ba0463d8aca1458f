# osconf itself in the system it made: the program, the library and the modules, and where packages come from.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.osconf;
in
{
  options.osconf = {
    enable = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether the system contains osconf, so that it can evaluate and build its own next generation. Activation and
        rollback do not need it.
      '';
    };

    package = mkOption {
      type = types.package;
      default = pkgs.osconf;
      defaultText = lib.literalExpression "pkgs.osconf";
      description = "The osconf to install.";
    };

    settings = {
      substituters = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "https://cache.example.org" ];
        description = ''
          Binary caches from which the results of builds are taken. What no key in `trusted-public-keys` signed is built
          here instead.
        '';
      };

      trusted-public-keys = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "cache.example.org-1:…" ];
        description = "Keys whose signatures on store paths count, as `osconf key public` prints them.";
      };

      trusted-users = mkOption {
        type = types.listOf types.str;
        default = [ "root" ];
        example = [ "root" "@wheel" ];
        description = ''
          Users, and groups written as `@GROUP`, who may put paths into the store that nobody signed: as good as root.
        '';
      };

      allowed-users = mkOption {
        type = types.listOf types.str;
        default = [ "*" ];
        example = [ "@users" ];
        description = "Users, and groups written as `@GROUP`, who may build in the machine's store.";
      };
    };

    archive = {
      sources = mkOption {
        type = types.nullOr (types.listOf (types.attrsOf types.raw));
        default = null;
        example = lib.literalExpression ''
          [ { suite = "trixie"; components = [ "main" "non-free-firmware" ]; } ]
        '';
        description = ''
          Where packages come from: suites of an archive, in order of preference. `null` means trixie with its updates
          and security updates.
        '';
      };

      mirrors = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "http://mirror.example.org/debian" ];
        description = ''
          Addresses of the archive. An empty list means those in the machine's own apt sources.
        '';
      };
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.enable {
      environment.systemPackages = [ cfg.package ];
      environment.etc."osconf/settings.json".text = builtins.toJSON cfg.settings + "\n";
      # The state of the archive that the lock pins: the next generation is evaluated without a network.
      environment.etc."osconf/archive-cache".source = pkgs.archiveState.cache;
    })

    (lib.mkIf (config.system.copySystemConfiguration != null) {
      # A machine that was made elsewhere starts with its own configuration to edit; what is there stays.
      systemd.tmpfiles.rules = [
        "C /etc/osconf/configuration.nix 0644 root root - /run/current-system/configuration/configuration.nix"
        "C /etc/osconf/osconf.lock 0644 root root - /run/current-system/configuration/osconf.lock"
      ];
    })

    (lib.mkIf (cfg.archive.mirrors != [ ]) {
      environment.etc."osconf/mirrors".text = lib.concatMapStrings (mirror: "${mirror}\n") cfg.archive.mirrors;
    })
  ];
}
