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


def option_reference(form: str = "markdown") -> str:
    """The reference of the options that osconf's own modules declare: `markdown`, `html` or `man`."""
    from osconf.lang.evaluator import Evaluator, run_deep
    from osconf.lang.world import PureWorld
    from osconf.module_system.manual import render_html, render_manual_page
    from osconf.module_system.primops import MODULE_PRIMOPS
    from osconf.module_system.reference import render_markdown

    render = {"markdown": render_markdown, "html": render_html, "man": render_manual_page}[form]

    def work() -> str:
        # Declarations need no packages: what a default says of them is a text.
        evaluator = Evaluator(PureWorld(), internal=MODULE_PRIMOPS)
        return render(evaluator.eval_text("import <osconf/modules> { configuration = { }; }"))

    return run_deep(work)
