<nixpkgs/../lib>
