{ lib }:
(lib.evalModules { modules = [ { options.x = lib.mkOption { typ = lib.types.int; default = 1; }; } ]; }).config.x
