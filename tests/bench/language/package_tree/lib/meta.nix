{ lib }:
rec {
  addMetaAttrs = newAttrs: drv: drv // { meta = (drv.meta or { }) // newAttrs; };
  setName = name: drv: drv // { inherit name; };
  lowPrio = addMetaAttrs { priority = 10; };
  platformMatch = platform: elem:
    if builtins.isString elem then platform.system == elem
    else builtins.all (name: platform.parsed.${name} or null == elem.${name}) (builtins.attrNames elem);
  availableOn = platform: pkg:
    ((!pkg ? meta.platforms) || builtins.any (platformMatch platform) pkg.meta.platforms)
    && builtins.all (elem: !platformMatch platform elem) (pkg.meta.badPlatforms or [ ]);
}
