# Functions that make packages and sets overridable, and that pass arguments by name.
{ lib, ... }:

let
  inherit (builtins) attrNames filter head intersectAttrs isAttrs isFunction length mapAttrs removeAttrs;
  inherit (lib.trivial) functionArgs mirrorFunctionArgs;

  crossIndices = [ "buildBuild" "buildHost" "buildTarget" "hostHost" "hostTarget" "targetTarget" ];
  capitalise = name: lib.strings.toUpper (builtins.substring 0 1 name) + builtins.substring 1 (-1) name;
in
rec {
  # A derivation rebuilt with changed attributes: `f` maps the old arguments to the changed ones.
  overrideDerivation = drv: f:
    extendDerivation (builtins.seq drv.drvPath true)
      ({ meta = drv.meta or { }; passthru = drv.passthru or { }; } // (drv.passthru or { })
        // lib.attrsets.optionalAttrs (drv ? __spliced) {
        __spliced = mapAttrs (_: spliced: overrideDerivation spliced f) drv.__spliced;
      })
      (derivation (drv.drvAttrs // f drv));

  # A function whose result carries `override` (and `overrideDerivation`).
  makeOverridable = f:
    let
      # The named arguments stay visible on the wrapped function.
      mirrored = mirrorFunctionArgs f;
    in
    mirrored (arguments:
      let
        result = f arguments;
        overrideWith = change: arguments // (if lib.trivial.isFunction change then change arguments else change);
        override = mirrorFunctionArgs f (change: makeOverridable f (overrideWith change));
        overrideResult = g: makeOverridable (mirrorFunctionArgs f (args: g (f args))) arguments;
      in
      if isAttrs result then
        result
        // {
          inherit override;
          overrideDerivation = change: overrideResult (drv: overrideDerivation drv change);
        }
        // lib.attrsets.optionalAttrs (result ? overrideAttrs) {
          overrideAttrs = change: overrideResult (drv: drv.overrideAttrs change);
        }
      else if isFunction result then
        lib.trivial.setFunctionArgs result (functionArgs result) // { inherit override; }
      else
        result);

  # Call a function (or the file that holds one) with arguments taken by name from a set.
  callPackageWith = autoArgs: fn: args:
    let
      f = if lib.trivial.isFunction fn then fn else import fn;
      wanted = functionArgs f;
      given = intersectAttrs wanted autoArgs // args;
      missing = filter (name: !(wanted.${name} || given ? ${name})) (attrNames wanted);
      near = name: lib.lists.take 3 (lib.lists.sortOn (lib.strings.levenshtein name)
        (filter (candidate: lib.strings.levenshteinAtMost 2 name candidate) (attrNames autoArgs)));
      suggestion = let found = near (head missing); in
        if found == [ ] then "" else ", did you mean ${lib.strings.concatMapStringsSep " or " (n: "\"${n}\"") found}?";
      where = if builtins.isPath fn || builtins.isString fn then " (of ${toString fn})" else "";
    in
    if missing != [ ] then
      # Not to be caught: a package that lacks an argument is a mistake, not a package for other machines.
      abort "callPackage: no value for the argument \"${head missing}\"${where}${suggestion}"
    else
      makeOverridable f given;

  # Like callPackageWith for a function that returns a set of packages.
  callPackagesWith = autoArgs: fn: args:
    let
      f = if lib.trivial.isFunction fn then fn else import fn;
      given = intersectAttrs (functionArgs f) autoArgs // args;
      packages = f given;
      pick = name: mirrorFunctionArgs f (arguments: (f arguments).${name});
    in
    if lib.attrsets.isDerivation packages then
      throw "callPackages: the function gives one derivation, \"${packages.name or "<unknown-name>"}\", not a set of them; use callPackage"
    else
      mapAttrs (name: _: makeOverridable (pick name) given) packages;

  # A derivation with more attributes on itself and its outputs, valid under a condition.
  extendDerivation = condition: passthru: drv:
    let
      outputs = drv.outputs or [ "out" ];
      common = drv // builtins.listToAttrs outputsList // { all = map (output: output.value) outputsList; } // passthru;
      outputToAttr = outputName: {
        name = outputName;
        value = common // {
          inherit (drv.${outputName}) type outputName;
          outputSpecified = true;
          drvPath = assert condition; drv.${outputName}.drvPath;
          outPath = assert condition; drv.${outputName}.outPath;
        } // lib.attrsets.optionalAttrs (passthru ? overrideAttrs) {
          overrideAttrs = change: (passthru.overrideAttrs change).${outputName};
        };
      };
      outputsList = map outputToAttr outputs;
    in
    common // {
      drvPath = assert condition; drv.drvPath;
      outPath = assert condition; drv.outPath;
    };

  # Only what a build farm needs of a derivation.
  hydraJob = drv:
    let
      outputs = drv.outputs or [ "out" ];
      common = {
        inherit (drv) name system meta;
        inherit outputs;
      } // (if drv._hydraAggregate or false then {
        _hydraAggregate = true;
        constituents = map hydraJob (lib.lists.flatten drv.constituents);
      } else { }) // builtins.listToAttrs outputsList;
      outputsList = map (name: {
        inherit name;
        value = common // { inherit (drv.${name}) outPath drvPath; type = "derivation"; outputName = name; };
      }) outputs;
      job = (head outputsList).value;
    in
    if drv == null then null else builtins.deepSeq job job;

  # A set of packages that call each other by name, with its own overlays.
  makeScope = newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = overlay: makeScope newScope (lib.fixedPoints.extends overlay f);
        packages = f;
      };
    in
    self;

  # `makeScope` whose members see the packages of every platform under the roles they play; `extra` and `keep` add names
  # that members see but that the scope does not have.
  makeScopeWithSplicing' = { splicePackages, newScope }@context: { otherSplices, keep ? (_: { }), extra ? (_: { }), f }@arguments:
    let
      spliced = splicePackages {
        pkgsBuildBuild = otherSplices.selfBuildBuild;
        pkgsBuildHost = otherSplices.selfBuildHost;
        pkgsBuildTarget = otherSplices.selfBuildTarget;
        pkgsHostHost = otherSplices.selfHostHost;
        pkgsHostTarget = self;
        pkgsTargetTarget = otherSplices.selfTargetTarget;
      };
      seen = extra spliced // spliced // keep self;
      self = f self // {
        newScope = scope: newScope (seen // scope);
        callPackage = newScope seen;
        overrideScope = overlay:
          makeScopeWithSplicing' context (arguments // { f = lib.fixedPoints.extends overlay f; });
        packages = f;
      };
    in
    self;

  makeScopeWithSplicing = splicePackages: newScope: otherSplices: keep: extra: f:
    makeScopeWithSplicing' { inherit splicePackages newScope; } { inherit otherSplices keep extra f; };

  # Sets by the roles of two platforms: `{ buildBuild; buildHost; buildTarget; hostHost; hostTarget; targetTarget; }`.
  mapCrossIndex = f: index: mapAttrs (_: f) (lib.attrsets.getAttrs crossIndices index);
  # The set whose names begin with a prefix, as `pkgsBuildHost` does with `pkgs`.
  renameCrossIndexFrom = prefix: named:
    lib.attrsets.genAttrs crossIndices (name: named.${prefix + capitalise name});
  renameCrossIndexTo = prefix: index:
    lib.attrsets.mapAttrs' (name: lib.attrsets.nameValuePair (prefix + capitalise name)) (lib.attrsets.getAttrs crossIndices index);

  # A `mkDerivation`-like function from another one: `extendDrvArgs final args` gives more arguments.
  extendMkDerivation =
    { constructDrv
    , excludeDrvArgNames ? [ ]
    , excludeFunctionArgNames ? [ ]
    , extendDrvArgs
    , inheritFunctionArgs ? true
    , transformDrv ? lib.trivial.id
    }:
    lib.trivial.setFunctionArgs
      (given:
        transformDrv (constructDrv (final:
          let
            args = lib.trivial.toFunction given final;
          in
          removeAttrs args excludeDrvArgNames // extendDrvArgs final args)))
      (removeAttrs
        ((if inheritFunctionArgs then functionArgs constructDrv else { }) // functionArgs (extendDrvArgs { }))
        excludeFunctionArgNames);
}
