# Types made of themselves: data of any depth, trees of submodules.
{ lib }:
let
  inherit (lib) types mkOption;
  data = types.nullOr (types.oneOf [ types.bool types.int types.str (types.attrsOf data) (types.listOf data) ]) // { description = "data"; };
  tree = types.submodule { options.children = mkOption { type = types.attrsOf tree; default = { }; }; options.size = mkOption { type = types.int; default = 0; }; };
  evaluated = lib.evalModules {
    modules = [
      {
        options.settings = mkOption { default = { }; type = types.submodule { freeformType = types.attrsOf data; options.port = mkOption { type = types.port; default = 1; }; }; };
        options.data = mkOption { type = data; };
        options.tree = mkOption { type = tree; default = { }; };
      }
      { data.a = [ 1 { b = null; } ]; data.c.d = lib.mkDefault 1; settings.x.y = [ 1 2 ]; tree.children.a.children.b.size = 3; }
      { data.c.d = 2; settings.x.z = "q"; }
    ];
  };
in
{
  inherit (evaluated.config) settings data tree;
  described = [ evaluated.options.data.type.description evaluated.options.settings.type.description ];
}
