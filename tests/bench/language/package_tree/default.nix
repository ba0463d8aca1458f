{ system ? "x86_64-linux", config ? { }, overlays ? [ ] }:
let
  lib = import ./lib;
  bash = derivation { name = "bash"; inherit system; builder = "/bin/sh"; };
  stdenvStage = self: super: { stdenv = import ./stdenv { inherit lib config system bash; }; };
  trivial = self: super: {
    inherit lib config system bash;
    fetchurl = lib.makeOverridable ({ url ? "", urls ? [ ], hash ? "", name ? baseNameOf (toString url), meta ? { } }:
      derivation {
        inherit name system;
        builder = "builtin:fetchurl";
        outputHash = hash; outputHashMode = "flat"; outputHashAlgo = "sha256";
        urls = if urls != [ ] then urls else [ url ];
        preferLocalBuild = true;
      });
    callPackage = lib.callPackageWith self;
    newScope = extra: lib.callPackageWith (self // extra);
    writeText = name: text: derivation {
      inherit name text system; passAsFile = [ "text" ]; builder = "${bash}/bin/bash"; args = [ "-c" "cp $textPath $out" ];
    };
  };
  allPackages = self: super: import ./all-packages.nix { inherit lib config; } self super self;
  aliases = self: super: lib.optionalAttrs (config.allowAliases or true) (import ./aliases.nix lib self super);
  toFix = builtins.foldl' (lib.flip lib.extends) (self: { }) ([ stdenvStage trivial allPackages aliases ] ++ overlays);
in lib.fix toFix
