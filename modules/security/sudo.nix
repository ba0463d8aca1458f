# sudo: who may do what as somebody else.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.security.sudo;

  command = types.either types.str (
    types.submodule {
      options = {
        command = mkOption {
          type = types.str;
          description = "The command, with its arguments if only those are allowed; `ALL` for every one.";
        };
        options = mkOption {
          type = types.listOf (
            types.enum [
              "NOPASSWD"
              "PASSWD"
              "NOEXEC"
              "EXEC"
              "SETENV"
              "NOSETENV"
              "LOG_INPUT"
              "NOLOG_INPUT"
              "LOG_OUTPUT"
              "NOLOG_OUTPUT"
              "MAIL"
              "NOMAIL"
              "FOLLOW"
              "NOFOLLOW"
              "INTERCEPT"
              "NOINTERCEPT"
            ]
          );
          default = [ ];
          description = "How the command is run.";
        };
      };
    }
  );

  rule = types.submodule {
    options = {
      users = mkOption {
        type = types.listOf (types.either types.str types.int);
        default = [ ];
        description = "Users the rule is for.";
      };
      groups = mkOption {
        type = types.listOf (types.either types.str types.int);
        default = [ ];
        description = "Groups the rule is for.";
      };
      host = mkOption {
        type = types.str;
        default = "ALL";
        description = "The machine the rule is for.";
      };
      runAs = mkOption {
        type = types.str;
        default = "ALL:ALL";
        description = "As whom commands may be run: a user, or a user, a colon and a group.";
      };
      commands = mkOption {
        type = types.listOf command;
        default = [ ];
        description = "The commands.";
      };
    };
  };

  subject = prefix: name: if lib.isInt name then "${prefix}#${toString name}" else "${prefix}${name}";

  describeCommand =
    value: if lib.isString value then value else lib.concatMapStrings (tag: "${tag}: ") value.options + value.command;

  describeRule = value: {
    subjects = map (subject "") value.users ++ map (subject "%") value.groups;
    inherit (value) host runAs;
    commands = map describeCommand value.commands;
  };

  sudoers = pkgs.render {
    name = "sudoers";
    template = "sudoers.j2";
    context = {
      rules = map describeRule (lib.filter (value: value.commands != [ ]) cfg.extraRules);
      inherit (cfg) extraConfig;
    };
  };

  checked = pkgs.runCommand "sudoers-checked" {
    nativeBuildInputs = [ pkgs.sudo ];
    inherit sudoers;
  } ''
    /usr/sbin/visudo --check --file=$sudoers
    cp $sudoers $out
  '';
in
{
  options.security.sudo = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether members of `wheel` can become root with sudo.";
    };

    package = mkOption {
      type = types.package;
      default = pkgs.sudo;
      defaultText = lib.literalExpression "pkgs.sudo";
      description = "The sudo to use.";
    };

    wheelNeedsPassword = mkOption {
      type = types.bool;
      default = true;
      description = "Whether members of `wheel` must give their password.";
    };

    execWheelOnly = mkOption {
      type = types.bool;
      default = false;
      description = "Whether only members of `wheel` can start the program at all.";
    };

    extraRules = mkOption {
      type = types.listOf rule;
      default = [ ];
      example = lib.literalExpression ''
        [ { groups = [ "backup" ]; commands = [ { command = "/usr/bin/rsync"; options = [ "NOPASSWD" ]; } ]; } ]
      '';
      description = "Rules, in order: the last that matches counts.";
    };

    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "More lines of {manpage}`sudoers(5)`.";
    };
  };

  config = lib.mkIf cfg.enable {
    security.sudo.extraRules = lib.mkMerge [
      (lib.mkBefore [
        {
          users = [ "root" ];
          commands = [
            {
              command = "ALL";
              options = [ "SETENV" ];
            }
          ];
        }
      ])
      (lib.mkOrder 600 [
        {
          groups = [ "wheel" ];
          commands = [
            {
              command = "ALL";
              options = if cfg.wheelNeedsPassword then [ "SETENV" ] else [ "NOPASSWD" "SETENV" ];
            }
          ];
        }
      ])
    ];

    environment.systemPackages = [ cfg.package ];

    environment.etc.sudoers = {
      source = checked;
      mode = "0440";
    };

    security.wrappers = lib.mkIf cfg.execWheelOnly {
      sudo = {
        source = "/usr/bin/sudo";
        owner = "root";
        group = "wheel";
        setuid = true;
        permissions = "u+rx,g+x";
      };
    };
  };
}
