# apply, defaults that read others, read-only options, options without a type.
{ lib }:
let
  evaluated = lib.evalModules {
    modules = [
      ({ config, ... }: {
        options.port = lib.mkOption { type = lib.types.port; default = 80; apply = toString; };
        options.url = lib.mkOption { readOnly = true; default = "http://localhost:${config.port}"; };
        options.free = lib.mkOption { };
        options.merged = lib.mkOption { default = { }; };
        options.maybe = lib.mkOption { type = lib.types.nullOr lib.types.int; default = null; };
        options.never = lib.mkOption { type = lib.types.int; };
      })
      { port = 8080; free = 1.5; merged.a = 1; }
      { merged.b = 2; maybe = lib.mkIf false 3; }
    ];
  };
in
{
  inherit (evaluated.config) port url free merged maybe;
  defined = lib.mapAttrs (_: o: o.isDefined) (removeAttrs evaluated.options [ "_module" ]);
  shown = "${evaluated.options.port}";
  loc = evaluated.options.port.loc;
}
