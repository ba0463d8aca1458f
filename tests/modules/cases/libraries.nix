# The helpers around the module system in the library.
{ lib }:
let
  option = lib.mkEnableOption "the thing";
  package = lib.mkPackageOption { hello = { type = "derivation"; name = "hello"; }; } "hello" { example = "hello_2"; };
  gvariant = lib.gvariant;
in
{
  inherit (option) default description example;
  package = { inherit (package) description; text = package.defaultText.text; example = package.example.text; default = package.default.name; };
  show = lib.showOption [ "a" "b c" "<name>" "*" "if" ];
  extended = (lib.extend (final: prev: { own = 1; })).own;
  throughModules = ((lib.extend (final: prev: { own = 2; })).evalModules {
    modules = [ ({ lib, ... }: { options.x = lib.mkOption { default = lib.own; }; }) ];
  }).config.x;
  submoduleLib = ((lib.extend (final: prev: { own = 3; })).evalModules {
    modules = [ ({ lib, ... }: { options.x = lib.mkOption { default = { }; type = lib.types.submodule ({ lib, ... }: { options.y = lib.mkOption { default = lib.own; }; }); }; }) ];
  }).config.x.y;
  dconf = toString (gvariant.mkTuple [ "a" (gvariant.mkInt32 1) (gvariant.mkArray [ true ]) ]);
  literal = lib.literalExpression "pkgs.hello";
}
