{ lib }:
(lib.evalModules {
  modules = [
    ({ tools, ... }: {
      options.x = lib.mkOption { type = lib.types.int; };
      config.x = tools.x;
      config._module.args.tools = tools // { x = 1; };
    })
  ];
}).config.x
