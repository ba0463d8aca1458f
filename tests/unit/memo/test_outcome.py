"""Outcomes are those of the same call."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.memo import outcome
from osconf.memo.evidence import Evidence
from osconf.memo.outcome import Memo

ENVIRONMENT = {"A": "1"}


@pytest.fixture
def memo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memo:
    """A memo, of a program whose files are old."""
    monkeypatch.setattr(outcome, "_add_program", lambda _evidence: None)
    return Memo(str(tmp_path / "outcomes"))


def test_an_outcome_is_kept(memo: Memo) -> None:
    assert memo.recall(["build"], ENVIRONMENT) is None
    memo.keep(["build"], ENVIRONMENT, b"path\n", Evidence())
    assert memo.recall(["build"], ENVIRONMENT) == b"path\n"


def test_another_call_has_another_outcome(memo: Memo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memo.keep(["build"], ENVIRONMENT, b"path\n", Evidence())
    assert memo.recall(["build", ""], ENVIRONMENT) is None
    assert memo.recall(["build", "", "A=1"], {}) is None
    assert memo.recall(["build"], {"A": "2"}) is None
    assert memo.recall(["build"], {**ENVIRONMENT, "SHLVL": "2"}) is not None
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        assert memo.recall(["build"], ENVIRONMENT) is None
    assert memo.recall(["build"], ENVIRONMENT) is not None


def test_after_a_start_of_the_machine_everything_is_done_again(
    memo: Memo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo.keep(["build"], ENVIRONMENT, b"path\n", Evidence())
    other = tmp_path / "boot_id"
    other.write_text("another\n")
    for place in (other, tmp_path / "missing"):
        monkeypatch.setattr(outcome, "_BOOT", str(place))
        assert memo.recall(["build"], ENVIRONMENT) is None
        memo.keep(["build"], ENVIRONMENT, b"path\n", Evidence())
        assert memo.recall(["build"], ENVIRONMENT) == b"path\n"


def test_an_objection_keeps_nothing(memo: Memo) -> None:
    evidence = Evidence()
    evidence.object("the clock")
    memo.keep(["build"], ENVIRONMENT, b"path\n", evidence)
    assert memo.recall(["build"], ENVIRONMENT) is None


@pytest.mark.parametrize(
    "environment", [{}, {"HOME": "", "XDG_CACHE_HOME": ""}, {"HOME": "/home/u", "OSCONF_MEMO": "0"}]
)
def test_there_is_no_memo_without_a_place(environment: dict[str, str]) -> None:
    assert Memo.of_user(environment) is None
