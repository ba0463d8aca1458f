(import ./broken/function.nix) { }
