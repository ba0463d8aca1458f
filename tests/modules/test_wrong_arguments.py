"""What functions of the module system say to arguments of a wrong kind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from osconf.errors import OsconfError

sys.path.insert(0, str(Path(__file__).parent))
from module_language import evaluate

CASES = {
    "types.attrsWith { }": "lib.types.attrsWith needs `elemType'",
    "types.attrsWith [ ]": "expected a set but found a list",
    "types.attrTag 1": "expected a set but found an integer: 1",
    "types.enum 1": "expected a list but found an integer: 1",
    "types.oneOf { }": "expected a list but found a set",
    "types.strMatching 1": "expected a string but found an integer: 1",
    "types.separatedString null": "expected a string but found null",
    "types.pathWith true": "expected a set but found a Boolean: true",
    "types.pathWith { inStore = 1; }": "`inStore' and `absolute' are true, false or null",
    "types.submoduleWith { }": "lib.types.submoduleWith needs `modules'",
    "types.submoduleWith { modules = 1; }": "expected a list but found an integer: 1",
    "types.submoduleWith { modules = [ ]; specialArgs = [ ]; }": "expected a set but found a list",
    "types.deferredModuleWith { staticModules = { }; }": "expected a list but found a set",
    "types.unique true types.int": "expected a set but found a Boolean: true",
    "types.mkOptionType { }": "lib.types.mkOptionType needs `name'",
    "types.setType ''x'' 1": "expected a set but found an integer: 1",
    "types.defaultTypeMerge { } { }": "lib.types.defaultTypeMerge needs `name'",
    "evalModules [ ]": "expected a set but found a list",
    "evalModules { }": "lib.evalModules needs `modules'",
    "evalModules { modules = [ ]; prefix = ''x''; }": "expected a list but found a string",
    "mergeDefinitions null types.int [ ]": "expected a list but found null",
    "mergeDefinitions [ ] types.int [ 1 ]": "expected a set but found an integer: 1",
    "mergeDefinitions [ ] types.int [ { } ]": "needs `value' in its argument",
}


@pytest.mark.parametrize(("code", "message"), CASES.items())
def test_says_what_was_expected(code: str, message: str) -> None:
    with pytest.raises(OsconfError) as caught:
        evaluate(f"let lib = import <osconf/lib>; in with lib; ({code}) ? _type")
    assert message in caught.value.message
