"""`osconf store`: look at and maintain the store."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.store_care import VERBS
from osconf.cli.units import show_size
from osconf.errors import OsconfError
from osconf.store.follow import follow_links
from osconf.store.queries import closure_size, find_chain, find_mentions


@click.group("store")
def store() -> None:
    """Look at and maintain the store. PATH is a store path or a link to one, such as `result`.

    \b
    Example:
      osconf store closure result
    """


def _resolve(invocation: Invocation, paths: Iterable[str]) -> list[str]:
    return [invocation.session.store.resolve(path) for path in paths]


def _print(paths: Iterable[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(list(paths)))
    else:
        for path in paths:
            click.echo(path)


def _query(name: str, ask: Callable[[Invocation, list[str]], Iterable[str]], text: str) -> None:
    @store.command(name, help=f"{text}\n\n\b\nExample:\n  osconf store {name} result")
    @click.argument("paths", nargs=-1, required=True)
    @options.as_json
    @click.pass_obj
    def query(invocation: Invocation, paths: tuple[str, ...], as_json: bool) -> None:
        chosen = _resolve(invocation, paths)
        for path in chosen:
            # Raises when it is not valid: to have no answer would say something else.
            invocation.session.store.query_path_info(path)
        _print(ask(invocation, chosen), as_json)


_query(
    "closure",
    lambda invocation, paths: invocation.session.store.closure(paths),
    "Print the paths and everything they refer to, references first.",
)
_query(
    "references",
    lambda invocation, paths: sorted({ref for path in paths for ref in invocation.session.store.references(path)}),
    "Print what the paths refer to.",
)
_query(
    "referrers",
    lambda invocation, paths: sorted({ref for path in paths for ref in invocation.session.store.referrers(path)}),
    "Print what refers to the paths.",
)


@store.command("tree")
@click.argument("path")
@click.pass_obj
def tree(invocation: Invocation, path: str) -> None:
    """Print the references of a path as a tree; what was shown before is marked [...].

    \b
    Example:
      osconf store tree result
    """
    seen: set[str] = set()
    local = invocation.session.store
    # No recursion: chains of references may be thousands of paths long.
    todo = [(_resolve(invocation, [path])[0], "", "")]
    while todo:
        at, lead, branch = todo.pop()
        below = [reference for reference in local.references(at) if reference != at]
        click.echo(f"{lead}{branch}{at}{' [...]' if at in seen and below else ''}")
        if at in seen:
            continue
        seen.add(at)
        deeper = lead + {"": "", "├── ": "│   ", "└── ": "    "}[branch]
        branches = ["├── "] * (len(below) - 1) + ["└── "]
        todo += [(reference, deeper, way) for reference, way in zip(below, branches, strict=False)][::-1]


@store.command("size")
@click.argument("paths", nargs=-1, required=True)
@options.as_json
@click.pass_obj
def show_sizes(invocation: Invocation, paths: tuple[str, ...], as_json: bool) -> None:
    """Print how large the paths are, alone and with everything they refer to.

    \b
    Example:
      osconf store size result
    """
    local = invocation.session.store
    rows = []
    for path in _resolve(invocation, paths):
        size = local.query_path_info(path).nar_size
        rows.append({"path": path, "size": size, "closureSize": closure_size(local, [path])})
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{show_size(int(str(row['size'])))}\t{show_size(int(str(row['closureSize'])))}\t{row['path']}")


@store.command("why-depends")
@click.argument("path")
@click.argument("dependency")
@click.option("--precise", is_flag=True, help="Show the files that hold each reference.")
@click.pass_obj
def why_depends(invocation: Invocation, path: str, dependency: str, precise: bool) -> None:
    """Print the shortest chain of references from PATH to DEPENDENCY.

    \b
    Example:
      osconf store why-depends --precise /run/current-system /osconf/store/…-perl-base
    """
    local = invocation.session.store
    start, goal = _resolve(invocation, [path, dependency])
    chain = find_chain(local, start, goal)
    if not chain:
        click.echo(f"{start} does not depend on {goal}", err=True)
        raise click.exceptions.Exit(1)
    for depth, member in enumerate(chain):
        click.echo("  " * depth + ("└── " if depth else "") + member)
        if precise and member != goal:
            for file in find_mentions(local, member, chain[depth + 1]):
                click.echo("  " * (depth + 1) + f"in {file}")


@store.command("ls")
@click.argument("path")
@click.option("-l", "--long", "is_long", is_flag=True, help="Show kind, size and target.")
@click.pass_obj
def ls(invocation: Invocation, path: str, is_long: bool) -> None:
    """List what is inside a store path.

    \b
    Example:
      osconf store ls /run/current-system/etc
    """
    place = _inside(invocation, path)
    entries = sorted(place.iterdir()) if place.is_dir() else [place]
    for entry in entries:
        if not is_long:
            click.echo(entry.name)
        elif entry.is_symlink():
            click.echo(f"link       {'':>10} {entry.name} -> {entry.readlink()}")
        elif entry.is_dir():
            click.echo(f"directory  {'':>10} {entry.name}")
        else:
            kind = "program" if entry.stat().st_mode & 0o100 else "file"
            click.echo(f"{kind:<10} {entry.stat().st_size:>10} {entry.name}")


@store.command("cat")
@click.argument("path")
@click.pass_obj
def cat(invocation: Invocation, path: str) -> None:
    """Print a file inside a store path.

    \b
    Example:
      osconf store cat /osconf/store/…-system/activation.json
    """
    sys.stdout.buffer.write(_inside(invocation, path).read_bytes())
    sys.stdout.buffer.flush()


def _inside(invocation: Invocation, path: str, *, follow_last: bool = True) -> Path:
    """The physical place of a file at or in a store path; links on the way are followed inside the store."""
    local = invocation.session.store
    return follow_links(local.layout, local.locate(path), follow_last=follow_last)


@store.command("add")
@click.argument("files", nargs=-1, required=True)
@click.option("--name", help="The name of the store path (default: the file's).")
@click.option("--flat", is_flag=True, help="Hash the bytes of the file, not its archive.")
@click.pass_obj
def add(invocation: Invocation, files: tuple[str, ...], name: str | None, flat: bool) -> None:
    """Copy files or directories into the store and print their paths.

    \b
    Example:
      osconf store add ./website
    """
    local = invocation.session.store
    for file in files:
        source = Path(file).absolute()
        click.echo(local.add_path(source, name or source.name, recursive=not flat))
    local.flush()


@store.command("hash")
@click.argument("files", nargs=-1, required=True)
@click.option("--flat", is_flag=True, help="Hash the bytes of the file, not its archive.")
@click.option("--algorithm", type=click.Choice(["sha256", "sha512", "sha1", "md5"]), default="sha256", help="sha256 …")
@click.option("--format", "form", type=click.Choice(["sri", "base16", "base32"]), default="sri", help="sri (default) …")
def hash_files(files: tuple[str, ...], flat: bool, algorithm: str, form: str) -> None:
    """Print the hash of files or directories, as `outputHash` and `hash` want it.

    \b
    Example:
      osconf store hash ./website
    """
    from osconf.model.hashes import hash_file
    from osconf.model.nar import hash_path

    for file in files:
        found = hash_file(algorithm, Path(file)) if flat else hash_path(file, algorithm)[0]
        click.echo({"sri": found.sri, "base16": found.base16, "base32": found.base32}[form]())


@store.command("roots")
@options.as_json
@click.pass_obj
def roots(invocation: Invocation, as_json: bool) -> None:
    """Print what keeps store paths from being collected.

    \b
    Example:
      osconf store roots
    """
    local = invocation.session.store
    # Processes may use paths of another store, which has the same names.
    found = {path: sorted(reasons) for path, reasons in sorted(local.roots().items()) if local.is_valid(path)}
    if as_json:
        click.echo(json.dumps(found))
        return
    for path, reasons in found.items():
        for reason in reasons:
            click.echo(f"{reason} -> {path}")


@store.command("delete")
@click.argument("paths", nargs=-1, required=True)
@click.pass_obj
def delete(invocation: Invocation, paths: tuple[str, ...]) -> None:
    """Delete store paths that nothing needs.

    \b
    Example:
      osconf store delete /osconf/store/…-big
    """
    result = invocation.session.store.delete(_resolve(invocation, paths))
    click.echo(f"{len(result.paths)} store paths, {show_size(result.freed)} freed", err=True)


@store.command("dump")
@click.argument("path")
@click.pass_obj
def dump(invocation: Invocation, path: str) -> None:
    """Write a file or directory as a NAR archive to standard output.

    \b
    Example:
      osconf store dump ./website > website.nar
    """
    from osconf.model.nar import dump_path

    given = Path(path)
    place = given if given.exists() else _inside(invocation, path, follow_last=False)
    dump_path(place, sys.stdout.buffer.write)
    sys.stdout.buffer.flush()


@store.command("restore")
@click.argument("target")
def restore(target: str) -> None:
    """Unpack a NAR archive from standard input to TARGET, which must not exist.

    \b
    Example:
      osconf store restore website < website.nar
    """
    from osconf.model.nar import restore as unpack
    from osconf.store.canonical import remove_tree

    place = Path(target)
    if place.exists() or place.is_symlink():
        raise OsconfError(f"cannot unpack to '{target}': something is there already", code="file-exists")
    try:
        unpack(sys.stdin.buffer, place)
    except BaseException:
        remove_tree(place)
        raise


@store.command("receive")
@click.pass_obj
def receive(invocation: Invocation) -> None:
    """Take a closure from standard input: the other side of `osconf switch --target-host`.

    \b
    Example:
      ssh web osconf store receive
    """
    from osconf.rebuild.copy import receive_into

    receive_into(invocation.session.store, sys.stdin.buffer, sys.stdout.buffer)


@store.command("send")
@click.argument("paths", nargs=-1, required=True)
@click.pass_obj
def send(invocation: Invocation, paths: tuple[str, ...]) -> None:
    """Write what standard input says is missing of a closure: the other side of `osconf copy --from ssh://…`.

    \b
    Example:
      ssh web osconf store send /osconf/store/…-hello
    """
    from osconf.store.transfer import send_closure

    local = invocation.session.store
    send_closure(local, [local.resolve(path) for path in paths], sys.stdout.buffer, sys.stdin.buffer)


for verb in VERBS:
    store.add_command(verb)

COMMANDS = {"store": store}
