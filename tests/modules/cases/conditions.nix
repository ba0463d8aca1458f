# mkIf and mkMerge at any depth; a condition may read what the module defines elsewhere.
{ lib }:
(lib.evalModules {
  modules = [
    ({ config, ... }: {
      options.enable = lib.mkEnableOption "it";
      options.level = lib.mkOption { type = lib.types.int; default = 0; };
      options.tree = lib.mkOption { type = lib.types.attrsOf lib.types.str; default = { }; };
      options.nested.deep.value = lib.mkOption { type = lib.types.str; default = "unset"; };
      config = lib.mkMerge [
        { enable = true; }
        (lib.mkIf config.enable {
          level = lib.mkIf (config.nested.deep.value == "set") 3;
          nested = lib.mkIf true { deep = lib.mkMerge [ { value = "set"; } (lib.mkIf false { value = "never"; }) ]; };
        })
      ];
    })
    { tree = { a = "1"; b = lib.mkIf false "2"; c = lib.mkMerge [ (lib.mkIf false "x") (lib.mkDefault "3") ]; }; }
  ];
}).config
