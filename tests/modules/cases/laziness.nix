# Values are computed when they are asked for; options may depend on each other in any direction.
{ lib }:
(lib.evalModules {
  modules = [
    ({ config, options, ... }: {
      options.a = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.int; };
      options.b = lib.mkOption { type = lib.types.int; default = config.a.x + 1; };
      options.broken = lib.mkOption { type = lib.types.int; default = throw "never asked for"; };
      options.names = lib.mkOption { type = lib.types.listOf lib.types.str; };
      options.services = lib.mkOption {
        type = lib.types.attrsOf (lib.types.submodule ({ name, ... }: {
          options.port = lib.mkOption { type = lib.types.int; };
          options.peers = lib.mkOption { default = lib.remove name (lib.attrNames config.services); };
        }));
      };
      config.a.x = 1;
      config.a.y = config.b + config.a.x;
      config.names = lib.optional (options.broken.description or null != null) "broken" ++ lib.attrNames config.a;
      config.services.web.port = config.services.db.port + 1;
      config.services.db.port = 5432;
    })
  ];
}).config.names
