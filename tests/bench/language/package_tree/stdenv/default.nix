{ lib, config, system, bash }:
let
  hostPlatform = { inherit system; parsed = { cpu = "x86_64"; kernel = "linux"; }; isLinux = true; isDarwin = false; isx86_64 = true; };
  defaultPhases = [ "unpackPhase" "patchPhase" "configurePhase" "buildPhase" "checkPhase" "installPhase" "fixupPhase" ];
  removed = [ "meta" "passthru" "pos" "checkInputs" "hardeningDisable" "enableParallelBuilding" "strictDeps" ];
  checkMeta = { meta, attrs }:
    let
      licenses = lib.toList (meta.license or [ ]);
      unfree = builtins.any (l: !(l.free or true)) licenses;
      broken = meta.broken or false;
      unsupported = !lib.availableOn hostPlatform { inherit meta; };
    in
      if unfree && !(config.allowUnfree or false) then { valid = "no"; reason = "unfree"; }
      else if broken && !(config.allowBroken or false) then { valid = "no"; reason = "broken"; }
      else if unsupported then { valid = "no"; reason = "unsupported"; }
      else { valid = "yes"; };
  chooseDev = builtins.map (x: if x == null then null else lib.getDev x);
  findDeps = lists: builtins.map (l: lib.unique (builtins.filter (x: x != null) (lib.flatten l))) lists;
  makeDerivationExtensible = rattrs:
    let
      args = rattrs (args // { inherit finalPackage; overrideAttrs = f0: let
          f = final: prev:
            let applied = f0 prev; in if builtins.isFunction applied then f0 final prev else applied;
        in makeDerivationExtensible (lib.extends f rattrs); });
      finalPackage = mkDerivationSimple args.overrideAttrs (builtins.removeAttrs args [ "overrideAttrs" ]);
    in finalPackage;
  mkDerivation = fnOrAttrs:
    if builtins.isFunction fnOrAttrs
    then makeDerivationExtensible (self: { overrideAttrs = self.overrideAttrs; } // fnOrAttrs self)
    else makeDerivationExtensible (self: { overrideAttrs = self.overrideAttrs; } // fnOrAttrs);
  mkDerivationSimple = overrideAttrs:
    { name ? "", pname ? null, version ? null
    , buildInputs ? [ ], nativeBuildInputs ? [ ], propagatedBuildInputs ? [ ], propagatedNativeBuildInputs ? [ ]
    , depsBuildBuild ? [ ], checkInputs ? [ ], nativeCheckInputs ? [ ]
    , configureFlags ? [ ], cmakeFlags ? [ ], mesonFlags ? [ ], patches ? [ ]
    , doCheck ? false, doInstallCheck ? false, strictDeps ? false, enableParallelBuilding ? true
    , outputs ? [ "out" ], hardeningDisable ? [ ], meta ? { }, passthru ? { }, env ? { }, ... }@attrs:
    let
      checkInputs' = lib.optionals doCheck (checkInputs ++ nativeCheckInputs);
      dependencies = findDeps [
        (depsBuildBuild) (nativeBuildInputs ++ checkInputs') (buildInputs)
        (propagatedNativeBuildInputs) (propagatedBuildInputs)
      ];
      derivationName =
        if name != "" then name
        else lib.strings.replaceStrings [ " " ] [ "-" ] "${pname}-${version}";
      validity = checkMeta { inherit meta attrs; };
      derivationArg = builtins.removeAttrs attrs (removed ++ [ "env" "pname" "overrideAttrs" "finalPackage" ]) // env // {
        name = derivationName;
        inherit system outputs;
        builder = "${bash}/bin/bash";
        args = [ "-e" ./builder.sh ];
        stdenv = "stdenv-linux";
        phases = attrs.phases or (builtins.concatStringsSep " " defaultPhases);
        depsBuildBuild = chooseDev (builtins.elemAt dependencies 0);
        nativeBuildInputs = chooseDev (builtins.elemAt dependencies 1);
        buildInputs = chooseDev (builtins.elemAt dependencies 2);
        propagatedNativeBuildInputs = chooseDev (builtins.elemAt dependencies 3);
        propagatedBuildInputs = chooseDev (builtins.elemAt dependencies 4);
        configureFlags = configureFlags ++ lib.optional (!hostPlatform.isDarwin) "--build=${system}";
        cmakeFlags = cmakeFlags ++ [ "-DCMAKE_BUILD_TYPE=Release" ];
        inherit mesonFlags patches doCheck doInstallCheck strictDeps;
      } // lib.optionalAttrs enableParallelBuilding {
        enableParallelBuilding = true;
        enableParallelChecking = attrs.enableParallelChecking or true;
      } // lib.optionalAttrs (hardeningDisable != [ ]) {
        NIX_HARDENING_ENABLE = lib.subtractLists hardeningDisable [ "fortify" "stackprotector" "pic" "relro" "format" ];
      };
      pos = builtins.unsafeGetAttrPos (if attrs ? pname then "pname" else "name") attrs;
      meta' = {
        name = derivationName;
        outputsToInstall = [ (if builtins.elem "bin" outputs then "bin" else builtins.head outputs) ];
        available = validity.valid != "no";
        position = if pos == null then "" else pos.file + ":" + toString pos.line;
      } // meta;
      drv = derivation derivationArg;
      valid = if validity.valid == "no"
        then throw "Package ‘${derivationName}’ is ${validity.reason}, refusing to evaluate."
        else drv;
      outputsList = map (outputName: { name = outputName; value = valid.${outputName} // { inherit passthru; meta = meta'; }; }) outputs;
    in
      valid // builtins.listToAttrs outputsList // passthru // {
        inherit overrideAttrs passthru;
        meta = meta';
        pname = pname;
        version = version;
        drvAttrs = derivationArg;
        inputDerivation = derivationArg // { name = "${derivationName}-inputs"; };
      };
in {
  inherit mkDerivation hostPlatform;
  buildPlatform = hostPlatform;
  cc = { name = "gcc"; isGNU = true; isClang = false; };
}
