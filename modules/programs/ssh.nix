# The secure shell client, for everybody on the machine.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.programs.ssh;

  host = types.submodule (
    { name, ... }:
    {
      options = {
        hostNames = mkOption {
          type = types.listOf types.str;
          default = [ name ];
          description = "Names and addresses of the machine.";
        };
        publicKey = mkOption {
          type = types.str;
          example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…";
          description = "Its key.";
        };
        certAuthority = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the key signs those of machines.";
        };
      };
    }
  );

  knownHost =
    value:
    lib.optionalString value.certAuthority "@cert-authority "
    + "${lib.concatStringsSep "," value.hostNames} ${value.publicKey}\n";
in
{
  options.programs.ssh = {
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines of {manpage}`ssh_config(5)`.";
    };

    knownHosts = mkOption {
      type = types.attrsOf host;
      default = { };
      description = "Machines whose keys are known.";
    };

    startAgent = mkOption {
      type = types.bool;
      default = false;
      description = "Whether every user has an agent that holds keys.";
    };
  };

  config = {
    environment.etc = {
      "ssh/ssh_config.d/50-osconf.conf" = lib.mkIf (cfg.extraConfig != "") { text = cfg.extraConfig; };
      "ssh/ssh_known_hosts" = lib.mkIf (cfg.knownHosts != { }) {
        text = lib.concatMapStrings knownHost (lib.attrValues cfg.knownHosts);
      };
    };

    environment.systemPackages = lib.optional (cfg.extraConfig != "" || cfg.knownHosts != { } || cfg.startAgent) pkgs.openssh-client;
    systemd.user.enabledUnits = lib.optional cfg.startAgent "ssh-agent.service";
  };
}
