# Submodules: name, own configuration, functions as definitions, lists of them, freeform members.
{ lib }:
let
  inherit (lib) mkOption types;
  user = { name, config, ... }: {
    options.name = mkOption { type = types.str; default = name; };
    options.home = mkOption { type = types.path; default = "/home/${config.name}"; };
    options.groups = mkOption { type = types.listOf types.str; default = [ ]; };
  };
in
(lib.evalModules {
  modules = [
    {
      options.users = mkOption { type = types.attrsOf (types.submodule user); default = { }; };
      options.one = mkOption { type = types.submodule user; default = { }; };
      options.maybe = mkOption { type = types.nullOr (types.submodule user); default = null; };
      options.many = mkOption { type = types.listOf (types.submodule { options.x = mkOption { type = types.int; default = 1; }; }); };
      options.settings = mkOption {
        type = types.submodule { freeformType = types.attrsOf (types.either types.int types.str); options.port = mkOption { type = types.port; default = 80; }; };
        default = { };
      };
      options.deep = mkOption {
        type = types.submodule { freeformType = types.attrsOf types.anything; options.a.b = mkOption { type = types.int; default = 1; }; };
        default = { };
      };
    }
    { users.alice.groups = [ "wheel" ]; users.bob = { name = "robert"; }; }
    { users.alice = { config, ... }: { groups = [ "made-for-${config.name}" ]; }; users.carol = lib.mkIf false { }; }
    { many = [ { } { x = 2; } (lib.mkIf false { x = 3; }) ]; }
    { settings.host = "h"; settings.workers = 4; maybe = { name = "m"; }; }
    { deep.a.c = 2; deep.x.y = [ 1 ]; deep.x.z = lib.mkDefault true; }
  ];
}).config
