# What is known of values besides themselves: the configurations behind submodules, member by member.
{ lib }:
let
  inherit (lib) mkOption types;
  user = { name, ... }: {
    options.shell = mkOption { type = types.str; default = "/bin/${name}"; };
  };
  evaluated = lib.evalModules {
    modules = [
      {
        options.users = mkOption { type = types.attrsOf (types.submodule user); };
        options.lazy = mkOption { type = types.lazyAttrsOf (types.submodule user); };
        options.many = mkOption { type = types.listOf (types.nullOr (types.submodule user)); };
        options.maybe = mkOption { type = types.nullOr (types.submodule user); default = null; };
        options.either = mkOption { type = types.either types.int (types.attrsOf (types.submodule user)); };
        options.coerced = mkOption { type = types.coercedTo types.str (shell: { inherit shell; }) (types.submodule user); };
        options.number = mkOption { type = types.int; default = 1; };
        options.unset = mkOption { type = types.attrsOf types.int; };
      }
      { users.alice.shell = "/bin/zsh"; users.bob = { }; users.carol = lib.mkIf false { }; }
      { lazy.a = { }; lazy.b = lib.mkIf false { }; }
      { many = [ { shell = "x"; } null ]; }
      { either.e = { }; coerced = "text"; }
    ];
  };
  inherit (evaluated) options;
  shell = meta: meta.configuration.config.shell;
in
{
  attrs = lib.mapAttrs (_: shell) options.users.valueMeta.attrs;
  defined = lib.mapAttrs (_: meta: meta.configuration.options.shell.isDefined) options.users.valueMeta.attrs;
  priorities = lib.mapAttrs (_: meta: meta.configuration.options.shell.highestPrio) options.users.valueMeta.attrs;
  lazy = lib.mapAttrs (_: meta: if meta == { } then "nothing" else shell meta) options.lazy.valueMeta.attrs;
  list = map (meta: if meta == { } then "nothing" else shell meta) options.many.valueMeta.list;
  either = shell options.either.valueMeta.attrs.e;
  coerced = shell options.coerced.valueMeta;
  others = { number = options.number.valueMeta; maybe = options.maybe.valueMeta; unset = options.unset.valueMeta; };
  values = { inherit (evaluated.config) many; };
}
