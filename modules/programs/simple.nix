# Programs that need no more than to be there.
{ config, lib, pkgs, ... }:

let
  programs = {
    htop = [ pkgs.htop ];
    iftop = [ pkgs.iftop ];
    iotop = [ pkgs.iotop ];
    less = [ pkgs.less ];
    mosh = [ pkgs.mosh ];
    mtr = [ pkgs.mtr-tiny ];
    neovim = [ pkgs.neovim ];
    tcpdump = [ pkgs.tcpdump ];
    vim = [ pkgs.vim ];
  };
in
{
  options.programs = lib.mapAttrs (name: _: {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether ${name} is there.";
    };
  }) programs;

  config.environment.systemPackages = lib.concatLists (
    lib.mapAttrsToList (name: packages: lib.optionals config.programs.${name}.enable packages) programs
  );
}
