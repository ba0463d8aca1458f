{ lib }:
let
  mkType = { name, check ? (x: true), merge ? null, ... }@attrs: attrs // {
    _type = "option-type";
    inherit check;
    merge = if merge != null then merge else loc: defs:
      if builtins.length defs == 1 then (builtins.head defs).value
      else throw "the option `${lib.concatStringsSep "." loc}' is defined ${toString (builtins.length defs)} times";
  };
in rec {
  bool = mkType { name = "bool"; check = builtins.isBool; };
  int = mkType { name = "int"; check = builtins.isInt; };
  str = mkType { name = "str"; check = builtins.isString; };
  port = mkType { name = "port"; check = x: builtins.isInt x && x >= 0 && x < 65536; };
  package = mkType { name = "package"; check = x: x.type or null == "derivation"; };
  lines = mkType {
    name = "lines"; check = builtins.isString;
    merge = loc: defs: lib.concatStringsSep "\n" (map (d: d.value) defs);
  };
  anything = mkType { name = "anything"; };
  enum = values: mkType { name = "enum"; check = x: builtins.elem x values; };
  nullOr = elem: mkType {
    name = "nullOr"; check = x: x == null || elem.check x;
    merge = loc: defs: if builtins.all (d: d.value == null) defs then null else elem.merge loc defs;
  };
  listOf = elem: mkType {
    name = "listOf"; check = builtins.isList;
    merge = loc: defs: builtins.concatLists (lib.imap1 (n: def:
      lib.imap1 (m: value:
        if elem.check value then elem.merge (loc ++ [ "[${toString n}-${toString m}]" ]) [ { inherit (def) file; inherit value; } ]
        else throw "wrong element of ${lib.concatStringsSep "." loc}") def.value) defs);
  };
  attrsOf = elem: mkType {
    name = "attrsOf"; check = builtins.isAttrs;
    merge = loc: defs: builtins.zipAttrsWith (name: parts: elem.merge (loc ++ [ name ]) parts)
      (map (def: builtins.mapAttrs (n: value: { inherit (def) file; inherit value; }) def.value) defs);
  };
  submodule = module: mkType {
    name = "submodule"; check = x: builtins.isAttrs x || builtins.isFunction x;
    merge = loc: defs: (lib.evalModules {
      modules = [ module ] ++ map (def: def.value) defs;
      prefix = loc;
      specialArgs = { name = lib.last loc; };
    }).config;
  };
}
