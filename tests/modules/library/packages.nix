{ lib }:
let
  drv = args: let d = derivation ({ name = "x"; system = "none"; builder = "b"; } // args); in d // { drvAttrs = { name = "x"; system = "none"; builder = "b"; } // args; };
  build = lib.makeOverridable ({ a ? 1, ... }@args: drv { inherit a; });
in
{
  testOverride = { expr = [ (build { }).a ((build { }).override { a = 2; }).a (lib.functionArgs build) ]; expected = [ 1 2 { a = true; } ]; };
  testOverrideDerivation = { expr = [ (lib.overrideDerivation (drv { a = 1; }) (old: { b = old.a + 1; })).b ((build { }).overrideDerivation (old: { c = 3; })).c ]; expected = [ 2 3 ]; };
  testExtend = { expr = let e = lib.extendDerivation true { more = 1; } (drv { outputs = [ "out" "dev" ]; }); in [ e.more e.dev.more e.dev.outputName (builtins.length e.all) ]; expected = [ 1 1 "dev" 2 ]; };
  testExtendFails = { expr = (builtins.tryEval (lib.extendDerivation false { } (drv { })).outPath).success; expected = false; };
  testExtendMk = { expr = let mk = f: let self = lib.toFunction f self; in self; ext = lib.extendMkDerivation { constructDrv = mk; excludeDrvArgNames = [ "hidden" ]; extendDrvArgs = final: { pname, hidden ? 1, ... }: { name = "${pname}-${toString hidden}-${final.extra or "none"}"; }; }; in [ (ext { pname = "p"; }).name (ext (final: { pname = "q"; hidden = 2; extra = "e"; })).name (lib.functionArgs ext) ]; expected = [ "p-1-none" "q-2-e" { pname = false; hidden = true; } ]; };
  testLazy = { expr = let l = lib.lazyDerivation { derivation = drv { }; passthru.p = 1; meta.m = 2; }; in [ l.type l.p l.meta.m l.name ]; expected = [ "derivation" 1 2 "x" ]; };
  testMeta = { expr = [ (lib.addMetaAttrs { a = 1; } { meta.b = 2; }).meta (lib.hiPrio { }).meta.priority (lib.appendToName "min" { name = "hello-1.0"; }).name (lib.setName "n" { }).name ]; expected = [ { a = 1; b = 2; } (-10) "hello-min-1.0" "n" ]; };
  testPlatform = { expr = let p = lib.systems.elaborate "x86_64-linux"; in [ (lib.availableOn p { meta.platforms = lib.platforms.linux; }) (lib.availableOn p { meta.platforms = [ "aarch64-linux" ]; }) (lib.availableOn p { meta.badPlatforms = [ "x86_64-linux" ]; }) (lib.availableOn p { }) ]; expected = [ true false false true ]; };
  testClosure = { expr = map (p: p.n) (lib.closePropagation [ { outPath = "/a"; n = "a"; propagatedBuildInputs = [ { outPath = "/b"; n = "b"; } null ]; } ]); expected = [ "a" "b" ]; };
  testScopeArgs = { expr = let s = lib.makeScope lib.callPackageWith (self: { n = 1; f = self.callPackage ({ n }: n + 1) { }; }); in s.f; expected = 2; };
  testCallPackages = { expr = let set = lib.callPackagesWith { n = 1; } ({ n }: { a = { value = n; }; }) { }; in [ set.a.value (set.a.override { n = 5; }).value ]; expected = [ 1 5 ]; };
  testGvariant = { expr = map toString [ (lib.gvariant.mkValue "it's") (lib.gvariant.mkUint32 5) (lib.gvariant.mkJust (lib.gvariant.mkInt32 1)) (lib.gvariant.mkNothing "s") (lib.gvariant.mkDictionaryEntry "k" (lib.gvariant.mkInt32 1)) (lib.gvariant.mkEmptyArray "s") (lib.gvariant.mkVariant (lib.gvariant.mkInt32 1)) ]; expected = [ "'it\\'s'" "uint32 5" "just 1" "@ms nothing" "@{si} {'k',1}" "@as []" "<1>" ]; };
  testWarn = { expr = (lib.warnOnInstantiate "old" (drv { })).name; expected = "x"; };
  testToDerivation = { expr = lib.isDerivation (drv { }); expected = true; };
  testKernel = { expr = [ lib.kernel.yes.tristate (lib.kernel.option lib.kernel.module).optional (lib.kernel.freeform "x").freeform ]; expected = [ "y" true "x" ]; };
}
