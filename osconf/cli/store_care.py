"""`osconf store verify|optimise|sign|export|import|copy-log|graph|diff`: keeping, moving and comparing store paths."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from osconf.cli.context import Invocation
from osconf.cli.units import show_size

if TYPE_CHECKING:
    from osconf.store.queries import ClosureDifference


def resolve_paths(invocation: Invocation, paths: Iterable[str]) -> list[str]:
    """The store paths that are meant by paths or links such as `result`."""
    return [invocation.session.store.resolve(path) for path in paths]


@click.command("verify")
@click.argument("paths", nargs=-1)
@click.option("--check-contents", is_flag=True, help="Read every file and compare the hashes.")
@click.option("--repair", is_flag=True, help="Build damaged and missing paths again.")
@click.option("--signatures", is_flag=True, help="Check that a trusted key signed each path.")
@click.option("--trusted-key", "trusted_keys", metavar="NAME:KEY", multiple=True, help="Trust this public key, too.")
@click.pass_obj
def verify(
    invocation: Invocation,
    paths: tuple[str, ...],
    check_contents: bool,
    repair: bool,
    signatures: bool,
    trusted_keys: tuple[str, ...],
) -> None:
    """Compare the store with its database. Ends with 1 when something is wrong and stays so.

    \b
    Example:
      osconf store verify --check-contents --repair
    """
    session = invocation.session
    repairer = None
    if repair:
        from osconf.build.repair import make_repair
        from osconf.rebuild.registry import make_builders

        builders = make_builders(session.access)
        repairer = make_repair(session.local_store, builders, session.build_settings, session.reporter)
    chosen = resolve_paths(invocation, paths) or None
    report = session.store.verify(check_contents=check_contents, repair=repairer, paths=chosen)
    for line in report.database:
        click.echo(f"database: {line}")
    for word, found in (("missing", report.missing), ("changed", report.changed)):
        for path in found:
            outcome = " (repaired)" if path in report.repaired else " (not repaired)" if repair else ""
            click.echo(f"{word}: {path}{outcome}")
    for path in report.unregistered:
        click.echo(f"not registered: {path}")
    unsigned = find_unsigned(invocation, chosen, trusted_keys) if signatures else []
    for path in unsigned:
        click.echo(f"not signed: {path}")
    click.echo(f"{report.checked} store paths checked", err=True)
    if unsigned or not report.is_sound:
        raise click.exceptions.Exit(1)


def find_unsigned(invocation: Invocation, paths: Sequence[str] | None, trusted_keys: Sequence[str]) -> list[str]:
    """Those of the paths (default: all) that no key signed which the settings or `trusted_keys` name."""
    from osconf.store.signing import is_signed, parse_public_keys

    session = invocation.session
    keys = parse_public_keys([*trusted_keys, *session.settings.trusted_public_keys])
    store = session.store
    chosen = store.valid_paths() if paths is None else paths
    return [path for path in chosen if not is_signed(store.query_path_info(path), keys)]


@click.command("recover")
@click.option("--force", is_flag=True, help="Make the database anew even though it seems sound.")
@click.pass_obj
def recover(invocation: Invocation, force: bool) -> None:
    """Make a damaged database anew from what is on the disk; the old file is kept beside it.

    A path is kept when its content is what was registered, as far as the old file still says, or proves its own name.
    Everything else is built or fetched again when it is needed.

    \b
    Example:
      osconf store recover
    """
    from osconf.rebuild.recovery import recover_store

    recovery = recover_store(invocation.store_root, invocation.store_dir, force=force)
    if recovery is None:
        click.echo("the database is sound; nothing was changed", err=True)
        return
    for path in recovery.unknown:
        click.echo(f"not registered: {path}")
    old = f"; the old database is {recovery.old}" if recovery.old else ""
    click.echo(f"{len(recovery.kept)} store paths registered again{old}", err=True)


@click.command("optimise")
@click.pass_obj
def optimise(invocation: Invocation) -> None:
    """Save space: equal files become hard links to one.

    \b
    Example:
      osconf store optimise
    """
    from osconf.store.optimise import optimise_store

    result = optimise_store(invocation.session.local_store)
    click.echo(f"{result.linked} files linked, {show_size(result.freed)} freed", err=True)


@click.command("sign")
@click.argument("paths", nargs=-1, required=True)
@click.option("--key", "key_file", required=True, type=click.Path(exists=True, dir_okay=False), help="The secret key.")
@click.option("-r", "--recursive", is_flag=True, help="Sign everything that the paths refer to as well.")
@click.pass_obj
def sign(invocation: Invocation, paths: tuple[str, ...], key_file: str, recursive: bool) -> None:
    """Sign store paths, so that other machines can take them from a binary cache.

    \b
    Example:
      osconf store sign --key secret.key -r result
    """
    from osconf.store.binary_cache import sign_info
    from osconf.store.signing import SecretKey

    store = invocation.session.store
    key = SecretKey.parse(Path(key_file).read_text("utf-8"))
    chosen = resolve_paths(invocation, paths)
    wanted = store.closure(chosen) if recursive else chosen
    store.add_signatures({path: sign_info(store.query_path_info(path), key).signatures for path in wanted})


@click.command("export")
@click.argument("paths", nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="Export everything that the paths refer to as well.")
@click.pass_obj
def export(invocation: Invocation, paths: tuple[str, ...], recursive: bool) -> None:
    """Write store paths to standard output, for `osconf store import`.

    \b
    Example:
      osconf store export -r result | ssh host osconf store import
    """
    from osconf.store.stream import export_paths

    store = invocation.session.store
    chosen = resolve_paths(invocation, paths)
    closure = store.closure(chosen)
    export_paths(store, closure if recursive else [path for path in closure if path in chosen], sys.stdout.buffer)


@click.command("import")
@click.pass_obj
def import_(invocation: Invocation) -> None:
    """Take store paths from standard input, as `osconf store export` writes them, and print them.

    \b
    Example:
      osconf store import < closure.export
    """
    from osconf.rebuild.copy import import_into

    for path in import_into(invocation.session.store, sys.stdin.buffer):
        click.echo(path)


@click.command("copy-log")
@click.argument("paths", nargs=-1, required=True)
@click.option("--to", "to", metavar="URI", help="Copy to file:///DIR.")
@click.option("--from", "from_", metavar="URI", help="Copy from file:///DIR or http(s)://….")
@click.pass_obj
def copy_log(invocation: Invocation, paths: tuple[str, ...], to: str | None, from_: str | None) -> None:
    """Copy the logs of builds to or from a binary cache. PATH is a derivation or an output of one.

    \b
    Example:
      osconf store copy-log --to file:///srv/cache result
    """
    from osconf.rebuild.copy import copy_logs_from, copy_logs_to

    if (to is None) == (from_ is None):
        raise click.UsageError("say either --to or --from")
    chosen = [path if path.endswith(".drv") else invocation.session.store.resolve(path) for path in paths]
    if to is not None:
        copy_logs_to(invocation.session, to, chosen)
    else:
        copy_logs_from(invocation.session, from_ or "", chosen)


@click.command("graph")
@click.argument("paths", nargs=-1, required=True)
@click.option("--format", "format_", type=click.Choice(["dot", "svg"]), default="dot", help="dot (default) or svg.")
@click.pass_obj
def graph(invocation: Invocation, paths: tuple[str, ...], format_: str) -> None:
    """Draw what the paths refer to.

    \b
    Example:
      osconf store graph --format svg result > closure.svg
    """
    from osconf.store.graph import render_dot, render_svg

    store, chosen = invocation.session.store, resolve_paths(invocation, paths)
    for path in chosen:
        # Raises when it is not valid: it would only be missing in the picture.
        store.query_path_info(path)
    edges = store.closure_edges(chosen)
    click.echo(render_svg(edges) if format_ == "svg" else render_dot(edges), nl=False)


@click.command("diff")
@click.argument("before")
@click.argument("after")
@click.pass_obj
def diff(invocation: Invocation, before: str, after: str) -> None:
    """Say how the closures of two paths differ: versions that came and went, and sizes.

    \b
    Example:
      osconf store diff /osconf/var/profiles/system-4-link /osconf/var/profiles/system-5-link
    """
    from osconf.store.queries import compare_closures

    old, new = resolve_paths(invocation, [before, after])
    for difference in compare_closures(invocation.session.store, [old], [new]):
        click.echo(_show_difference(difference))


def _show_difference(difference: ClosureDifference) -> str:
    before, after = (
        ", ".join(version or "unversioned" for version in side) for side in (difference.before, difference.after)
    )
    change = f"{before or '∅'} → {after or '∅'}" if difference.before or difference.after else "same version"
    sign_ = "+" if difference.size >= 0 else "-"
    return f"{difference.name}: {change}, {sign_}{show_size(abs(difference.size))}"


VERBS: tuple[click.Command, ...] = (verify, recover, optimise, sign, export, import_, copy_log, graph, diff)
