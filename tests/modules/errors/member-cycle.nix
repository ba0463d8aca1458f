{ lib }:
(lib.evalModules {
  modules = [
    ({ config, ... }: {
      options.env = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.str; };
      config.env.PATH = "${config.env.HOME}/bin";
      config.env.HOME = config.env.PATH;
    })
  ];
}).config.env.PATH
