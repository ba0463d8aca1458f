"""`osconf daemon`: the store for users who may not write it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import click

from osconf.cli.context import Invocation
from osconf.errors import OsconfError


@click.command("daemon")
@click.option("--socket", "path", metavar="PATH", help="Listen here (default: ROOT/run/osconf/store.sock).")
@click.option("--idle-exit", metavar="SECONDS", type=click.IntRange(min=1), help="End when nobody came for so long.")
@click.option("--trusted-user", "trusted", multiple=True, metavar="NAME", help="Trust a user or @GROUP as root is.")
@click.option("--allowed-user", "allowed", multiple=True, metavar="NAME", help="Serve only these users and @GROUPs.")
@click.pass_obj
def daemon(
    invocation: Invocation,
    path: str | None,
    idle_exit: int | None,
    trusted: tuple[str, ...],
    allowed: tuple[str, ...],
) -> None:
    """Build and register in the store for other users, on the sockets that systemd gives or on one of its own.

    \b
    Example:
      osconf daemon --socket /run/osconf/store.sock --trusted-user @wheel
    """
    from osconf.daemon.access import Policy
    from osconf.daemon.listener import Listener, inherited_sockets, open_socket
    from osconf.rebuild.daemon import make_policy, make_server
    from osconf.rebuild.opening import may_write
    from osconf.store.canonical import explaining
    from osconf.store.gc import remove_leftovers
    from osconf.store.layout import StoreLayout
    from osconf.store.readonly import ensure_writable

    layout = StoreLayout(invocation.store_root, invocation.store_dir)
    if not may_write(layout):
        raise OsconfError(
            f"the daemon must be able to write the store below {layout.root}",
            code="store-not-writable",
            hint="run it as root, or with `--store DIR` for a store of your own",
        )
    os.umask(0o022)

    def read_policy() -> Policy:
        return make_policy(invocation.open_session, trusted=trusted, allowed=allowed)

    serve = make_server(invocation.open_session, read_policy)
    # The clients' processes inherit the mount namespace in which the store can be written.
    with explaining(f"open the store '{layout.store}'"):
        ensure_writable(layout.store)
    if layout.temporary.is_dir():
        remove_leftovers(layout)
    sockets = inherited_sockets(invocation.environment)
    with ExitStack() as stack:
        if path is not None or not sockets:
            own = Path(path).absolute() if path is not None else layout.socket
            sockets.append(stack.enter_context(open_socket(own)))
            if not invocation.quiet:
                click.echo(f"listening at {own}", err=True)
        Listener(sockets, serve, read_policy, idle_seconds=idle_exit).run()


COMMANDS = {"daemon": daemon}
