{ lib }:
rec {
  mirrorArgs = f: g: g // { __functionArgs = f.__functionArgs or (builtins.functionArgs f); };
  overrideDerivation = drv: f: let new = drv.drvAttrs // f drv; in derivation new;
  makeOverridable = f:
    let
      mirrored = {
        __functor = self: origArgs:
          let
            result = f origArgs;
            overrideWith = newArgs: origArgs // (if builtins.isFunction newArgs then newArgs origArgs else newArgs);
            overrideArgs = newArgs: makeOverridable f (overrideWith newArgs);
            overrideResult = g: makeOverridable (args: g (f args)) origArgs;
          in
            if builtins.isAttrs result then
              result // {
                override = overrideArgs;
                overrideDerivation = fdrv: overrideResult (x: overrideDerivation x fdrv);
                ${if result ? overrideAttrs then "overrideAttrs" else null} =
                  fdrv: overrideResult (x: x.overrideAttrs fdrv);
              }
            else if builtins.isFunction result then { __functor = self: result; override = overrideArgs; }
            else result;
      };
    in mirrorArgs f mirrored;
  callPackageWith = autoArgs: fn: args:
    let
      f = if builtins.isFunction fn then fn else import fn;
      fargs = f.__functionArgs or (builtins.functionArgs f);
      allArgs = builtins.intersectAttrs fargs autoArgs // args;
      missingArgs = builtins.filter (name: !fargs.${name} && !(allArgs ? ${name})) (builtins.attrNames fargs);
    in
      if missingArgs == [ ] then makeOverridable f allArgs
      else abort "callPackageWith: ${toString fn} misses ${builtins.head missingArgs}";
  makeScope = newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = g: makeScope newScope (lib.extends g f);
        packages = f;
      };
    in self;
}
