"""`osconf option`, `osconf search --options` and the reference: options as the module system reports them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osconf.rebuild.configuration import evaluate_configuration

if TYPE_CHECKING:
    from osconf.module_system.documentation import OptionReport
    from osconf.rebuild.session import Session


def report_option(session: Session, configuration: Path, path: str) -> OptionReport:
    """Describe one option, or list those below a prefix."""
    from osconf.lang.evaluator import run_deep
    from osconf.module_system.documentation import describe_option

    return run_deep(lambda: describe_option(evaluate_configuration(session, configuration), path))
