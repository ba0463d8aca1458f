"""`osconf gc`: delete what nothing needs."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.units import parse_age, parse_size, show_size


@click.command("gc")
@click.option("--keep-generations", type=click.IntRange(min=1), metavar="N", help="Forget all but N generations first.")
@click.option(
    "--older-than",
    "--delete-older-than",
    "older_than",
    metavar="AGE",
    help="Forget generations older than this first (30d, 12h).",
)
@click.option("-d", "--delete-old", is_flag=True, help="Forget all generations but the current ones first.")
@click.option("--max-freed", metavar="SIZE", help="Stop when this much is freed (5G).")
@click.option("--dry-run", is_flag=True, help="Only say what would go, and how much that would free.")
@options.as_json
@click.pass_obj
def collect(
    invocation: Invocation,
    keep_generations: int | None,
    older_than: str | None,
    delete_old: bool,
    max_freed: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete store paths that no generation, result link or process needs.

    \b
    Example:
      osconf gc --keep-generations 5
    """
    from osconf.rebuild.garbage import collect_garbage

    result = collect_garbage(
        invocation.session,
        keep_generations=keep_generations,
        older_than=0 if delete_old else None if older_than is None else parse_age(older_than),
        max_freed=None if max_freed is None else parse_size(max_freed),
        dry_run=dry_run,
    )
    if as_json:
        import json

        click.echo(json.dumps({"deleted": sorted(result.deleted), "freed": result.freed}))
        return
    for path in sorted(result.deleted):
        click.echo(path)
    verb = "would be freed" if dry_run else "freed"
    click.echo(f"{len(result.deleted)} store paths, {show_size(result.freed)} {verb}", err=True)


COMMANDS = {"gc": collect}
