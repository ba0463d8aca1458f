# GnuPG's agent, which holds keys for every program of a user.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.programs.gnupg;
in
{
  options.programs.gnupg = {
    package = mkOption {
      type = types.package;
      default = pkgs.gnupg;
      defaultText = lib.literalExpression "pkgs.gnupg";
      description = "The GnuPG to use.";
    };

    agent = {
      enable = mkOption {
        type = types.bool;
        default = false;
        description = "Whether every user has an agent.";
      };

      enableSSHSupport = mkOption {
        type = types.bool;
        default = false;
        description = "Whether it is the agent of SSH too.";
      };

      pinentryPackage = mkOption {
        type = types.nullOr types.package;
        default = pkgs.pinentry-curses;
        defaultText = lib.literalExpression "pkgs.pinentry-curses";
        description = "The program that asks for passphrases.";
      };
    };
  };

  config = lib.mkIf cfg.agent.enable {
    assertions = [
      {
        assertion = !(cfg.agent.enableSSHSupport && config.programs.ssh.startAgent);
        message = "programs.ssh.startAgent and programs.gnupg.agent.enableSSHSupport both want to be the agent of SSH.";
      }
    ];

    environment.systemPackages = [
      cfg.package
      pkgs.gpg-agent
    ]
    ++ lib.optional (cfg.agent.pinentryPackage != null) cfg.agent.pinentryPackage;

    systemd.user.enabledUnits = [
      "gpg-agent.socket"
      "gpg-agent-extra.socket"
    ]
    ++ lib.optional cfg.agent.enableSSHSupport "gpg-agent-ssh.socket";

    environment.extraInit = lib.mkIf cfg.agent.enableSSHSupport ''
      export SSH_AUTH_SOCK=$(gpgconf --list-dirs agent-ssh-socket 2> /dev/null)
    '';
    environment.interactiveShellInit = "export GPG_TTY=$(tty)\n";
  };
}
