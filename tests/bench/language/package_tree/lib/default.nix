let
  makeExtensible = fixed.makeExtensible;
  fixed = import ./fixed-points.nix { inherit lib; };
  lib = makeExtensible (self:
    let callLibs = file: import file { lib = self; };
    in {
      trivial = callLibs ./trivial.nix;
      fixedPoints = callLibs ./fixed-points.nix;
      attrsets = callLibs ./attrsets.nix;
      lists = callLibs ./lists.nix;
      strings = callLibs ./strings.nix;
      customisation = callLibs ./customisation.nix;
      meta = callLibs ./meta.nix;
      licenses = callLibs ./licenses.nix;
      modules = callLibs ./modules.nix;
      options = callLibs ./options.nix;
      types = callLibs ./types.nix;
      inherit (builtins) length head tail elem map filter attrNames attrValues hasAttr isAttrs isList isString
        isFunction isInt isBool concatLists genList listToAttrs stringLength substring trace seq deepSeq;
      inherit (self.trivial) id const flip pipe boolToString mergeAttrs importJSON warn warnIf throwIf isFunctionLike;
      inherit (self.fixedPoints) fix extends composeExtensions composeManyExtensions;
      inherit (self.attrsets) optionalAttrs mapAttrs' filterAttrs nameValuePair genAttrs recursiveUpdate getAttrFromPath
        attrByPath mapAttrsToList foldlAttrs isDerivation getOutput getDev getLib getBin zipAttrsWith recurseIntoAttrs;
      inherit (self.lists) optional optionals flatten unique foldr foldl' concatMap imap1 last init any all subtractLists
        partition reverseList range toList remove sort findFirst;
      inherit (self.strings) concatStrings concatStringsSep concatMapStringsSep optionalString hasPrefix hasSuffix
        removePrefix removeSuffix splitString toUpper toLower versionOlder versionAtLeast escapeShellArg makeBinPath
        makeLibraryPath replaceStrings enableFeature withFeature getName getVersion;
      inherit (self.customisation) makeOverridable callPackageWith makeScope overrideDerivation;
      inherit (self.meta) addMetaAttrs availableOn setName lowPrio;
      inherit (self.modules) evalModules mkIf mkMerge mkForce mkDefault mkOverride;
      inherit (self.options) mkOption mkEnableOption literalExpression;
    });
in lib
