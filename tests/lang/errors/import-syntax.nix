import ./broken/default.nix
