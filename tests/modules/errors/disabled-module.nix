{ lib }:
(lib.evalModules {
  modules = [
    ./support/declares-web.nix
    { disabledModules = [ ./support/declares-web.nix ]; }
    { services.web.enable = true; }
  ];
}).config
