"""`osconf option`, `osconf search --options` and the reference: options as the module system reports them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osconf.rebuild.configuration import evaluate_configuration

if TYPE_CHECKING:
    from osconf.module_system.reports import OptionReport
    from osconf.rebuild.session import Session


def report_option(session: Session, configuration: Path, path: str) -> OptionReport:
    """Describe one option, or list those below a prefix."""
    from osconf.lang.evaluator import run_deep
    from osconf.module_system.documentation import describe_option

    return run_deep(lambda: describe_option(evaluate_configuration(session, configuration), path))


def complete_option(session: Session, configuration: Path | None, begun: str) -> list[str]:
    """How the path of an option may go on, for completion in a shell; without a configuration, of any system."""
    from osconf.lang.evaluator import run_deep
    from osconf.module_system.documentation import root_of
    from osconf.module_system.finding import complete_path

    def work() -> list[str]:
        if configuration is not None:
            return complete_path(root_of(evaluate_configuration(session, configuration)), begun)
        result = session.evaluator().eval_text("import <osconf/modules> { configuration = { }; }")
        return complete_path(root_of(result), begun)

    return run_deep(work)


def option_reference(form: str = "markdown") -> str:
    """The reference of the options that osconf's own modules declare: `markdown`, `html`, `man` or `json`."""
    from osconf.lang.evaluator import Evaluator, run_deep
    from osconf.lang.world import PureWorld
    from osconf.module_system.manual import render_html, render_manual_page
    from osconf.module_system.primops import MODULE_PRIMOPS
    from osconf.module_system.reference import render_json, render_markdown

    render = {"markdown": render_markdown, "html": render_html, "man": render_manual_page, "json": render_json}[form]

    def work() -> str:
        # Declarations need no packages: what a default says of them is a text.
        evaluator = Evaluator(PureWorld(), internal=MODULE_PRIMOPS)
        return render(evaluator.eval_text("import <osconf/modules> { configuration = { }; }"))

    return run_deep(work)
