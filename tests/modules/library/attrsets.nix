{ lib }:
{
  testAttrByPath = { expr = [ (lib.attrByPath [ "a" "b" ] 6 { a.b = 3; }) (lib.attrByPath [ "z" "z" ] 6 { }) (lib.attrByPath [ ] 6 { x = 1; }) ]; expected = [ 3 6 { x = 1; } ]; };
  testHasAttrByPath = { expr = [ (lib.hasAttrByPath [ "a" "b" ] { a.b = 3; }) (lib.hasAttrByPath [ "a" "c" ] { a.b = 3; }) (lib.hasAttrByPath [ ] { }) ]; expected = [ true false true ]; };
  testLongest = { expr = lib.attrsets.longestValidPathPrefix [ "a" "b" "c" ] { a.b = 3; }; expected = [ "a" "b" ]; };
  testSetAttrByPath = { expr = lib.setAttrByPath [ "a" "b" ] 3; expected = { a.b = 3; }; };
  testUpdateMany = {
    expr = lib.updateManyAttrsByPath [
      { path = [ "a" "b" ]; update = old: { d = old.c; }; }
      { path = [ "a" "b" "c" ]; update = old: old + 1; }
      { path = [ "x" "y" ]; update = old: "xy"; }
    ] { a.b.c = 0; x.y = 1; };
    expected = { a.b.d = 1; x.y = "xy"; };
  };
  testConcatMap = { expr = lib.concatMapAttrs (name: value: { ${name} = value; ${name + value} = value; }) { x = "a"; y = "b"; }; expected = { x = "a"; xa = "a"; y = "b"; yb = "b"; }; };
  testGetAttrs = { expr = lib.getAttrs [ "a" "b" ] { a = 1; b = 2; c = 3; }; expected = { a = 1; b = 2; }; };
  testAttrVals = { expr = lib.attrVals [ "a" "b" ] { a = 1; b = 2; }; expected = [ 1 2 ]; };
  testFilter = { expr = lib.filterAttrs (n: v: n == "foo") { foo = 1; bar = 2; }; expected = { foo = 1; }; };
  testFilterRecursive = { expr = lib.filterAttrsRecursive (n: v: v != null) { foo.bar = null; a.b = 1; }; expected = { foo = { }; a.b = 1; }; };
  testFoldl = { expr = lib.foldlAttrs (acc: name: value: { sum = acc.sum + value; names = acc.names ++ [ name ]; }) { sum = 0; names = [ ]; } { foo = 1; bar = 10; }; expected = { sum = 11; names = [ "bar" "foo" ]; }; };
  testFold = { expr = lib.foldAttrs (item: acc: [ item ] ++ acc) [ ] [ { a = 2; } { a = 3; b = 1; } ]; expected = { a = [ 2 3 ]; b = [ 1 ]; }; };
  testCollect = { expr = lib.collect builtins.isList { a.b = [ "b" ]; c = [ 1 ]; d = 3; }; expected = [ [ "b" ] [ 1 ] ]; };
  testCartesian = { expr = lib.cartesianProduct { a = [ 1 2 ]; b = [ 10 20 ]; }; expected = [ { a = 1; b = 10; } { a = 1; b = 20; } { a = 2; b = 10; } { a = 2; b = 20; } ]; };
  testMapCartesian = { expr = lib.mapCartesianProduct ({ a, b }: "${a}-${b}") { a = [ "1" ]; b = [ "3" "4" ]; }; expected = [ "1-3" "1-4" ]; };
  testMapAttrs' = { expr = lib.mapAttrs' (name: value: lib.nameValuePair "foo_${name}" "bar-${value}") { x = "a"; }; expected = { foo_x = "bar-a"; }; };
  testToList = { expr = lib.mapAttrsToList (name: value: name + value) { x = "a"; y = "b"; }; expected = [ "xa" "yb" ]; };
  testAttrsToList = { expr = lib.attrsToList { foo = 1; }; expected = [ { name = "foo"; value = 1; } ]; };
  testMapRecursive = { expr = lib.mapAttrsRecursive (path: value: lib.concatStringsSep "-" (path ++ [ value ])) { n = { a = "A"; m.b = "B"; }; d = "D"; }; expected = { n = { a = "n-a-A"; m.b = "n-m-b-B"; }; d = "d-D"; }; };
  testMapRecursiveCond = { expr = lib.mapAttrsRecursiveCond (as: !(as ? type)) (path: x: if x ? type then "T" else x) { a = { type = 1; }; b.c = 2; }; expected = { a = "T"; b.c = 2; }; };
  testGenAttrs = { expr = lib.genAttrs [ "foo" "bar" ] (name: "x_" + name); expected = { foo = "x_foo"; bar = "x_bar"; }; };
  testZip = { expr = lib.zipAttrs [ { a = "x"; } { a = "y"; b = "z"; } ]; expected = { a = [ "x" "y" ]; b = [ "z" ]; }; };
  testZipNames = { expr = lib.zipAttrsWithNames [ "a" ] (name: vs: name + toString vs) [ { a = "x"; } { a = "y"; b = "z"; } ]; expected = { a = "ax y"; }; };
  testRecursiveUpdate = { expr = lib.recursiveUpdate { boot.loader.grub.enable = true; boot.loader.grub.device = "/dev/hda"; x = 1; } { boot.loader.grub.device = ""; x.y = 2; }; expected = { boot.loader.grub.enable = true; boot.loader.grub.device = ""; x.y = 2; }; };
  testUpdateUntil = { expr = lib.recursiveUpdateUntil (path: l: r: path == [ "foo" ]) { foo.bar = 1; foo.baz = 2; bar = 3; q.a = 1; } { foo.bar = 1; foo.quz = 2; baz = 4; q.b = 2; }; expected = { foo.bar = 1; foo.quz = 2; bar = 3; baz = 4; q.b = 2; q.a = 1; }; };
  testMatch = { expr = [ (lib.matchAttrs { cpu = { }; } { cpu.bits = 64; }) (lib.matchAttrs { cpu.bits = 64; } { cpu.bits = 32; }) ]; expected = [ true false ]; };
  testOverrideExisting = { expr = lib.overrideExisting { a = 1; b = 2; } { b = 3; c = 4; }; expected = { a = 1; b = 3; }; };
  testMergeList = { expr = lib.mergeAttrsList [ { a = 0; b = 1; } { c = 2; } { b = 3; } ]; expected = { a = 0; b = 3; c = 2; }; };
  testGetOutput = { expr = [ (lib.getBin { bin = "b"; out = "o"; }) (lib.getLib { out = "o"; }) (lib.getDev { x = 1; }) ]; expected = [ "b" "o" { x = 1; } ]; };
  testShowPath = { expr = [ (lib.showAttrPath [ "foo" "10" "bar" ]) (lib.showAttrPath [ ]) ]; expected = [ "foo.\"10\".bar" "<root attribute path>" ]; };
}
