# mkOrder sorts stably; definitions of equal order come from the last module to the first.
{ lib }:
(lib.evalModules {
  modules = [
    {
      options.list = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ "default" ]; };
      options.lines = lib.mkOption { type = lib.types.lines; };
      options.commas = lib.mkOption { type = lib.types.commas; };
    }
    { list = [ "one" ]; lines = lib.mkAfter "last"; commas = "a"; }
    { list = lib.mkBefore [ "first" ]; lines = "middle"; commas = lib.mkOrder 1200 "b"; }
    { list = [ "two" ]; lines = lib.mkBefore "first"; }
    { list = lib.mkAfter [ "last" ]; }
    { list = lib.mkMerge [ [ "three" ] (lib.mkIf false [ "never" ]) (lib.mkIf true (lib.mkBefore [ "second" ])) ]; }
  ];
}).config
