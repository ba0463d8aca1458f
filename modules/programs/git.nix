# git, and its settings for everybody.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.programs.git;
in
{
  options.programs.git = {
    enable = lib.mkEnableOption "git";

    package = mkOption {
      type = types.package;
      default = pkgs.git;
      defaultText = lib.literalExpression "pkgs.git";
      description = "The git to use.";
    };

    config = mkOption {
      type = types.attrsOf (types.attrsOf types.anything);
      default = { };
      example = {
        init.defaultBranch = "main";
      };
      description = "Settings of `/etc/gitconfig`, by section.";
    };

    lfs.enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether git stores large files apart.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ] ++ lib.optional cfg.lfs.enable pkgs.git-lfs;

    environment.etc.gitconfig = lib.mkIf (cfg.config != { }) { text = lib.generators.toGitINI cfg.config; };
  };
}
