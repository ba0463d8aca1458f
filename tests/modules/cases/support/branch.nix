{ lib, ... }: { imports = [ ./leaf.nix ./disabled.nix ]; trail = lib.mkBefore [ "branch" ]; }
