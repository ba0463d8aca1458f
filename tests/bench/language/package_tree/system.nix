{ tree ? ./. }:
let
  pkgs = import tree { overlays = [ (final: prev: { changed = prev.fjord-jasper5.overrideAttrs (old: { pname = old.pname + "-changed"; }); }) ]; };
  result = pkgs.lib.evalModules {
    modules = import ./modules ++ [ ./configuration.nix ];
    specialArgs = { inherit pkgs; };
  };
in {
  system = pkgs.writeText "system" (builtins.toJSON result.config.system.units);
  package = pkgs.libknoll1149;
  inherit result pkgs;
}
