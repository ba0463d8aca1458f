{ lib }:
{
  testConcat = { expr = [ (lib.concatMapStrings (x: "a" + x) [ "foo" "bar" ]) (lib.concatImapStrings (p: x: "${toString p}-${x}") [ "foo" "bar" ]) (lib.concatMapStringsSep "-" lib.toUpper [ "a" "b" ]) (lib.concatLines [ "a" "b" ]) (lib.concatMapAttrsStringSep "\n" (n: v: "${n}: ${v}") { a = "x"; b = "y"; }) ]; expected = [ "afooabar" "1-foo2-bar" "A-B" "a\nb\n" "a: x\nb: y" ]; };
  testIntersperse = { expr = lib.intersperse "/" [ "usr" "local" "bin" ]; expected = [ "usr" "/" "local" "/" "bin" ]; };
  testSearchPath = { expr = [ (lib.makeSearchPath "bin" [ "/opt" "/usr" ]) (lib.makeBinPath [ "/opt" ]) (lib.makeBinPath [ ]) ]; expected = [ "/opt/bin:/usr/bin" "/opt/bin" "" ]; };
  testFix = { expr = [ (lib.hasPrefix "foo" "foobar") (lib.hasSuffix "foo" "barfoo") (lib.hasInfix "bc" "abcd") (lib.hasInfix "x.z" "xyz") (lib.hasSuffix "foo" "o") ]; expected = [ true true true false false ]; };
  testRemove = { expr = [ (lib.removePrefix "foo." "foo.bar.baz") (lib.removePrefix "xxx" "foo") (lib.removeSuffix "front" "homefront") ]; expected = [ "bar.baz" "foo" "home" ]; };
  testTrim = { expr = [ (lib.trim "   hello, world!   ") (lib.trim " \n ") (lib.strings.trimWith { end = true; } " a ") (lib.strings.trimWith { start = true; } " a ") (lib.trim "") ]; expected = [ "hello, world!" "" " a" "a " "" ]; };
  testSplit = { expr = [ (lib.splitString "." "foo.bar.baz") (lib.splitString "/" "/usr/local/bin") (lib.splitString "." "") ]; expected = [ [ "foo" "bar" "baz" ] [ "" "usr" "local" "bin" ] [ "" ] ]; };
  testSplitBy = { expr = lib.strings.splitStringBy (prev: curr: builtins.elem curr [ "." "-" ]) false "foo.bar-baz"; expected = [ "foo" "bar" "baz" ]; };
  testChars = { expr = [ (lib.stringToCharacters "abc") (lib.stringAsChars (x: if x == "a" then "i" else x) "nax") ]; expected = [ [ "a" "b" "c" ] "nix" ]; };
  testEscape = { expr = [ (lib.escape [ "(" ")" ] "(foo)") (lib.escapeShellArg "esc'ape\nme") (lib.escapeShellArgs [ "one" "two three" "four'five" "" ]) (lib.escapeRegex "[^a-z]*") (lib.escapeXML "\"test\" 'x' < & >") (lib.escapeNixString "hello\${}\n") (lib.strings.escapeURL "foo/bar baz") (lib.strings.escapeC [ " " ] "a b") ]; expected = [ "\\(foo\\)" "'esc'\\''ape\nme'" "one 'two three' 'four'\\''five' ''" "\\[\\^a-z]\\*" "&quot;test&quot; &apos;x&apos; &lt; &amp; &gt;" "\"hello\\\${}\\n\"" "foo%2Fbar%20baz" "a\\x20b" ]; };
  testIdentifier = { expr = map lib.strings.escapeNixIdentifier [ "hello" "0abc" "if" "a b" "a'b-c" ]; expected = [ "hello" "\"0abc\"" "\"if\"" "\"a b\"" "a'b-c" ]; };
  testShellVar = { expr = [ (lib.toShellVar "foo" "bar baz") (lib.toShellVar "l" [ "a" "b c" ]) (lib.toShellVars { x = 1; y = { a = "b"; }; }) ]; expected = [ "foo='bar baz'" "declare -a l=(a 'b c')" "x=1\ndeclare -A y=([a]=b)" ]; };
  testCase = { expr = [ (lib.toUpper "home") (lib.toLower "HOME") (lib.toSentenceCase "home DIR") (lib.toCamelCase "hello-world foo") ]; expected = [ "HOME" "home" "Home dir" "helloWorldFoo" ]; };
  testVersions = { expr = [ (lib.versionOlder "1.1" "1.2") (lib.versionOlder "1.1" "1.1") (lib.versionAtLeast "1.1" "1.0") (lib.getName "youtube-dl-2016.01.01") (lib.getVersion "youtube-dl-2016.01.01") (lib.getName { pname = "p"; }) ]; expected = [ true false true "youtube-dl" "2016.01.01" "p" ]; };
  testFeatures = { expr = [ (lib.enableFeature true "shared") (lib.enableFeatureAs false "shared" "foo") (lib.withFeatureAs true "shared" "foo") (lib.mesonBool "a" true) (lib.cmakeBool "B" false) (lib.cmakeFeature "C" "x") (lib.mesonEnable "d" false) ]; expected = [ "--enable-shared" "--disable-shared" "--with-shared=foo" "-Da=true" "-DB:BOOL=FALSE" "-DC:STRING=x" "-Dd=disabled" ]; };
  testWidth = { expr = [ (lib.fixedWidthString 5 "0" (toString 15)) (lib.fixedWidthNumber 5 15) ]; expected = [ "00015" "00015" ]; };
  testToInt = { expr = [ (lib.toInt "1337") (lib.toInt "-4") (lib.toInt " 123 ") (lib.toIntBase10 "00024") (lib.toIntBase10 "-010") (builtins.tryEval (lib.toInt "00024")).success (builtins.tryEval (lib.toInt "1.5")).success ]; expected = [ 1337 (-4) 123 24 (-10) false false ]; };
  testFloat = { expr = [ (lib.floatToString 0.5) (lib.floatToString 1.0) (lib.floatToString 12.250) ]; expected = [ "0.500000" "1.000000" "12.250000" ]; };
  testSanitize = { expr = map lib.strings.sanitizeDerivationName [ "../hello.bar # foo" "" "pythonPackages.foo" ".x" ]; expected = [ "-hello.bar-foo" "unknown" "pythonPackages.foo" "x" ]; };
  testLevenshtein = { expr = [ (lib.strings.levenshtein "foo" "foo") (lib.strings.levenshtein "book" "hook") (lib.strings.levenshtein "hello" "Heyo") (lib.strings.levenshteinAtMost 1 "kitten" "sitting") ]; expected = [ 0 1 3 false ]; };
  testPrefixLength = { expr = [ (lib.strings.commonPrefixLength "abcd" "abxd") (lib.strings.commonSuffixLength "abcd" "xxcd") ]; expected = [ 2 2 ]; };
  testName = { expr = lib.nameFromURL "https://nixos.org/releases/nix/nix-1.7/nix-1.7-x86_64-linux.tar.bz2" "-"; expected = "nix"; };
  testPosix = { expr = map lib.isValidPosixName [ "foo_bar000" "0-bad.jpg" ]; expected = [ true false ]; };
  testStringLike = { expr = map lib.isStringLike [ "a" ./. { outPath = "x"; } 1 [ ] ]; expected = [ true true true false false ]; };
  testClosure = { expr = lib.textClosureMap lib.id { a = lib.noDepEntry "A"; b = lib.fullDepEntry "B" [ "a" ]; c = lib.stringAfter [ "b" "a" ] "C"; } [ "c" "b" ]; expected = "A\nB\nC"; };
  testSystemd = { expr = [ (lib.escapeSystemdPath "/dev/sda-1") (lib.escapeSystemdPath "/") (lib.escapeSystemdExecArg "a \"b\" $c 5%") ]; expected = [ "dev-sda\\x2d1" "-" "\"a \\\"b\\\" $$c 5%%\"" ]; };
}
