# Values of GVariant's text format, as dconf reads it.
{ lib, ... }:

let
  inherit (builtins) concatStringsSep head isAttrs isBool isFloat isInt isList isString map;
  make = type: value: text: {
    _type = "gvariant";
    inherit type value;
    __toString = self: text self;
  };
in
rec {
  type = {
    arrayOf = inner: "a${inner}";
    maybeOf = inner: "m${inner}";
    tupleOf = inners: "(${concatStringsSep "" inners})";
    dictionaryEntryOf = key: value: "{${key}${value}}";
    string = "s";
    boolean = "b";
    uchar = "y";
    int16 = "n";
    uint16 = "q";
    int32 = "i";
    uint32 = "u";
    int64 = "x";
    uint64 = "t";
    double = "d";
    variant = "v";
  };

  isGVariant = value: value._type or "" == "gvariant";

  # What makes integers.
  intConstructors = [
    { name = "mkInt32"; type = type.int32; min = -2147483648; max = 2147483647; }
    { name = "mkUint32"; type = type.uint32; min = 0; max = 4294967295; }
    { name = "mkInt64"; type = type.int64; min = null; max = null; }
    { name = "mkUint64"; type = type.uint64; min = 0; max = null; }
    { name = "mkInt16"; type = type.int16; min = -32768; max = 32767; }
    { name = "mkUint16"; type = type.uint16; min = 0; max = 65535; }
    { name = "mkUchar"; type = type.uchar; min = 0; max = 255; }
  ];

  # The GVariant of a plain value.
  mkValue = value:
    let
      fits = constructor:
        (constructor.min == null || constructor.min <= value) && (constructor.max == null || value <= constructor.max);
    in
    if isGVariant value then value
    else if isBool value then mkBoolean value
    else if isFloat value then mkDouble value
    else if isString value then mkString value
    else if isList value then mkArray value
    else if isInt value then
      throw "The GVariant type of the number ${toString value} is unclear: wrap it in one of ${lib.strings.concatMapStringsSep ", " (c: "lib.gvariant.${c.name}") (builtins.filter fits intConstructors)}"
    else if isAttrs value then
      throw "An attribute set has no GVariant type: write a dictionary as a list of lib.gvariant.mkDictionaryEntry"
    else throw "The GVariant type of a value of type ${builtins.typeOf value} cannot be found.";

  mkBoolean = value: make type.boolean value (self: if self.value then "true" else "false");
  mkString = value: make type.string value (self: "'${builtins.replaceStrings [ "\\" "'" "\n" ] [ "\\\\" "\\'" "\\n" ] self.value}'");
  mkObjectpath = value: make type.string value (self: "objectpath '${lib.strings.escape [ "'" ] self.value}'");
  mkUchar = value: make type.uchar value (self: "byte ${toString self.value}");
  mkInt16 = value: make type.int16 value (self: "int16 ${toString self.value}");
  mkUint16 = value: make type.uint16 value (self: "uint16 ${toString self.value}");
  mkInt32 = value: make type.int32 value (self: toString self.value);
  mkUint32 = value: make type.uint32 value (self: "uint32 ${toString self.value}");
  mkInt64 = value: make type.int64 value (self: "int64 ${toString self.value}");
  mkUint64 = value: make type.uint64 value (self: "uint64 ${toString self.value}");
  mkDouble = value: make type.double value (self: toString self.value);
  mkVariant = value:
    let
      inner = mkValue value;
    in
    make type.variant inner (self: "<${toString self.value}>");

  mkEmptyArray = elementType: make (type.arrayOf elementType) [ ] (self: "@${self.type} []");
  mkArray = values:
    let
      inner = if values == [ ] then throw "Please create empty array with mkEmptyArray." else map mkValue values;
      elementType =
        if builtins.all (value: value.type == (head inner).type) inner then (head inner).type
        else throw "Elements in a list should have same type.";
    in
    make (type.arrayOf elementType) inner (self: "@${self.type} [${lib.strings.concatMapStringsSep "," toString self.value}]");

  mkNothing = elementType: mkMaybe elementType null;
  mkJust = value:
    let
      inner = mkValue value;
    in
    mkMaybe inner.type inner;
  mkMaybe = elementType: value:
    make (type.maybeOf elementType) value
      (self: if self.value == null then "@${self.type} nothing" else "just ${toString self.value}");

  mkTuple = values:
    let
      inner = map mkValue values;
    in
    make (type.tupleOf (map (value: value.type) inner)) inner
      (self: "@${self.type} (${lib.strings.concatMapStringsSep "," toString self.value})");

  mkDictionaryEntry = name: value:
    let
      key = mkValue name;
      inner = mkValue value;
    in
    make (type.dictionaryEntryOf key.type inner.type) { inherit name value; }
      (self: "@${self.type} {${toString key},${toString inner}}");
}
