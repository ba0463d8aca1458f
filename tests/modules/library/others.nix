{ lib }:
let
  inherit (lib) generators;
in
{
  testPipe = { expr = lib.pipe 2 [ (x: x + 2) (x: x * 2) ]; expected = 8; };
  testMod = { expr = [ (lib.mod 11 10) (lib.mod (-5) 3) (lib.mod 4 2) ]; expected = [ 1 (-2) 0 ]; };
  testMinMax = { expr = [ (lib.min 1 2) (lib.max 1 2) (lib.compare "a" "b") (lib.bitNot 0) ]; expected = [ 1 2 (-1) (-1) ]; };
  testHex = { expr = [ (lib.toHexString 250) (lib.fromHexString "FF") (lib.fromHexString "0x7f") (lib.toBaseDigits 2 6) ]; expected = [ "FA" 255 127 [ 1 1 0 ] ]; };
  testFunctionArgs = { expr = [ (lib.functionArgs (lib.setFunctionArgs (x: x) { a = true; })) (lib.isFunction { __functor = self: x: x; }) (lib.functionArgs ({ a, b ? 1 }: a)) (lib.toFunction 1 2) ]; expected = [ { a = true; } true { a = false; b = true; } 1 ]; };
  testFix = { expr = [ (lib.fix (self: { foo = "foo"; bar = self.foo + "bar"; })).bar (lib.converge (x: x / 2) 16) ]; expected = [ "foobar" 0 ]; };
  testExtends = { expr = (lib.fix (lib.extends (final: prev: { foo = prev.foo + " + "; }) (final: { foo = "foo"; foobar = final.foo + "bar"; }))).foobar; expected = "foo + bar"; };
  testExtensible = { expr = ((lib.makeExtensible (final: { foo = "foo"; bar = "bar"; foobar = final.foo + final.bar; })).extend (final: prev: { foo = prev.foo + " + "; })).foobar; expected = "foo + bar"; };
  testCompose = { expr = (lib.composeManyExtensions [ (final: prev: { a = 1; }) (final: prev: { b = prev.a + final.c; }) (final: prev: { c = 10; }) ]) { c = 10; } { }; expected = { a = 1; b = 11; c = 10; }; };
  testOverridable = { expr = let f = lib.makeOverridable ({ a, b ? 1 }: { result = a + b; }); in [ (f { a = 1; }).result ((f { a = 1; }).override { b = 5; }).result ((f { a = 1; }).override (old: { a = old.a + 10; })).result ]; expected = [ 2 6 12 ]; };
  testCallPackage = { expr = [ (lib.callPackageWith { a = 1; b = 2; } ({ a, b, c ? 3 }: { sum = a + b + c; }) { b = 10; }).sum ]; expected = [ 14 ]; };
  testScope = { expr = let scope = lib.makeScope (extra: f: args: lib.callPackageWith ({ base = 1; } // extra) f args) (self: { a = 2; b = self.callPackage ({ a, base }: { sum = a + base; }) { }; }); in [ scope.b.sum (scope.overrideScope (final: prev: { a = 5; })).b.sum ]; expected = [ 3 6 ]; };
  testINI = { expr = generators.toINI { } { foo = { hi = "x"; ciao = "bar"; }; baz = { also = true; n = 1; }; }; expected = "[baz]\nalso=true\nn=1\n\n[foo]\nciao=bar\nhi=x\n"; };
  testINIEscape = { expr = generators.toINI { } { "a [1]" = { "x=y" = "z"; }; }; expected = "[a \\[1\\]]\nx\\=y=z\n"; };
  testINIDuplicates = { expr = generators.toINI { listsAsDuplicateKeys = true; } { s.k = [ 1 "a" ]; }; expected = "[s]\nk=1\nk=a\n"; };
  testINIGlobal = { expr = generators.toINIWithGlobalSection { } { globalSection.a = 1; sections.s.b = 2; }; expected = "a=1\n\n[s]\nb=2\n"; };
  testKeyValue = { expr = [ (generators.toKeyValue { } { a = 1; b = "x"; }) (generators.toKeyValue { mkKeyValue = generators.mkKeyValueDefault { } ": "; indent = "  "; } { a = true; }) ]; expected = [ "a=1\nb=x\n" "  a: true\n" ]; };
  testPretty = { expr = [ (generators.toPretty { } { a = [ 1 "b" ]; c = null; d = { }; e = x: x; f = { x, y ? 1 }: x; }) (generators.toPretty { multiline = false; } { a = [ 1 true ]; b = "x\ny"; }) (generators.toPretty { } "a\nb\n") (generators.toPretty { } 1.5) ]; expected = [ "{\n  a = [\n    1\n    \"b\"\n  ];\n  c = null;\n  d = { };\n  e = <function>;\n  f = <function, args: {x, y?}>;\n}" "{ a = [ 1 true ]; b = \"x\\ny\"; }" "''\n  a\n  b\n''" "1.5" ]; };
  testLua = { expr = generators.toLua { multiline = false; } { cmd = [ "a" 1 true ]; settings.f = generators.mkLuaInline "foo()"; n = null; }; expected = "{ [\"cmd\"] = { \"a\", 1, true }, [\"n\"] = nil, [\"settings\"] = { [\"f\"] = (foo()) } }"; };
  testGit = { expr = generators.toGitINI { url."ssh://git@github.com/".insteadOf = "https://github.com"; user.name = "edolstra"; core.list = [ 1 2 ]; }; expected = "[core]\n\tlist = 1\n\tlist = 2\n\n[url \"ssh://git@github.com/\"]\n\tinsteadOf = \"https://github.com\"\n\n[user]\n\tname = \"edolstra\"\n"; };
  testDhall = { expr = generators.toDhall { } { a = 1; b = true; c = [ "x" ]; }; expected = "{ a = +1, b = True, c = [ \"x\" ] }"; };
  testCli = { expr = lib.cli.toGNUCommandLine { } { data = "x y"; X = "PUT"; retry = 3; retry-delay = null; url = [ "https://a" "https://b" ]; silent = false; verbose = true; }; expected = [ "-X" "PUT" "--data" "x y" "--retry" "3" "--url" "https://a" "--url" "https://b" "--verbose" ]; };
  testCliEquals = { expr = lib.cli.toGNUCommandLineShell { optionValueSeparator = "="; } { a = "b c"; long = 1; }; expected = "'-a=b c' '--long=1'"; };
  testVersions = { expr = [ (lib.versions.major "1.2.3") (lib.versions.majorMinor "1.2.3") (lib.versions.pad 3 "1.2-3") (lib.versions.pad 2 "1.2.3") ]; expected = [ "1" "1.2" "1.2.0-3" "1.2" ]; };
  testAsserts = { expr = [ (lib.assertMsg true "x") (builtins.tryEval (lib.assertMsg false "x")).success (builtins.tryEval (lib.assertOneOf "n" 3 [ 1 2 ])).success ]; expected = [ true false false ]; };
  testPath = { expr = [ (lib.path.subpath.normalise "./foo//bar/.") (lib.path.subpath.isValid "../foo") (lib.path.subpath.join [ "foo" "bar/baz" ]) (toString (lib.path.append /foo "bar/baz")) (lib.path.hasPrefix /foo /foo/bar) (lib.path.removePrefix /foo /foo/bar/baz) (lib.path.splitRoot /a/b).subpath ]; expected = [ "./foo/bar" false "./foo/bar/baz" "/foo/bar/baz" true "./bar/baz" "./a/b" ]; };
  testExe = { expr = [ (lib.getExe { type = "derivation"; outPath = "/s/h"; pname = "hello"; }) (lib.getExe { type = "derivation"; outPath = "/s/h"; name = "hello-1.0"; meta.mainProgram = "hi"; }) (lib.getExe' { type = "derivation"; outPath = "/s/h"; bin = "/s/h-bin"; } "x") ]; expected = [ "/s/h/bin/hello" "/s/h/bin/hi" "/s/h-bin/bin/x" ]; };
  testSystems = { expr = let p = lib.systems.elaborate "x86_64-linux"; in [ p.isLinux p.isx86_64 p.isAarch64 p.parsed.cpu.name p.is64bit ]; expected = [ true true false "x86_64" true ]; };
  testNetwork = { expr = let a = lib.network.ipv6.fromString "2001:DB8::ffff/64"; in [ a.address a.prefixLength (a.urlWithPort 80) ]; expected = [ "2001:db8:0:0:0:0:0:ffff" 64 "[2001:db8:0:0:0:0:0:ffff]:80" ]; };
  testFetchers = { expr = (lib.fetchers.normalizeHash { } { sha256 = "x"; url = "u"; }); expected = { outputHash = "x"; outputHashAlgo = "sha256"; url = "u"; }; };
  testFilterOverrides = { expr = lib.filterOverrides [ { file = "a"; value = lib.mkForce 1; } { file = "b"; value = 2; } ]; expected = [ { file = "a"; value = 1; } ]; };
  testDischarge = { expr = lib.dischargeProperties (lib.mkMerge [ (lib.mkIf true 1) (lib.mkIf false 2) (lib.mkMerge [ 3 ]) ]); expected = [ 1 3 ]; };
  testPushDown = { expr = map (x: x.a._type) (lib.pushDownProperties (lib.mkIf true (lib.mkMerge [ { a = 1; } { a = 2; } ]))); expected = [ "if" "if" ]; };
  testSort = { expr = map (x: x.value) (lib.sortProperties [ { value = lib.mkAfter 3; } { value = 2; } { value = lib.mkBefore 1; } ]); expected = [ 1 2 3 ]; };
  testLicense = { expr = [ lib.licenses.mit.spdxId lib.licenses.unfree.free (lib.getLicenseFromSpdxId "mit").shortName ]; expected = [ "MIT" false "mit" ]; };
  testWithRecursion = { expr = generators.toPretty { multiline = false; } (generators.withRecursion { depthLimit = 1; throwOnDepthLimit = false; } { a.b.c = 1; }); expected = "{ a = { b = \"<unevaluated>\"; }; }"; };
  testLicensesMore = { expr = [ lib.licenses.gpl3.deprecated lib.licenses.eupl12.spdxId lib.licenses.bsl11.free lib.licenses.bsl11.redistributable (lib.getLicenseFromSpdxId "GPL-2.0-only").shortName ]; expected = [ true "EUPL-1.2" false true "gpl2Only" ]; };
  testEUI64 = { expr = [ (lib.network.ipv6.mkEUI64Suffix "66:75:63:6B:20:75") (builtins.tryEval (lib.network.ipv6.mkEUI64Suffix "66:75")).success ]; expected = [ "6475:63ff:fe6b:2075" false ]; };
  testCliGNU = { expr = lib.cli.toCommandLineShellGNU { } { v = true; data = "x y"; retry = [ 1 2 ]; }; expected = "'--data=x y' '--retry=1' '--retry=2' -v"; };
  testNormalizePath = { expr = [ (lib.normalizePath "/a//b///c/") (lib.normalizePath "a/b") (lib.normalizePath "/") ]; expected = [ "/a/b/c/" "a/b" "/" ]; };
}
