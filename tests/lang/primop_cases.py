# ruff: noqa: E501 - one case, one line
"""The table of builtins: expressions with a value, expressions that must fail, and edges in `primop_edges.txt` and
`language_edges.txt`.

What each one gives is recorded in `primop_expected.json`, taken from Nix 2.26.3: run this file with the path of its
`nix-instantiate` to record anew. `CHANGED_SINCE_2_8` lists what Nix 2.8 answers differently.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

EXPECTED = Path(__file__).with_name("primop_expected.json")
FILES = Path(__file__).with_name("files")
EDGES = (Path(__file__).with_name("primop_edges.txt"), Path(__file__).with_name("language_edges.txt"))

D = '(derivation { name = "d"; system = "s"; builder = "/b"; outputs = [ "out" "dev" ]; })'
DRV = f"{D}.drvPath"

VALUES: dict[str, list[str]] = {
    "types": [
        'map builtins.typeOf [ 1 1.0 true null "s" ./x [ ] { } (x: x) builtins.add (builtins.add 1) ]',
        'map builtins.isAttrs [ { } 1 "s" (x: x) ]',
        "map builtins.isBool [ true false 1 null ]",
        "map builtins.isFloat [ 1.0 1 ]",
        "map builtins.isFunction [ (x: x) builtins.add (builtins.add 1) { __functor = self: x: x; } ]",
        "map builtins.isInt [ 1.0 1 true ]",
        "map builtins.isList [ [ ] { } ]",
        "map isNull [ null 0 ]",
        'map builtins.isPath [ ./x "/x" ]',
        'map builtins.isString [ "s" ./x 1 "${builtins.toFile "a" "b"}" ]',
        "builtins.functionArgs ({ a, b ? 1, ... }: a)",
        "builtins.functionArgs (x: x)",
        "builtins.functionArgs builtins.add",
    ],
    "lists": [
        "builtins.length [ ]",
        'builtins.length [ 1 (throw "x") ]',
        'builtins.head [ 1 (throw "x") ]',
        "builtins.tail [ 1 ]",
        'builtins.tail [ (throw "x") 2 3 ]',
        'builtins.elemAt [ (throw "x") 2 ] 1',
        "map (x: x * 2) [ 1 2 3 ]",
        "map 1 [ ]",
        'builtins.length (map (x: throw "x") [ 1 2 ])',
        "builtins.filter (x: x > 1) [ 1 2 3 ]",
        "builtins.filter 1 [ ]",
        "builtins.filter { __functor = self: x: x != 2; } [ 1 2 3 ]",
        'builtins.elem 1 [ (x: x) 1.0 (throw "x") ]',
        'builtins.elem "a" [ "b" 1 null "a" ]',
        "builtins.elem { a = 1; } [ { a = 1; } ]",
        'builtins.elem (throw "x") [ ]',
        "builtins.concatLists [ [ 1 ] [ ] [ 2 [ 3 ] ] ]",
        "builtins.concatMap (x: [ x (x + 1) ]) [ 1 5 ]",
        "builtins.foldl' (a: b: a * 10 + b) 0 [ 1 2 3 ]",
        "builtins.foldl' builtins.add 1 [ 2 3 ]",
        'builtins.foldl\' (a: b: b) (throw "x") [ 1 ]',
        "builtins.foldl' (a: b: a) 7 [ ]",
        "builtins.foldl' { __functor = self: a: b: a + b; } 0 [ 1 2 ]",
        'builtins.any (x: x == 1) [ 0 1 (throw "x") ]',
        "builtins.any (x: true) [ ]",
        'builtins.all (x: x == 0) [ 0 1 (throw "x") ]',
        "builtins.all (x: false) [ ]",
        "builtins.genList (x: x * x) 5",
        "builtins.genList (x: x) 0",
        "builtins.sort builtins.lessThan [ 3 1.5 2 ]",
        'builtins.sort builtins.lessThan [ "b" "B" "a" "é" "" ]',
        "builtins.sort (a: b: a.k < b.k) (builtins.genList (i: { k = 10 - i / 3; v = i; }) 12)",
        "builtins.sort (a: b: a > b) (builtins.genList (i: (i * 7919) - (i * 7919 / 101) * 101) 60)",
        "builtins.sort builtins.lessThan [ [ 2 1 ] [ 1 5 ] [ 1 ] ]",
        "builtins.sort builtins.lessThan [ /b /a/c /a /a-b ]",
        "builtins.sort 1 [ ]",
        "builtins.partition (x: x > 1) [ 1 2 3 ]",
        'builtins.groupBy (x: if x > 1 then "big" else "small") [ 1 2 3 ]',
        "builtins.groupBy toString [ ]",
    ],
    "attrsets": [
        "builtins.attrNames { b = 1; a = 2; A = 3; _ = 4; }",
        'builtins.attrNames { "é" = 1; "z" = 1; "" = 1; }',
        "builtins.attrValues { b = 1; a = 2; }",
        'builtins.getAttr "a" { a = 1; }',
        'map (n: builtins.hasAttr n { a = throw "x"; }) [ "a" "b" ]',
        'removeAttrs { a = 1; b = 2; c = throw "x"; } [ "a" "c" "z" ]',
        "removeAttrs { a = 1; } [ ]",
        "builtins.intersectAttrs { a = 1; b = 2; } { b = 3; c = 4; }",
        'builtins.catAttrs "a" [ { a = 1; } { b = 0; } { a = 2; } ]',
        'builtins.listToAttrs [ { name = "a"; value = 1; } { name = "b"; value = 2; } { name = "a"; value = 3; } ]',
        'builtins.attrNames (builtins.listToAttrs [ { name = "x"; value = throw "x"; } ])',
        "builtins.mapAttrs (n: v: n + toString v) { a = 1; b = 2; }",
        'builtins.attrNames (builtins.mapAttrs (throw "x") { a = 1; })',
        "builtins.zipAttrsWith (n: vs: { inherit n vs; }) [ { a = 1; } { a = 2; b = 3; } ]",
        "builtins.zipAttrsWith (n: vs: vs) [ ]",
        "builtins.genericClosure { startSet = [ { key = 1; } ];"
        " operator = x: if x.key < 5 then [ { key = x.key + 1; } { key = x.key * 2; } ] else [ ]; }",
        'builtins.genericClosure { startSet = [ { key = "b"; } { key = "a"; } { key = "b"; v = 1; } ]; operator = x: [ ]; }',
        "builtins.genericClosure { startSet = [ { key = 1; } { key = 1.0; } ]; operator = x: [ ]; }",
        "builtins.genericClosure { startSet = [ { key = [ 1 2 ]; } { key = [ 1 ]; } { key = [ 1 2 ]; } ]; operator = x: [ ]; }",
        "builtins.genericClosure { startSet = [ ]; }",
        "builtins.genericClosure { startSet = [ { key = null; } ]; operator = x: [ ]; }",
        'builtins.unsafeGetAttrPos "a" (builtins.listToAttrs [ { name = "a"; value = 1; } ])',
        'builtins.unsafeGetAttrPos "z" { a = 1; }',
        'let p = builtins.unsafeGetAttrPos "b" (import (files + "/attrs.nix")); in [ p.line p.column (baseNameOf p.file) ]',
        'map (n: (builtins.unsafeGetAttrPos n (import (files + "/attrs.nix"))).line) [ "a" "c" "d" "e" "f" ]',
        'let p = builtins.unsafeGetAttrPos "b" (removeAttrs (import (files + "/attrs.nix")) [ "a" ]); in p.line',
        'builtins.unsafeGetAttrPos "b" (builtins.mapAttrs (n: v: v) (import (files + "/attrs.nix")))',
    ],
    "numbers": [
        "[ (builtins.add 1 2) (builtins.sub 1 2) (builtins.mul 3 4) (builtins.div 7 2) (builtins.div (-7) 2) ]",
        "[ (builtins.add 1.5 2) (builtins.sub 1 2.5) (builtins.mul 3 0.5) (builtins.div 7 2.0) ]",
        "[ (1.0 / 3) (100000.0) (1000000.0) 123456789.0 0.0001 0.00001 (0 - 0.5) 1.5e300 ]",
        "[ (builtins.bitAnd 12 10) (builtins.bitOr 12 10) (builtins.bitXor 12 10) (builtins.bitXor (-1) 5) ]",
        "map builtins.ceil [ 1.2 (-1.2) 3 2.0 ]",
        "map builtins.floor [ 1.8 (-1.2) 3 2.0 ]",
        "[ (1 < 1.5) (2.0 < 1) (1 == 1.0) ]",
        '[ (builtins.lessThan "a" "b") (builtins.lessThan [ 1 ] [ 1 2 ]) (builtins.lessThan /a /b) ]',
        "9223372036854775807 - 1",
        "-9223372036854775807 - 1",
    ],
    "strings": [
        'toString [ 1 1.5 true false null "s" [ ] [ [ ] 2 ] ]',
        'map toString [ 1 (-1) 0.1 100.0 1.0e10 true "a" /x/y ]',
        'toString { __toString = self: "s${self.x}"; x = "y"; }',
        'toString { outPath = "o"; }',
        "toString { __toString = self: 1; }",
        'map builtins.stringLength [ "" "abc" "é" "\\n" ]',
        'builtins.substring 1 2 "abcd"',
        'map (n: builtins.substring 1 n "abc") [ 0 1 2 3 (-1) 9223372036854775807 ]',
        'builtins.substring 5 1 "abc"',
        'builtins.substring 0 0 "abc"',
        'builtins.substring 1 1 { __toString = self: "xyz"; }',
        'builtins.substring 0 1 "é" + builtins.substring 1 1 "é"',
        'builtins.concatStringsSep ", " [ "a" "b" "" ]',
        'builtins.concatStringsSep "," [ ]',
        'builtins.concatStringsSep "," [ { outPath = "o"; } "x" ]',
        'builtins.replaceStrings [ "oo" "a" ] [ "a" "oo" ] "foobar"',
        'builtins.replaceStrings [ "" ] [ "-" ] "ab"',
        'builtins.replaceStrings [ "" "a" ] [ "x" "y" ] "ab"',
        'builtins.replaceStrings [ "a" "" ] [ "x" "y" ] "ab"',
        'builtins.replaceStrings [ "ab" "" "a" ] [ "1" "2" "3" ] "xaab"',
        'builtins.replaceStrings [ "a" "a" ] [ "1" "2" ] "banana"',
        'builtins.replaceStrings [ "aa" "a" ] [ "x" "y" ] "aaaaa"',
        'builtins.replaceStrings [ "a" "aa" ] [ "x" "y" ] "aaa"',
        'builtins.replaceStrings [ "a" ] [ (throw "x") ] "b"',
        'builtins.replaceStrings [ ] [ ] "abc"',
        'builtins.replaceStrings [ "." "*" "é" ] [ "\\\\." "[*]" "e" ] "a.*é."',
        '"a\\n\\t\\r\\\\\\"\\${x} $x $$ é \\b"',
    ],
    "match and split": [
        'builtins.match "(.*)\\\\.nix" "foo.nix"',
        'builtins.match "ab" "abc"',
        'builtins.match "(a|ab)(c|bcd)(d*)" "abcd"',
        'builtins.match "(a)?(b)?" "b"',
        'builtins.match "[[:space:]]*([^[:space:]]+)[[:space:]]*" "  x "',
        'builtins.match "[]a-]+" "]-a"',
        'builtins.match "[^]a]+" "bc"',
        'builtins.match "a**" "aa"',
        'builtins.match "a{2}{2}" "aaaa"',
        'builtins.match "a{2,3}" "aaaa"',
        'builtins.match "" ""',
        'builtins.match "((a)|b)*" "ab"',
        'builtins.match "(a*)*" "aa"',
        'builtins.match "." "\\n"',
        'builtins.match "\\\\$\\\\{(.*)\\\\|}" "\\${x|}"',
        'builtins.match "[[.hyphen.][=a=]]+" "-a"',
        'builtins.match "[0-9A-Fa-f]{4}" "1aF9"',
        'builtins.split "(a)b" "abc"',
        'builtins.split "([ac])" "abc"',
        'builtins.split "(a)|(c)" "abc"',
        'builtins.split "" "ab"',
        'builtins.split "x" ""',
        'builtins.split "a*" "baac"',
        'builtins.split "a|ab" "xaby"',
        'builtins.split "(a|ab)(c|bcd)(d*)" "xabcdy"',
        'builtins.split "^a" "aaa"',
        'builtins.split "$" "ab"',
        'builtins.split "b*$" "abbxb"',
        'builtins.split "(a*|b)*" "abab"',
        'builtins.split "[,;]" "a,b;;c"',
        'builtins.split "\\n" "a\\nb\\n"',
    ],
    "versions": [
        'builtins.parseDrvName "nix-0.12pre12876"',
        'map builtins.parseDrvName [ "a-b-1.2-3" "a" "-1" "a-" "a--1" "hello-2.10-dev" "" ]',
        'map (builtins.compareVersions "1.0") [ "1.0" "1.0.1" "1.0pre" "1.0a" "0.9" "1" "1-0" "" ]',
        'builtins.compareVersions "2.3" "2.3a"',
        'builtins.compareVersions "2.3a" "2.3.1"',
        'builtins.compareVersions "3000000000" "4"',
        'builtins.compareVersions "007" "7"',
        'map builtins.splitVersion [ "" "1.2-pre.3a" "..1" "abc12def" ]',
    ],
    "json": [
        'builtins.toJSON { b = [ 1 2.5 null true ]; a = "x\\"y\\n\\t/é"; "k\\"" = { }; }',
        "builtins.toJSON [ 1.0 100.0 0.1 1.0e10 1.0e15 1.0e16 1.0e22 1.0e23 123456789.123 1.0e-5 2.5e-5 (1.0 / 3) (0.1 + 0.2) ]",
        'builtins.toJSON { __toString = self: "x"; a = 1; }',
        "builtins.toJSON { outPath = [ 1 ]; b = 2; }",
        'builtins.fromJSON "{\\"a\\": [1, -2.5, 1e3, true, null, \\"\\\\u00e9\\\\n\\\\ud83d\\\\ude00\\"], \\"a b\\": {}}"',
        'builtins.fromJSON "{\\"a\\": 1, \\"a\\": 2}"',
        'map builtins.fromJSON [ "1" "-0" " 2 " "\\"x\\"" "[]" "9223372036854775807" "99999999999999999999" "-9223372036854775809" ]',
        'builtins.fromJSON "[1.0, 1E5, 0.1e-2]"',
    ],
    "toml": [
        "builtins.fromTOML ''\n  a = 1\n  b = [ 1, 2 ]\n  s = \"x\\ty\\u00e9\"\n  f = 1.5\n  h = 0xff\n  n = 1_000\n  [t.u]\n  x = true\n"
        "  [[l]]\n  k = 'raw\\n'\n  [[l]]\n  k = { inline = 1 }\n''",
        'builtins.fromTOML ""',
        'builtins.fromTOML \'\'\n  s = """\n  multi\n  line"""\n  "quoted key" = 1\n  a.b.c = 2\n\'\'',
    ],
    "xml": [
        'builtins.toXML [ 1 1.5 "a<>&\\"\\n\\t\'é" null true /x { b = 1; a = [ ]; } ]',
        "builtins.toXML [ (x: x) ({ a, b ? 1 }: a) ({ a, ... }@args: a) ({ }: 1) ({ ... }: 1) builtins.add (builtins.add 1) ]",
        'builtins.toXML { type = "derivation"; drvPath = "/d"; outPath = "/o"; }',
        'builtins.toXML [ { type = "derivation"; drvPath = "/d"; } { type = "derivation"; drvPath = "/d"; } ]',
    ],
    "hashes": [
        'map (a: builtins.hashString a "abc") [ "md5" "sha1" "sha256" "sha512" ]',
        'builtins.hashString "sha256" "é"',
        'builtins.hashFile "sha256" (files + "/attrs.nix")',
        'map (f: builtins.convertHash { hash = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="; toHashFormat = f; })'
        ' [ "base16" "nix32" "base64" "sri" ]',
        'builtins.convertHash { hash = "900150983cd24fb0d6963f7d28e17f72"; hashAlgo = "md5"; toHashFormat = "sri"; }',
        'builtins.convertHash { hash = "md5:900150983cd24fb0d6963f7d28e17f72"; toHashFormat = "base64"; }',
    ],
    "control": [
        'builtins.tryEval (throw "x")',
        "builtins.tryEval (assert false; 1)",
        'builtins.tryEval { a = throw "x"; } == null',
        "builtins.tryEval <surely-not-there>",
        "builtins.seq 1 2",
        'builtins.seq { a = throw "x"; } 2',
        "builtins.deepSeq [ { a = 1; } ] 2",
        "builtins.deepSeq (let x = { y = x; l = [ x ]; }; in x) 1",
        'builtins.tryEval (builtins.deepSeq [ { a = throw "x"; } ] 2)',
        'builtins.trace "t" 1',
        'builtins.traceVerbose (throw "x") 1',
        'builtins.warn "w" 1',
        'builtins.addErrorContext (throw "x") 1',
        "builtins.break 1",
    ],
    "paths": [
        'map baseNameOf [ "a/b" "/a/b/" "/" "" "a" "a//" /x/y ]',
        'map dirOf [ "a/b" "/a" "a" "a/" "" "/" "a//b" ]',
        "[ (dirOf /a/b) (dirOf /a) (dirOf /.) ]",
        'map builtins.toPath [ "/a/../b//c/" "/" ]',
        'map builtins.pathExists [ (files + "/attrs.nix") (files + "/none") (toString files + "/") (toString files + "/attrs.nix/") ]',
        'builtins.readFile (files + "/text")',
        "builtins.readDir files",
        'map (n: builtins.readFileType (files + "/${n}")) [ "text" "link" "sub" ]',
        'builtins.getEnv "SURELY_NOT_SET"',
        'let f = builtins.findFile [ { prefix = "p"; path = files; } { path = files + "/sub"; } ]; in'
        ' map (n: baseNameOf (f n)) [ "p/text" "p" "inner" ]',
        'import (files + "/sub")',
        'scopedImport { x = 5; } (files + "/scoped.nix")',
        'builtins.placeholder "out"',
        "builtins.langVersion",
        'builtins.toFile "f" "text"',
        'builtins.toFile "f" "${builtins.toFile "g" "x"}"',
        'builtins.path { path = files; name = "n"; }',
        'builtins.path { path = files + "/text"; recursive = false; }',
        'builtins.path { path = files; name = "n"; filter = path: type: type != "symlink" && baseNameOf path != "sub"; }',
        'builtins.path { path = files + "/text"; name = "t"; recursive = false;'
        ' sha256 = builtins.hashFile "sha256" (files + "/text"); }',
        'builtins.filterSource (path: type: type == "regular") files',
        '"${files}/text"',
        '"${files + "/text"}"',
    ],
    "contexts": [
        f"builtins.getContext {D}.outPath",
        f"builtins.getContext {D}.dev.outPath",
        f"builtins.getContext {DRV}",
        f'builtins.getContext "${{{D}}}${{{D}.dev}}${{{DRV}}}${{builtins.toFile "a" "b"}}"',
        f"builtins.getContext (builtins.unsafeDiscardOutputDependency {DRV})",
        f"builtins.getContext (builtins.addDrvOutputDependencies (builtins.unsafeDiscardOutputDependency {DRV}))",
        f"builtins.getContext (builtins.unsafeDiscardStringContext {DRV})",
        f'map builtins.hasContext [ "a" {DRV} (builtins.substring 0 0 {DRV}) (baseNameOf {DRV}) (toString {D}) ]',
        f'map (s: builtins.hasContext s) (builtins.match "(.*)x" "${{{DRV}}}x")',
        f'builtins.getContext (builtins.appendContext "a" (builtins.getContext "${{{D}}}${{{DRV}}}"))',
        f'builtins.getContext (builtins.appendContext "a" {{ ${{builtins.unsafeDiscardStringContext {DRV}}}'
        ' = { path = true; outputs = [ "x" "a" ]; allOutputs = true; }; })',
        f'builtins.getContext (builtins.replaceStrings [ "a" ] [ "${{{D}}}" ] "xax")',
        f'builtins.getContext (builtins.replaceStrings [ "a" ] [ "${{{D}}}" ] "xx")',
        f"builtins.getContext (builtins.toJSON [ {D} ])",
        f"builtins.attrNames (builtins.getContext (builtins.toXML [ {D}.outPath ]))",
        f'builtins.getContext (builtins.concatStringsSep {DRV} [ "a" "b" ])',
        f'builtins.getContext (builtins.hashString "md5" {DRV})',
    ],
    "derivations": [
        f"[ {D}.outPath {D}.dev.outPath {DRV} {D}.name {D}.type {D}.outputName {D}.dev.outputName ]",
        f"builtins.attrNames {D}",
        f"(builtins.head {D}.all).dev.out.outPath == {D}.outPath",
        f"{D} == {D}.dev",
        f"{D} == {D}",
        'derivationStrict { name = "x"; system = "s"; builder = "/b"; }',
        'builtins.attrNames (derivation { name = throw "x"; })',
        'derivationStrict { name = "x"; system = "s"; builder = "/b"; outputHash = ""; outputHashAlgo = "sha256"; }',
    ],
    "constants": [
        "[ builtins.true builtins.false builtins.null ]",
        "builtins.builtins.builtins ? add",
        "builtins.isInt builtins.currentTime",
        "builtins.storeDir",
        "builtins.attrNames builtins",
    ],
}

ERRORS: dict[str, list[str]] = {
    "types": ["builtins.functionArgs 1", "builtins.functionArgs { __functor = self: x: x; }"],
    "lists": [
        "builtins.length 1",
        "builtins.head [ ]",
        "builtins.head { }",
        "builtins.tail [ ]",
        "builtins.elemAt [ 1 ] 1",
        "builtins.elemAt [ 1 ] (-1)",
        "builtins.elemAt [ 1 ] 0.0",
        "builtins.length (map 1 [ 1 ])",
        "map (x: x) 1",
        "builtins.filter (x: 1) [ 1 ]",
        "builtins.concatLists [ 1 ]",
        "builtins.concatMap (x: 1) [ 1 ]",
        "builtins.foldl' 1 2 [ ]",
        "builtins.any (x: 1) [ 1 ]",
        "builtins.all 1 [ ]",
        "builtins.genList (x: x) (-1)",
        "builtins.genList 1 0",
        'builtins.sort builtins.lessThan [ 1 "a" ]',
        "builtins.sort (a: b: 1) [ 1 2 ]",
        "builtins.sort 1 [ 1 ]",
        "builtins.partition (x: 1) [ 1 ]",
        "builtins.groupBy (x: 1) [ 1 ]",
    ],
    "attrsets": [
        "builtins.attrNames 1",
        'builtins.getAttr "a" { }',
        "builtins.getAttr 1 { }",
        'builtins.hasAttr "a" 1',
        "removeAttrs { } [ 1 ]",
        'builtins.catAttrs "a" [ 1 ]',
        "builtins.listToAttrs [ { } ]",
        'builtins.listToAttrs [ { name = "a"; } ]',
        "builtins.listToAttrs [ { name = 1; value = 1; } ]",
        f"builtins.listToAttrs [ {{ name = {DRV}; value = 1; }} ]",
        "builtins.zipAttrsWith 1 [ ]",
        "builtins.genericClosure { }",
        "builtins.genericClosure { startSet = [ { } ]; operator = x: [ ]; }",
        'builtins.genericClosure { startSet = [ { key = 1; } { key = "a"; } ]; operator = x: [ ]; }',
        "builtins.genericClosure { startSet = [ { key = { }; } { key = { }; } ]; operator = x: [ ]; }",
        "builtins.genericClosure { startSet = [ { key = 1; } ]; operator = x: 1; }",
    ],
    "numbers": [
        'builtins.add 1 "a"',
        "builtins.sub { } 1",
        "builtins.div 1 0",
        "builtins.div 1.0 0",
        "9223372036854775807 + 1",
        "builtins.mul 9223372036854775807 2",
        "(-9223372036854775807 - 1) / (-1)",
        "builtins.bitAnd 1.0 1",
        'builtins.ceil "a"',
        'builtins.lessThan 1 "a"',
        "builtins.lessThan { } { }",
        "builtins.lessThan null null",
    ],
    "strings": [
        "toString { }",
        "toString (x: x)",
        "toString { __toString = 1; }",
        "builtins.stringLength 1",
        'builtins.substring (-1) 1 "a"',
        "builtins.substring 0 1 1",
        'builtins.concatStringsSep "," [ 1 ]',
        "builtins.concatStringsSep 1 [ ]",
        'builtins.replaceStrings [ "a" ] [ ] "a"',
        'builtins.replaceStrings [ "a" ] [ 1 ] "a"',
        'builtins.replaceStrings [ 1 ] [ "a" ] "a"',
        'builtins.replaceStrings [ "a" ] [ "b" ] 1',
    ],
    "match and split": [
        *(f'builtins.match "{pattern}" "a"' for pattern in ("[", "(", ")", "*a", "a{", "a{2,1}", "[b-a]", "[[:foo:]]")),
        'builtins.match "\\\\d" "1"',
        'builtins.split "(" "a"',
        'builtins.match 1 "a"',
        'builtins.match "a" 1',
        f'builtins.match {DRV} "a"',
    ],
    "versions": ["builtins.parseDrvName 1", 'builtins.compareVersions "1" 1', "builtins.splitVersion null"],
    "json": [
        "builtins.toJSON (x: x)",
        "builtins.toJSON /x/y",
        "builtins.toJSON { a.b = x: x; }",
        'builtins.toJSON (builtins.substring 0 1 "é")',
        *(f"builtins.fromJSON ''{text}''" for text in ("", "NaN", "[1,]", "{", "01", "1 2", '"\\u0000"', '"\\ud800"')),
        'builtins.fromJSON "9223372036854775808"',
        "builtins.fromJSON 1",
    ],
    "toml": ['builtins.fromTOML "a ="', 'builtins.fromTOML "d = 1979-05-27"', 'builtins.fromTOML "a = 1\\na = 2"'],
    "hashes": [
        'builtins.hashString "foo" "a"',
        'builtins.convertHash { hash = "abc"; toHashFormat = "base16"; }',
        'builtins.convertHash { hash = "md5:900150983cd24fb0d6963f7d28e17f72"; toHashFormat = "x"; }',
        'builtins.hashFile "md5" (files + "/none")',
    ],
    "control": [
        'throw "x"',
        "throw 1",
        'abort "x"',
        'builtins.tryEval (abort "x")',
        "builtins.tryEval (toString { })",
        'builtins.tryEval (import (files + "/none"))',
        'builtins.seq (throw "x") 1',
        'builtins.deepSeq [ (throw "x") ] 1',
        "builtins.warn 1 1",
        'builtins.addErrorContext "c" (throw "x")',
    ],
    "paths": [
        "builtins.pathExists 1",
        'builtins.readFile (files + "/none")',
        'builtins.readFile "relative"',
        "builtins.readFile files",
        'builtins.readDir (files + "/text")',
        'builtins.readFileType (files + "/none")',
        'builtins.toPath "a"',
        "builtins.getEnv 1",
        'builtins.findFile [ ] "x"',
        'builtins.findFile [ { } ] "x"',
        "builtins.placeholder 1",
        'builtins.storePath "/x"',
        'builtins.toFile "a/b" "x"',
        f'builtins.toFile "a" {DRV}',
        f'builtins.toFile "a" "${{{D}}}"',
        "builtins.path { }",
        "builtins.path { path = files; foo = 1; }",
        'builtins.path { path = files; sha256 = "0000000000000000000000000000000000000000000000000000"; }',
        "builtins.path { path = files; filter = path: type: 1; }",
        '"${files + "/none"}"',
        'files + "${builtins.toFile "a" "b"}"',
    ],
    "contexts": [
        'builtins.appendContext "a" { "/x" = { }; }',
        'builtins.addDrvOutputDependencies "a"',
        f"builtins.addDrvOutputDependencies {D}.outPath",
        "builtins.getContext 1",
        f"builtins.getAttr {DRV} {{ }}",
        f"{{ ${{{DRV}}} = 1; }}",
        f"builtins.fromJSON {DRV}",
    ],
    "derivations": [
        "derivation 1",
        "(derivation { }).outPath",
        *(
            f'(derivation {{ name = "x"; system = "s"; builder = "/b"; {extra} }}).outPath'
            for extra in (
                "outputs = [ ];",
                'outputs = [ "out" "out" ];',
                'outputs = [ "drvPath" ];',
                "__contentAddressed = true;",
                "__impure = true;",
                "f = x: x;",
                'args = "a";',
                'outputHash = "";',
                'outputHash = "abc";',
                'outputHashMode = "foo";',
                'outputs = [ "a" "b" ]; outputHash = "x"; outputHashAlgo = "sha256";',
            )
        ),
        '(derivation { name = "x.drv"; system = "s"; builder = "/b"; }).outPath',
        '(derivation { name = "x y"; system = "s"; builder = "/b"; }).outPath',
        '(derivation { name = ""; system = "s"; builder = "/b"; }).outPath',
        '(derivation { name = "x"; builder = "/b"; }).outPath',
        '(derivation { name = "x"; system = "s"; }).outPath',
    ],
}

# What Nix 2.8 answers differently, with the reason; an expression stands for itself or for all that start so.
CHANGED_SINCE_2_8 = {
    "builtins.attrNames builtins": "members were added",
    "builtins.filter 1 [ ]": "an empty list no longer forces the function",
    "builtins.sort 1 [ ]": "an empty list no longer forces the function",
    "builtins.length (map 1 [ 1 ])": "map checks its function",
    "builtins.genList 1 0": "genList checks its function",
    "builtins.genericClosure { startSet = [ ]; }": "an empty start set needs no operator",
    'builtins.unsafeGetAttrPos "a" (builtins.listToAttrs': "a text that is no file has no position",
    'builtins.replaceStrings [ "a" ] [ (throw "x") ] "b"': "replacements are lazy",
    "builtins.toJSON [ 1.0": "floats are printed in full",
    'builtins.toJSON (builtins.substring 0 1 "é")': "bytes must be UTF-8",
    "builtins.fromJSON ''\"\\u0000\"''": "null bytes are refused",
    'builtins.fromJSON "9223372036854775808"': "integers are checked",
    "9223372036854775807 + 1": "overflow is an error",
    "builtins.mul 9223372036854775807 2": "overflow is an error",
    "map (f: builtins.convertHash": "convertHash was added",
    "builtins.convertHash": "convertHash was added",
    "builtins.traceVerbose": "traceVerbose was added",
    "builtins.warn": "warn was added",
    "builtins.break": "break was added",
    'map dirOf [ "a/b"': "doubled slashes are stripped",
    "map (n: builtins.readFileType": "readFileType was added",
    "builtins.getContext (builtins.addDrvOutputDependencies": "addDrvOutputDependencies was added",
    '(derivation { name = "x"; system = "s"; builder = "/b"; outputs = [ "drvPath" ]; })': "the name is refused",
}


def has_changed_since_2_8(expression: str) -> bool:
    """Whether Nix 2.8 is known to answer differently."""
    return any(expression.startswith(start) for start in CHANGED_SINCE_2_8)


def wrap(expression: str) -> str:
    """The expression with `files` in scope: the folder of files that the table reads."""
    return f"let files = {FILES}; in {expression}"


def edge_cases() -> list[str]:
    """Further expressions, one a line, of builtins and of the language; whether they fail is in the record."""
    return [line for file in EDGES for line in file.read_text().split("\n") if line]


def all_cases() -> list[tuple[str, str]]:
    """Every (theme, expression)."""
    listed = [(theme, text) for table in (VALUES, ERRORS) for theme, texts in table.items() for text in texts]
    return listed + [("edges", text) for text in edge_cases()]


def run_nix(program: str, expression: str, store: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Evaluate strictly with a real nix-instantiate: without a store, or with one below a folder."""
    remote = "dummy://" if store is None else f"local?root={store}"
    state = {} if store is None else {"NIX_STATE_DIR": f"{store}/nix/var/nix", "NIX_LOG_DIR": f"{store}/log"}
    # A builtin that osconf always has.
    state["NIX_CONFIG"] = "extra-experimental-features = fetch-tree"
    return subprocess.run(
        [
            program,
            "--eval",
            "--strict",
            "--readonly-mode" if store is None else "--read-write-mode",
            "-E",
            wrap(expression),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=FILES,
        env={"PATH": os.environ["PATH"], "NIX_REMOTE": remote, "HOME": "/homeless", **state},
        check=False,
    )


def message_of(stderr: str) -> str:
    """The last error message of Nix's output."""
    lines = [line.strip() for line in stderr.splitlines()]
    messages = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return messages[-1] if messages else stderr


def record(program: str) -> None:
    """Write what the real binary says about every case."""
    expected = {}
    for _, expression in all_cases():
        result = run_nix(program, expression)
        answer = {"value": result.stdout} if result.returncode == 0 else {"error": message_of(result.stderr)}
        expected[expression] = {kind: text.rstrip("\n").replace(str(FILES), "FILES") for kind, text in answer.items()}
    EXPECTED.write_text(json.dumps(expected, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
