{ lib }:
let
  tree = ./tree;
  names = map (p: lib.removePrefix (toString tree + "/") (toString p));
  inherit (lib) fileset;
in
{
  testTypes = { expr = [ (lib.pathType tree) (lib.pathType (tree + "/a.txt")) (lib.pathIsDirectory tree) (lib.pathIsRegularFile tree) (lib.pathIsDirectory (tree + "/none")) ]; expected = [ "directory" "regular" true false false ]; };
  testList = { expr = names (lib.filesystem.listFilesRecursive tree); expected = [ "a.txt" "j.json" "src/b.nix" "src/deep/c.txt" "src/old~" "src/package-like.nix" "t.toml" ]; };
  testImport = { expr = [ (lib.importJSON (tree + "/j.json")) (lib.importTOML (tree + "/t.toml")) (lib.fileContents (tree + "/a.txt")) ]; expected = [ { y = 2; } { x = 1; } "a" ]; };
  testLocate = { expr = builtins.length (lib.filesystem.locateDominatingFile "(a)\\.txt" (tree + "/src/deep")).matches; expected = 1; };
  testFilter = { expr = map (n: lib.cleanSourceFilter n "regular") [ "x/main.c" "x/main.o" "x/old~" "x/.a.swp" ] ++ [ (lib.cleanSourceFilter ".git" "directory") (lib.cleanSourceFilter "result" "symlink") ]; expected = [ true false false false false false ]; };
  testUnion = { expr = names (fileset.toList (fileset.union (tree + "/a.txt") (tree + "/src/deep"))); expected = [ "a.txt" "src/deep/c.txt" ]; };
  testDifference = { expr = names (fileset.toList (fileset.difference tree (tree + "/src"))); expected = [ "a.txt" "j.json" "t.toml" ]; };
  testIntersection = { expr = names (fileset.toList (fileset.intersection (tree + "/src") (fileset.unions [ (tree + "/src/b.nix") (tree + "/a.txt") ]))); expected = [ "src/b.nix" ]; };
  testFileFilter = { expr = names (fileset.toList (fileset.fileFilter (f: f.hasExt "txt") tree)); expected = [ "a.txt" "src/deep/c.txt" ]; };
  testMaybeMissing = { expr = names (fileset.toList (fileset.union (tree + "/a.txt") (fileset.maybeMissing (tree + "/none")))); expected = [ "a.txt" ]; };
  testMissing = { expr = (builtins.tryEval (builtins.deepSeq (fileset.toList (fileset.union (tree + "/a.txt") (tree + "/none"))) 1)).success; expected = false; };
  testGit = { expr = lib.pathIsGitRepo tree; expected = false; };
}
