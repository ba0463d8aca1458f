{ lib }:
(lib.evalModules {
  modules = [
    (lib.mkRenamedOptionModule [ "old" ] [ "new" ])
    { old = 1; }
  ];
}).config
