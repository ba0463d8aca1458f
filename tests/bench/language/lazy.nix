# Argument patterns with defaults, composition, deep chains of thunks.
let
  inherit (builtins) genList foldl';
  compose = f: g: x: f (g x);
  step = { x, y ? 1, ... }: { x = x + y; };
  steps = foldl' (all: f: compose f all) (x: x) (genList (i: step) 50);
in
(foldl' (state: i: let next = steps state; in builtins.seq next.x next) { x = 0; } (genList (i: i) 2000)).x
