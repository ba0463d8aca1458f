# A type of the newer form: it checks and merges at once, and says itself what is wrong.
{ lib }:
let
  even = lib.types.mkOptionType {
    name = "even";
    merge = {
      __functor = self: loc: defs: (self.v2 { inherit loc defs; }).value;
      v2 = { loc, defs }: {
        headError = if lib.mod (lib.head defs).value 2 == 0 then null else { message = "an even number is needed"; };
        value = (lib.head defs).value;
        valueMeta = { };
      };
    };
  };
in
(lib.evalModules {
  modules = [
    { options.wheels = lib.mkOption { type = even; }; }
    { wheels = 3; }
  ];
}).config.wheels
