# Patterns that modules of others rely on: coerced submodules in lists, options passed on, the name through _module.args.
{ lib }:
let
  inherit (lib) mkOption types;
  permissions = {
    owner = mkOption { type = types.str; };
    mode = mkOption { type = types.str; };
  };
  defaults = { owner = "root"; mode = "0755"; };
  entry = types.submodule ([
    { options = { path = mkOption { type = types.str; }; parent = lib.mapAttrs (_: o: o // { internal = true; }) permissions; } // permissions; }
    { parent = lib.mkDefault defaults; }
    (lib.mkIf true { mode = "0700"; })
    ({ config, ... }: { options.base = mkOption { default = baseNameOf config.path; }; })
    { imports = [ (lib.mkRemovedOptionModule [ "method" ] "It is gone.") ]; options.assertions = mkOption { type = types.listOf types.unspecified; default = [ ]; }; }
  ] ++ lib.mapAttrsToList (n: v: { ${n} = lib.mkOptionDefault v; }) defaults);
  secret = { config, ... }: {
    options.name = mkOption { type = types.str; default = config._module.args.name; };
    options.enabled = lib.mkEnableOption "it" // { default = true; };
    options.mount = mkOption {
      type = types.addCheck types.str (s: builtins.match ".+/" s == null) // { description = "${types.str.description} (without trailing slash)"; };
      default = "/run";
    };
  };
  evaluated = lib.evalModules {
    modules = [
      ({ options, ... }: {
        options.entries = mkOption { type = types.listOf (types.coercedTo types.str (path: { inherit path; }) entry); default = [ ]; };
        options.secrets = mkOption { type = types.attrsOf (types.submodule secret); default = { }; };
        config = lib.mkIf (!(options ? other)) (lib.mkMerge [
          (lib.optionalAttrs (!(options.secrets ? absent)) { secrets.made = { }; })
        ]);
      })
      { entries = [ "/var/log" { path = "/etc/x"; owner = "me"; parent.mode = "0711"; } ]; secrets.given.name = "own"; }
    ];
  };
in
{
  entries = map (e: removeAttrs e [ "method" ]) evaluated.config.entries;
  inherit (evaluated.config) secrets;
  description = (evaluated.options.secrets.type.getSubOptions [ ]).mount.type.description;
}
