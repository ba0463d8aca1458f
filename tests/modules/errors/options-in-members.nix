# Options below an option of many submodules: in which of them?
{ lib }:
(lib.evalModules {
  modules = [
    { options.users = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule { }); }; }
    { options.users.shell = lib.mkOption { type = lib.types.str; }; }
  ];
}).config.users
