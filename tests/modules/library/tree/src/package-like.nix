{ callPackage }: { x = 1; }
