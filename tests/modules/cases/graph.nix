# Who imports whom, and what the reference shows of options that hide themselves or what is in them.
{ lib }:
let
  inherit (lib) evalModules mkOption types;
  name = node: { file = baseNameOf node.file; inherit (node) disabled; imports = map name node.imports; };
  inside = visible: mkOption { inherit visible; type = types.submodule { options.x = mkOption { type = types.int; }; }; };
in
{
  graph = map name (evalModules {
    modules = [
      { key = "base"; _file = "base"; imports = [ { key = "one"; _file = "one"; } { key = "two"; _file = "two"; } ]; }
      { key = "off"; _file = "off"; disabledModules = [ { key = "two"; } ]; }
    ];
  }).graph;
  shown = map (document: document.name) (lib.filter (document: document.visible && !document.internal) (lib.optionAttrSetToDocList
    (evalModules { modules = [ { options = { all = inside true; none = inside false; outside = inside "shallow"; inside = inside "transparent"; }; } ]; }).options));
}
