"""Running programs: results, failures that explain themselves, time limits."""

from __future__ import annotations

import pytest

from osconf.host.process import ProgramFailed, run_program, start_program


def test_output_and_exit_code() -> None:
    result = run_program(["/bin/sh", "-c", "cat; echo err >&2; exit 3"], input=b"in", check=False)
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"in", b"err\n")


def test_environment_is_what_was_given() -> None:
    assert run_program(["/usr/bin/env"], env={"A": "b"}).text == "A=b"


def test_failure_names_command_and_last_words() -> None:
    with pytest.raises(ProgramFailed, match="ended with exit code 2: no such thing") as caught:
        run_program(["/bin/sh", "-c", "echo no such thing >&2; exit 2"])
    assert caught.value.hint == "the command was: /bin/sh -c 'echo no such thing >&2; exit 2'"
    assert caught.value.result.exit_code == 2


def test_missing_program_and_slow_program() -> None:
    assert run_program(["/no/such/program"], check=False).exit_code == 127
    with pytest.raises(ProgramFailed, match="no end within"):
        run_program(["/bin/sleep", "5"], timeout=0.1)


def test_started_program_can_be_waited_for() -> None:
    assert start_program(["/bin/sh", "-c", "exit 5"]).wait() == 5
