# The standard library: `import <osconf/lib>`.
#
# Everything except the module engine (`evalModules`, `types`) is plain language and also evaluates with other
# implementations. Functions of the engine come from `<osconf/primops>`, which only osconf has.
let
  enginePath = builtins.tryEval <osconf/primops>;
  primops =
    if enginePath.success then (import enginePath.value).moduleSystem
    else throw "the module system needs osconf's evaluator";

  fixedPoints = import ./fixed-points.nix { lib = self; };

  self = fixedPoints.makeExtensible (self:
    let
      load = file: import file { lib = self; inherit primops; hasEngine = enginePath.success; };
    in
    {
      trivial = load ./trivial.nix;
      fixedPoints = load ./fixed-points.nix;
      attrsets = load ./attrsets.nix;
      lists = load ./lists.nix;
      strings = load ./strings.nix;
      stringsWithDeps = load ./strings-with-deps.nix;
      customisation = load ./customisation.nix;
      derivations = load ./derivations.nix;
      meta = load ./meta.nix;
      versions = load ./versions.nix;
      filesystem = load ./filesystem.nix;
      sources = load ./sources.nix;
      fileset = load ./fileset.nix;
      path = load ./path.nix;
      options = load ./options.nix;
      modules = load ./modules.nix;
      types = load ./types.nix;
      asserts = load ./asserts.nix;
      debug = load ./debug.nix;
      generators = load ./generators.nix;
      gvariant = load ./gvariant.nix;
      cli = load ./cli.nix;
      systems = load ./systems;
      platforms = self.systems.doubles;
      licenses = load ./licenses.nix;
      kernel = load ./kernel.nix;
      network = load ./network.nix;
      maintainers = load ./maintainers.nix;
      teams = self.maintainers;
      sourceTypes = load ./source-types.nix;
      fetchers = load ./fetchers.nix;
      deprecated = load ./deprecated.nix;
      misc = self.deprecated;
      flakes = load ./flakes.nix;

      inherit (self.trivial)
        add and bitAnd bitNot bitOr bitXor boolToString boolToYesNo checkListOfEnum codeName compare concat const deepSeq
        defaultTo fakeHash fakeSha256 fakeSha512 flip fromHexString functionArgs genericClosure id importJSON
        importTOML inNixShell inPureEvalMode info isBool isFloat isFunction isInOldestRelease isInt lessThan
        mapNullable max mergeAttrs min mirrorFunctionArgs mod nixpkgsVersion oldestSupportedRelease oldestSupportedReleaseIsAtLeast "or" pathExists pipe readFile
        release revisionWithDefault seq setFunctionArgs showWarnings splitByAndCompare sub throwIf throwIfNot
        toBaseDigits toFunction toHexString version versionSuffix warn warnIf warnIfNot xor;

      inherit (self.fixedPoints)
        composeExtensions composeManyExtensions converge extends fix fix' makeExtensible
        makeExtensibleWithCustomName toExtension;

      inherit (self.attrsets)
        attrByPath attrNames attrVals attrValues attrsToList cartesianProduct cartesianProductOfSets catAttrs
        chooseDevOutputs collect concatMapAttrs dontRecurseIntoAttrs filterAttrs filterAttrsRecursive foldAttrs
        foldlAttrs genAttrs genAttrs' getAttr getAttrFromPath getAttrs getBin getDev getFirstOutput getInclude
        getLib getMan getOutput getStatic hasAttr hasAttrByPath intersectAttrs invertAttrs isAttrs isDerivation
        listToAttrs longestValidPathPrefix mapAttrs mapAttrs' mapAttrsFlatten mapAttrsRecursive
        mapAttrsRecursiveCond mapAttrsToList mapAttrsToListRecursive mapAttrsToListRecursiveCond
        mapCartesianProduct matchAttrs mergeAttrsList nameValuePair optionalAttrs overrideExisting
        recurseIntoAttrs recursiveUpdate recursiveUpdateUntil removeAttrs setAttrByPath showAttrPath toDerivation
        unionOfDisjoint updateManyAttrsByPath zip zipAttrs zipAttrsWith zipAttrsWithNames zipWithNames;

      inherit (self.lists)
        all allUnique any compareLists concatAttrValues concatLists concatMap count crossLists drop dropEnd dropWhile elem elemAt
        filter findFirst findFirstIndex findSingle flatten fold foldl foldl' foldr forEach genList groupBy
        groupBy' head ifilter0 imap0 imap1 init intersectLists isList last length lengthWhile listDfs map
        mutuallyExclusive naturalSort optional optionals partition range remove replicate reverseList singleton
        sort sortOn sublist subtractLists tail take takeEnd takeWhile toList toposort unique uniqueBy
        uniqueStrings zipLists zipListsWith;

      inherit (self.strings)
        addContextFrom charToInt cmakeBool cmakeFeature cmakeOptionType compareVersions concatImapStrings
        concatImapStringsSep concatLines concatMapAttrsStringSep concatMapStrings concatMapStringsSep
        concatStrings concatStringsSep enableFeature enableFeatureAs escape escapeC escapeNixIdentifier
        escapeNixString escapeRegex escapeShellArg escapeShellArgs escapeSystemdExecArg escapeSystemdExecArgs
        escapeSystemdPath escapeURL escapeXML fileContents fixedWidthNumber fixedWidthString floatToString
        fromJSON getContext getName getVersion hasContext hasInfix hasPrefix hasSuffix intersperse
        isCoercibleToString isConvertibleWithToString isLower join isStorePath isString isStringLike isUpper
        isValidPosixName levenshtein levenshteinAtMost lowerChars makeBinPath makeIncludePath makeLibraryPath
        makeSearchPath makeSearchPathOutput match mesonBool mesonEnable mesonOption nameFromURL optionalString
        normalizePath parseDrvName readPathsFromFile removePrefix removeSuffix replaceChars replaceString replaceStrings
        sanitizeDerivationName split splitString splitStringBy storeDir stringAsChars stringLength
        stringToCharacters substring toCamelCase toInt toIntBase10 toJSON toLower toSentenceCase toShellVar
        toShellVars toString toUpper trim trimWith typeOf unsafeDiscardStringContext upperChars versionAtLeast
        versionOlder withFeature withFeatureAs;

      inherit (self.stringsWithDeps)
        fullDepEntry noDepEntry packEntry stringAfter textClosureList textClosureMap;

      inherit (self.customisation)
        callPackageWith callPackagesWith extendDerivation extendMkDerivation hydraJob makeOverridable makeScope
        makeScopeWithSplicing makeScopeWithSplicing' mapCrossIndex overrideDerivation renameCrossIndexFrom
        renameCrossIndexTo;

      inherit (self.derivations)
        lazyDerivation optionalDrvAttr warnOnInstantiate;

      inherit (self.meta)
        addMetaAttrs appendToName availableOn dontDistribute getExe getExe' getLicenseFromSpdxId
        getLicenseFromSpdxIdOr hiPrio hiPrioSet licensesSpdx lowPrio lowPrioSet mapDerivationAttrset platformMatch
        setName setPrio updateName;

      inherit (self.filesystem)
        haskellPathsInDir listFilesRecursive locateDominatingFile packagesFromDirectoryRecursive pathIsDirectory pathIsRegularFile
        pathType resolveDefaultNix;

      inherit (self.sources)
        canCleanSource cleanSource cleanSourceFilter cleanSourceWith commitIdFromGitRepo pathHasContext
        pathIsGitRepo repoRevToName revOrTag shortRev sourceByGlobs sourceByRegex sourceFilesBySuffices urlToName;

      inherit (self.options)
        getFiles getValues isOption literalCode literalExample literalExpression literalMD mdDoc
        mergeDefaultOption mergeEqualOption mergeOneOption mergeUniqueOption mkEnableOption mkEnableOptionMD
        mkOption mkPackageOption mkPackageOptionMD mkSinkUndeclaredOptions optionAttrSetToDocList
        optionAttrSetToDocList' renderOptionValue scrubOptionValue showDefs showFiles showOption
        showOptionWithDefLocs unknownModule;

      inherit (self.modules)
        applyModuleArgs applyModuleArgsIfFunction collectModules defaultOrderPriority defaultOverridePriority
        dischargeProperties doRename evalModules evalOptionValue filterOverrides filterOverrides' fixMergeModules
        fixupOptionType importApply mergeDefinitions mergeModules mergeModules' mergeOptionDecls mkAfter mkAliasAndWrapDefinitions
        mkAliasAndWrapDefsWithPriority mkAliasDefinitions mkAliasIfDef mkAliasOptionModule mkAliasOptionModuleMD
        mkAssert mkBefore mkChangedOptionModule mkDefault mkDefinition mkDerivedConfig mkFixStrictness mkForce
        mkIf mkImageMediaOverride mkMerge mkMergedOptionModule mkOptionDefault mkOrder mkOverride
        mkRemovedOptionModule mkRenamedOptionModule mkRenamedOptionModuleWith mkStrict mkVMOverride
        pushDownProperties setDefaultModuleLocation sortProperties unifyModuleSyntax;

      inherit (self.asserts)
        assertEachOneOf assertMsg assertOneOf checkAssertWarn;

      inherit (self.debug)
        runTests testAllTrue throwTestFailures traceFnSeqN traceIf traceSeq traceSeqN traceVal traceValFn
        traceValSeq traceValSeqFn traceValSeqN traceValSeqNFn;

      inherit (self.deprecated)
        checkFlag checkReqs closePropagation closePropagationFast closePropagationSlow condConcat defaultMerge
        defaultMergeArg foldArgs getValue ifEnable imap innerClosePropagation innerModifySumArgs lazyGenericClosure
        maybeAttr maybeAttrNullable maybeEnv mergeAttrBy mergeAttrByFunc mergeAttrsByFuncDefaults
        mergeAttrsByFuncDefaultsClean mergeAttrsConcatenateValues mergeAttrsNoOverride mergeAttrsWithFunc
        modifySumArgs nixType nvs setAttr setAttrMerge uniqList uniqListExt;

      inherit (self.flakes) callLocklessFlake flakeRefToString parseFlakeRef;

      inherit (self.versions) splitVersion;
      inherit (self.generators) mkLuaInline;
      inherit (self.types) isType setType isOptionType mkOptionType defaultFunctor defaultTypeMerge optionDescriptionPhrase;
      inherit (self.systems) inspect;
      inherit (builtins) trace isPath isNull baseNameOf dirOf  unsafeGetAttrPos addErrorContext ceil floor;
    });
in
self
