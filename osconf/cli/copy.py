"""`osconf copy`: closures to and from binary caches and other machines."""

from __future__ import annotations

from pathlib import Path

import click

from osconf.cli.context import Invocation
from osconf.errors import OsconfError


@click.command("copy")
@click.argument("paths", nargs=-1, required=True)
@click.option("--to", "to", metavar="URI", help="Copy to file:///DIR or ssh://[user@]host[:port].")
@click.option("--from", "from_", metavar="URI", help="Copy from file:///DIR, http(s)://… or ssh://….")
@click.option("--trusted-key", "trusted_keys", metavar="NAME:KEY", multiple=True, help="Trust this public key.")
@click.option("--key", "key_file", type=click.Path(exists=True, dir_okay=False), help="Sign with this secret key.")
@click.option(
    "--compression", type=click.Choice(["zstd", "xz", "none"]), default="zstd", help="How archives are packed."
)
@click.pass_obj
def copy(
    invocation: Invocation,
    paths: tuple[str, ...],
    to: str | None,
    from_: str | None,
    trusted_keys: tuple[str, ...],
    key_file: str | None,
    compression: str,
) -> None:
    """Copy store paths with everything they refer to. From a cache only what a trusted key signed is taken.

    \b
    Example:
      osconf copy --to file:///srv/cache --key secret.key result
      osconf copy --from file:///srv/cache --trusted-key cache-1:… /osconf/store/…-hello
    """
    from osconf.rebuild.copy import copy_from, copy_to
    from osconf.store.signing import SecretKey

    if (to is None) == (from_ is None):
        raise click.UsageError("say either --to or --from")
    session = invocation.session

    def listen(path: str) -> None:
        if not invocation.quiet:
            click.echo(f"copied {path}", err=True)

    if to is not None:
        key = SecretKey.parse(Path(key_file).read_text("utf-8")) if key_file is not None else None
        chosen = [session.store.resolve(path) for path in paths]
        copy_to(session, to, chosen, listen, key=key, compression=compression)
        return
    for path in paths:
        if not path.startswith(session.store_dir + "/"):
            raise OsconfError(f"'{path}' is no store path", hint=f"name what is there: {session.store_dir}/…")
    keys = (*trusted_keys, *session.settings.trusted_public_keys)
    copy_from(session, from_ or "", paths, listen, trusted_keys=keys)


COMMANDS = {"copy": copy}
