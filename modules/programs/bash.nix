# bash, the shell people get.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.programs.bash;

  lines =
    description:
    mkOption {
      type = types.lines;
      default = "";
      inherit description;
    };
in
{
  options.programs.bash = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether osconf sets bash up.";
    };

    shellInit = lines "Commands every bash runs first.";
    loginShellInit = lines "Commands a login bash runs.";
    interactiveShellInit = lines "Commands an interactive bash runs.";

    promptInit = mkOption {
      type = types.lines;
      default = ''
        PS1='\u@\h:\w\$ '
      '';
      description = "Commands that set the prompt.";
    };

    shellAliases = mkOption {
      type = types.attrsOf (types.nullOr types.str);
      default = { };
      description = "Short names for commands, in bash alone.";
    };

    completion.enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the tab key completes arguments of commands.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.shellInit = lib.mkIf (cfg.shellInit != "") cfg.shellInit;
    environment.loginShellInit = lib.mkIf (cfg.loginShellInit != "") cfg.loginShellInit;

    environment.etc."bash.bashrc".source = pkgs.render {
      name = "bash.bashrc";
      template = "bashrc.j2";
      context = {
        aliases = lib.filterAttrs (_: value: value != null) (config.environment.shellAliases // cfg.shellAliases);
        init = config.environment.interactiveShellInit + cfg.interactiveShellInit;
        prompt = cfg.promptInit;
        completion = cfg.completion.enable;
      };
    };
  };
}
