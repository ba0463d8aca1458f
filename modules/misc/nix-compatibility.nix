# Options of Nix and of NixOS's own tools that configurations set, with what they mean to osconf.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;

  accepted =
    type: default: what:
    mkOption {
      inherit type default;
      visible = false;
      description = "Accepted and not used: ${what}.";
    };
in
{
  imports = [
    (lib.mkRenamedOptionModule [ "boot" "tmpOnTmpfs" ] [ "boot" "tmp" "useTmpfs" ])
    (lib.mkRenamedOptionModule [ "boot" "cleanTmpDir" ] [ "boot" "tmp" "cleanOnBoot" ])
    (lib.mkRenamedOptionModule [ "services" "openssh" "permitRootLogin" ] [ "services" "openssh" "settings" "PermitRootLogin" ])
    (lib.mkRenamedOptionModule
      [ "services" "openssh" "passwordAuthentication" ]
      [ "services" "openssh" "settings" "PasswordAuthentication" ]
    )
    (lib.mkRenamedOptionModule [ "services" "sshd" "enable" ] [ "services" "openssh" "enable" ])
    (lib.mkRenamedOptionModule [ "services" "mingetty" "autologinUser" ] [ "services" "getty" "autologinUser" ])
    (lib.mkRenamedOptionModule [ "i18n" "consoleKeyMap" ] [ "console" "keyMap" ])
    (lib.mkRenamedOptionModule [ "system" "nixos" "label" ] [ "system" "label" ])
    (lib.mkRenamedOptionModule [ "system" "nixos" "tags" ] [ "system" "tags" ])
    (lib.mkRenamedOptionModule [ "system" "nixos" "release" ] [ "system" "osconf" "release" ])
    (lib.mkRenamedOptionModule [ "i18n" "consoleFont" ] [ "console" "font" ])
  ];

  options = {
    nix = {
      settings = mkOption {
        type = types.attrsOf types.anything;
        default = { };
        example = {
          trusted-users = [ "@wheel" ];
        };
        description = ''
          Of these, `trusted-users` and `allowed-users` are taken over to `osconf.settings`. Caches are not: those of Nix
          hold other packages.
        '';
      };
      extraOptions = accepted types.lines "" "osconf has settings of its own, `osconf.settings`";
      package = accepted types.raw null "the system is built by osconf";
      nixPath = accepted (types.listOf types.str) [ ] "<nixpkgs> is the package set of osconf";
      registry = accepted types.anything { } "there are no flakes";
      channel = accepted types.anything { } "packages are pinned by osconf.lock";
      optimise = accepted types.anything { } "the store keeps one copy of equal files anyway";
      gc = {
        automatic = mkOption {
          type = types.bool;
          default = false;
          description = "Whether store paths that nothing needs are deleted from time to time.";
        };
        dates = mkOption {
          type = types.either types.singleLineStr (types.listOf types.str);
          apply = lib.toList;
          default = "03:15";
          description = "When to look for them, as in {manpage}`systemd.time(7)`.";
        };
        options = mkOption {
          type = types.singleLineStr;
          default = "";
          example = "--delete-older-than 30d";
          description = "Arguments of `osconf gc`.";
        };
        persistent = mkOption {
          type = types.bool;
          default = true;
          description = "Whether a time at which the machine was off is caught up on.";
        };
        randomizedDelaySec = mkOption {
          type = types.singleLineStr;
          default = "0";
          description = "How far the time may be off.";
        };
      };
    };

    documentation = accepted types.anything { } "manual pages are in the packages";
    environment.pathsToLink = accepted (types.listOf types.str) [ ] "an environment holds the whole of its packages";
    networking.dhcpcd = accepted types.anything { } "systemd-networkd asks for addresses";
  };

  config = lib.mkMerge [
    {
      osconf.settings = lib.genAttrs [ "trusted-users" "allowed-users" ] (
        name: lib.mkIf (config.nix.settings ? ${name}) (lib.mkDefault config.nix.settings.${name})
      );
    }

    (lib.mkIf config.nix.gc.automatic {
      systemd.services.osconf-gc = {
        description = "Delete store paths that nothing needs";
        startAt = config.nix.gc.dates;
        usr = "system";
        serviceConfig = {
          Type = "oneshot";
          ExecStart = "/usr/bin/osconf gc ${config.nix.gc.options}";
        };
      };
      systemd.timers.osconf-gc.timerConfig = {
        Persistent = config.nix.gc.persistent;
        RandomizedDelaySec = config.nix.gc.randomizedDelaySec;
      };
    })
  ];
}
