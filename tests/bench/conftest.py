"""Benchmarks run only when they are asked for: `make bench`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-bench", action="store_true", help="measure")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--run-bench", default=False):
        for item in items:
            if "bench" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="benchmarks run with --run-bench"))


@pytest.fixture(autouse=True)
def every_call_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations are measured, not the repetition of calls with nothing to do."""
    monkeypatch.setenv("OSCONF_MEMO", "0")
