"""The code of osconf's own library, modules and packages, made before anybody evaluates them.

    python -m osconf.rebuild.precompile

An installed osconf brings it, `make setup` makes it for a checkout. Where it does not fit, because a text, the compiler
or Python is another one, the evaluator does not find it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from osconf.lang.cache import code_folder
from osconf.lang.evaluator import EvalSettings, Evaluator, run_deep
from osconf.lang.search_path import TREE
from osconf.lang.values import from_latin
from osconf.lang.world import PureWorld

_FOLDERS = ("lib", "modules", "pkgs", "osconf/lang/corepkgs")


def precompile() -> None:
    """Translate and compile every file of the tree's language side."""
    tree = from_latin(TREE)
    folder = code_folder(tree)
    shutil.rmtree(folder, ignore_errors=True)
    evaluator = Evaluator(PureWorld(), settings=EvalSettings(cache_dir=Path(folder)))
    files = sorted(file for folder in _FOLDERS for file in Path(tree, folder).rglob("*.nix"))

    def work() -> None:
        for file in files:
            evaluator.precompile(str(file))

    run_deep(work)


if __name__ == "__main__":
    precompile()
