# The lowest number wins; the outermost priority counts; a definition that loses is never looked at.
{ lib }:
let
  evaluated = lib.evalModules {
    modules = [
      {
        options = lib.genAttrs [ "a" "b" "c" "d" "e" "f" "g" ] (_: lib.mkOption { type = lib.types.int; default = 0; }) // {
          sub.x = lib.mkOption { type = lib.types.int; default = 0; };
        };
      }
      { a = 1; b = lib.mkDefault 1; c = lib.mkForce 1; d = lib.mkDefault (throw "a default that loses"); }
      { a = lib.mkDefault 2; b = lib.mkOverride 999 2; c = lib.mkOverride 10 2; d = 2; }
      { e = lib.mkForce (lib.mkIf false 9); f = lib.mkForce (lib.mkDefault 7); }
      { e = 3; f = 4; g = lib.mkVMOverride 5; }
      (lib.mkForce { sub.x = 5; })
      { sub = lib.mkDefault { x = 6; }; }
    ];
  };
in
evaluated.config // { prio = lib.mapAttrs (_: o: o.highestPrio) (removeAttrs evaluated.options [ "_module" "sub" ]); }
