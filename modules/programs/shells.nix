# Shells beside bash.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;

  shell = name: {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether ${name} is there and may be somebody's login shell.";
    };
    interactiveShellInit = mkOption {
      type = types.lines;
      default = "";
      description = "Commands an interactive ${name} runs.";
    };
    shellAliases = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Short names for commands, in ${name} alone.";
    };
  };

  aliases =
    own:
    lib.concatStrings (
      lib.mapAttrsToList (name: value: "alias ${lib.escapeShellArg name}=${lib.escapeShellArg value}\n") (
        lib.filterAttrs (_: value: value != null) (config.environment.shellAliases // own)
      )
    );

  inherit (config.programs) zsh fish;
in
{
  options.programs = {
    zsh = shell "zsh";
    fish = shell "fish";
  };

  config = lib.mkMerge [
    (lib.mkIf zsh.enable {
      environment.systemPackages = [ pkgs.zsh ];
      environment.shells = [ "/usr/bin/zsh" ];
      environment.etc = {
        # No questions for those who have no files of their own.
        "zsh/zshenv".text = "zsh-newuser-install() { :; }\n";
        "zsh/zprofile".text = "emulate sh -c '. /etc/profile'\n";
        "zsh/zshrc".text = aliases zsh.shellAliases + config.environment.interactiveShellInit + zsh.interactiveShellInit;
      };
    })
    (lib.mkIf fish.enable {
      environment.systemPackages = [ pkgs.fish ];
      environment.shells = [ "/usr/bin/fish" ];
      environment.etc."fish/conf.d/osconf.fish".text = aliases fish.shellAliases + fish.interactiveShellInit;
    })
  ];
}
