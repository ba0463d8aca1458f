# Freeform members under conditions on options of the same set; declared options are readable without them.
{ lib }:
let
  inherit (lib) types mkOption;
  settings = { config, ... }: {
    freeformType = types.attrsOf types.int;
    options.enable = mkOption { type = types.bool; default = true; };
    options.nested.port = mkOption { type = types.port; default = 80; };
    config = lib.mkIf config.enable { workers = 4; };
  };
  evaluated = lib.evalModules {
    modules = [
      {
        options.on = mkOption { type = types.submodule settings; default = { }; };
        options.off = mkOption { type = types.submodule settings; default = { }; };
        options.derived = mkOption { type = types.submodule ({ config, ... }: { freeformType = types.lazyAttrsOf types.int; options.base = mkOption { type = types.int; }; config.twice = config.base * 2; config.four = config.twice * 2; config.names = builtins.length (builtins.attrNames config); }); };
      }
      { off.enable = false; off.other = 1; on.more = 2; derived.base = 1; }
    ];
  };
in
evaluated.config
