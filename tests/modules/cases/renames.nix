# Old names of options: renamed, aliased, removed, changed, merged.
{ lib }:
let
  evaluated = lib.evalModules {
    modules = [
      {
        options.new = lib.mkOption { type = lib.types.str; default = "default"; };
        options.new2.list = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
        options.target = lib.mkOption { type = lib.types.int; default = 0; };
        options.ports = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
        options.warnings = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
        options.assertions = lib.mkOption { type = lib.types.listOf lib.types.unspecified; default = [ ]; };
        imports = [
          (lib.mkRenamedOptionModule [ "old" ] [ "new" ])
          (lib.mkAliasOptionModule [ "alias" "list" ] [ "new2" "list" ])
          (lib.mkRemovedOptionModule [ "gone" ] "Use `new'.")
          (lib.mkChangedOptionModule [ "port" ] [ "ports" ] (config: [ config.port ]))
        ];
      }
      { old = lib.mkForce "from old"; new = "loses"; alias.list = [ 1 ]; new2.list = [ 2 ]; port = 80; gone = 1; }
    ];
  };
in
{
  inherit (evaluated.config) new new2 ports;
  alias = evaluated.config.alias.list;
  warnings = map (builtins.replaceStrings [ (toString ./.) ] [ "DIR" ]) evaluated.config.warnings;
  assertions = map (a: a // { message = builtins.replaceStrings [ (toString ./.) ] [ "DIR" ] a.message; }) evaluated.config.assertions;
}
