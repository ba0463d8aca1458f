{ lib }:
{
  testFoldr = { expr = lib.foldr (a: b: a + b) "z" [ "a" "b" ]; expected = "abz"; };
  testFoldl = { expr = lib.foldl (a: b: a + b) "z" [ "a" "b" ]; expected = "zab"; };
  testImap0 = { expr = lib.imap0 (i: v: "${v}-${toString i}") [ "a" "b" ]; expected = [ "a-0" "b-1" ]; };
  testImap1 = { expr = lib.imap1 (i: v: "${v}-${toString i}") [ "a" "b" ]; expected = [ "a-1" "b-2" ]; };
  testIfilter0 = { expr = lib.ifilter0 (i: v: i == 0 || v > 2) [ 1 2 3 ]; expected = [ 1 3 ]; };
  testFlatten = { expr = lib.flatten [ 1 [ 2 [ 3 ] 4 ] 5 ]; expected = [ 1 2 3 4 5 ]; };
  testRemove = { expr = lib.remove 3 [ 1 3 4 3 ]; expected = [ 1 4 ]; };
  testFindSingle = { expr = map (lib.findSingle (x: x == 3) "none" "multiple") [ [ 1 3 3 ] [ 1 3 ] [ 1 9 ] ]; expected = [ "multiple" 3 "none" ]; };
  testFindFirst = { expr = [ (lib.findFirst (x: x > 3) 7 [ 1 6 4 ]) (lib.findFirst (x: x > 9) 7 [ 1 6 4 ]) ]; expected = [ 6 7 ]; };
  testFindFirstIndex = { expr = lib.lists.findFirstIndex (x: x > 3) null [ 0 6 4 ]; expected = 1; };
  testCount = { expr = lib.count (x: x == 3) [ 3 2 3 4 6 ]; expected = 2; };
  testOptional = { expr = [ (lib.optional true 1) (lib.optional false 1) (lib.optionals true [ 2 3 ]) ]; expected = [ [ 1 ] [ ] [ 2 3 ] ]; };
  testRange = { expr = [ (lib.range 2 4) (lib.range 3 2) ]; expected = [ [ 2 3 4 ] [ ] ]; };
  testZip = { expr = lib.zipLists [ 1 2 ] [ "a" "b" "c" ]; expected = [ { fst = 1; snd = "a"; } { fst = 2; snd = "b"; } ]; };
  testReverse = { expr = lib.reverseList [ "b" "o" "j" ]; expected = [ "j" "o" "b" ]; };
  testToposort = { expr = lib.toposort (a: b: a < b) [ 3 2 1 ]; expected = { result = [ 1 2 3 ]; }; };
  testToposortPaths = { expr = lib.toposort lib.hasPrefix [ "/home/user" "other" "/" "/home" ]; expected = { result = [ "/" "/home" "/home/user" "other" ]; }; };
  testToposortCycle = { expr = lib.toposort (a: b: a == "x" && b == "y" || a == "y" && b == "x") [ "x" "y" ] ? cycle; expected = true; };
  testCompareLists = { expr = [ (lib.compareLists lib.compare [ ] [ "a" ]) (lib.compareLists lib.compare [ "a" "b" ] [ "a" "c" ]) ]; expected = [ (-1) (-1) ]; };
  testNaturalSort = { expr = lib.naturalSort [ "disk11" "disk8" "disk100" "disk9" ]; expected = [ "disk8" "disk9" "disk11" "disk100" ]; };
  testSortOn = { expr = lib.sortOn builtins.stringLength [ "aa" "b" "cccc" ]; expected = [ "b" "aa" "cccc" ]; };
  testTake = { expr = [ (lib.take 2 [ "a" "b" "c" ]) (lib.take 5 [ 1 ]) (lib.drop 2 [ 1 2 3 ]) (lib.drop 9 [ 1 ]) (lib.lists.takeEnd 2 [ 1 2 3 ]) (lib.lists.dropEnd 1 [ 1 2 3 ]) ]; expected = [ [ "a" "b" ] [ 1 ] [ 3 ] [ ] [ 2 3 ] [ 1 2 ] ]; };
  testSublist = { expr = [ (lib.sublist 1 3 [ "a" "b" "c" "d" "e" ]) (lib.sublist 1 3 [ ]) ]; expected = [ [ "b" "c" "d" ] [ ] ]; };
  testCommonPrefix = { expr = lib.lists.commonPrefix [ 1 2 3 4 5 6 ] [ 1 2 4 8 ]; expected = [ 1 2 ]; };
  testPrefix = { expr = [ (lib.lists.hasPrefix [ 1 2 ] [ 1 2 3 ]) (lib.lists.removePrefix [ 1 2 ] [ 1 2 3 ]) ]; expected = [ true [ 3 ] ]; };
  testLast = { expr = [ (lib.last [ 1 2 3 ]) (lib.init [ 1 2 3 ]) ]; expected = [ 3 [ 1 2 ] ]; };
  testUnique = { expr = [ (lib.unique [ 3 2 3 4 ]) (lib.unique [ "b" "a" "b" ]) (lib.allUnique [ 1 2 ]) (lib.allUnique [ 1 1 ]) ]; expected = [ [ 3 2 4 ] [ "b" "a" ] true false ]; };
  testSets = { expr = [ (lib.intersectLists [ 1 2 3 ] [ 6 3 2 ]) (lib.subtractLists [ 3 2 ] [ 1 2 3 4 5 3 ]) (lib.subtractLists [ "a" ] [ "b" "a" ]) (lib.mutuallyExclusive [ 1 ] [ 2 ]) ]; expected = [ [ 3 2 ] [ 1 4 5 ] [ "b" ] true ]; };
  testGroupBy = { expr = lib.groupBy' (a: b: a + b) 0 (x: lib.boolToString (x > 2)) [ 5 1 2 3 4 ]; expected = { true = 12; false = 3; }; };
  testCross = { expr = lib.crossLists (x: y: "${toString x}${toString y}") [ [ 1 2 ] [ 3 4 ] ]; expected = [ "13" "14" "23" "24" ]; };
  testReplicate = { expr = lib.replicate 3 "a"; expected = [ "a" "a" "a" ]; };
  testToList = { expr = [ (lib.toList [ 1 ]) (lib.toList "x") ]; expected = [ [ 1 ] [ "x" ] ]; };
}
