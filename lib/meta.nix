# Facts about packages.
{ lib, ... }:

let
  inherit (builtins) isString;
in
rec {
  addMetaAttrs = newAttrs: drv: drv // { meta = (drv.meta or { }) // newAttrs; };
  setName = name: drv: drv // { inherit name; };
  updateName = f: drv: drv // { name = f drv.name; };
  appendToName = suffix: updateName (name:
    let
      parts = builtins.parseDrvName name;
    in
    "${parts.name}-${suffix}-${parts.version}");
  mapDerivationAttrset = f: set: builtins.mapAttrs (_: package: if lib.attrsets.isDerivation package then f package else package) set;

  # Priorities in merged trees; a lower number wins.
  defaultPriority = 5;
  setPrio = priority: addMetaAttrs { inherit priority; };
  dontDistribute = addMetaAttrs { hydraPlatforms = [ ]; };
  lowPrio = setPrio 10;
  lowPrioSet = set: mapDerivationAttrset lowPrio set;
  hiPrio = setPrio (-10);
  hiPrioSet = set: mapDerivationAttrset hiPrio set;

  # Platforms

  platformMatch = platform: wanted:
    if isString wanted then platform.system or null == wanted
    else lib.attrsets.matchAttrs (if wanted ? parsed then wanted else { parsed = wanted; }) platform;
  availableOn = platform: package:
    ((!(package ? meta.platforms)) || builtins.any (platformMatch platform) package.meta.platforms)
    && builtins.all (wanted: !(platformMatch platform wanted)) (package.meta.badPlatforms or [ ]);

  licensesSpdx = lib.attrsets.mapAttrs' (_: license: lib.attrsets.nameValuePair license.spdxId license)
    (lib.attrsets.filterAttrs (_: license: license ? spdxId) lib.licenses);
  getLicenseFromSpdxId = spdxId: getLicenseFromSpdxIdOr spdxId (lib.trivial.warn "getLicenseFromSpdxId: no license matches ${spdxId}" { shortName = spdxId; });
  getLicenseFromSpdxIdOr = spdxId: default:
    let
      byLower = lib.attrsets.mapAttrs' (name: lib.attrsets.nameValuePair (lib.strings.toLower name)) licensesSpdx;
    in
    byLower.${lib.strings.toLower spdxId} or default;

  # Names of versions in security databases

  # The whole version, by a vendor.
  cpeFullVersionWithVendor = vendor: version: { inherit vendor version; update = "*"; };
  # The last number as the update of the others: `1.2.3` is update 3 of version 1.2.
  tryCPEPatchVersionInUpdateWithVendor = vendor: version:
    let
      parts = builtins.match "([0-9]+\\.[0-9]+)\\.([0-9]+)" version;
    in
    if parts == null then { success = false; error = "the version ${version} does not end in the number of an update"; }
    else {
      success = true;
      value = { inherit vendor; version = builtins.head parts; update = builtins.elemAt parts 1; };
    };
  cpePatchVersionInUpdateWithVendor = vendor: version:
    let
      found = tryCPEPatchVersionInUpdateWithVendor vendor version;
    in
    if found.success then found.value else throw found.error;

  # Programs

  # The path of a package's main program.
  getExe = package: getExe' package (
    package.meta.mainProgram or (lib.strings.getName package));

  # The path of a named program of a package.
  getExe' = package: name:
    if !(lib.attrsets.isDerivation package) then
      throw "lib.getExe': the first argument must be a package, but it is a ${builtins.typeOf package}"
    else if !(isString name) then
      throw "lib.getExe': the second argument must be a name, but it is a ${builtins.typeOf name}"
    else if lib.strings.hasInfix "/" name then
      throw "lib.getExe': the second argument \"${name}\" must be a name, not a path"
    else "${lib.attrsets.getBin package}/bin/${name}";
}
