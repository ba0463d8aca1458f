# Variables and aliases that shells start with.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.environment;

  variables =
    description: example:
    mkOption {
      type = types.attrsOf (
        types.nullOr (
          types.oneOf [
            (types.listOf (types.oneOf [ types.int types.str types.path ]))
            types.int
            types.str
            types.path
          ]
        )
      );
      apply =
        values:
        lib.mapAttrs (
          _: value: if builtins.isList value then lib.concatMapStringsSep ":" toString value else toString value
        ) (lib.filterAttrs (_: value: value != null) values);
      default = { };
      inherit description example;
    };
in
{
  options.environment = {
    variables = variables "Variables of every shell. A list is joined with colons." {
      EDITOR = "nano";
    };

    sessionVariables = variables ''
      Variables of every session, set by PAM at login. They may refer to `$HOME` and other variables only in shells.
    '' { LESS = "-R"; };

    shellAliases = mkOption {
      type = types.attrsOf (types.nullOr types.str);
      default = { };
      example = {
        ll = "ls -l";
      };
      description = "Short names for commands, in interactive shells.";
    };

    shellInit = mkOption {
      type = types.lines;
      default = "";
      description = "Shell commands every shell runs first.";
    };

    loginShellInit = mkOption {
      type = types.lines;
      default = "";
      description = "Shell commands a login shell runs.";
    };

    interactiveShellInit = mkOption {
      type = types.lines;
      default = "";
      description = "Shell commands an interactive shell runs.";
    };

    extraInit = mkOption {
      type = types.lines;
      default = "";
      description = "Shell commands that are run after variables are set.";
    };

    profiles = mkOption {
      type = types.listOf types.str;
      default = [ "$HOME/.osconf-profile" ];
      description = ''
        Profiles whose programs are in everybody's `PATH`, before the system's. The default is what each user installs
        with `osconf profile install`.
      '';
    };

    shells = mkOption {
      type = types.listOf (types.either types.path types.package);
      default = [ ];
      example = lib.literalExpression ''[ "/usr/bin/zsh" ]'';
      description = "Programs that may be somebody's login shell, beside the usual ones.";
    };
  };

  config = {
    environment.variables = lib.mapAttrs (_: lib.mkDefault) cfg.sessionVariables;

    environment.etc = {
      "profile".source = pkgs.render {
        name = "profile";
        template = "profile.j2";
        context = {
          inherit (cfg)
            variables
            profiles
            shellInit
            loginShellInit
            extraInit
            ;
        };
      };

      "environment".source = pkgs.render {
        name = "environment";
        template = "environment.j2";
        context.variables = cfg.sessionVariables;
      };

      "shells".text = lib.concatMapStrings (shell: "${shell}\n") (
        lib.unique (
          [
            "/bin/sh"
            "/usr/bin/sh"
            "/bin/bash"
            "/usr/bin/bash"
          ]
          ++ map toString cfg.shells
          ++ lib.filter (shell: !lib.hasSuffix "nologin" shell) (
            lib.mapAttrsToList (_: user: "${user.shellProgram}") config.users.users
          )
        )
      );
    };
  };
}
