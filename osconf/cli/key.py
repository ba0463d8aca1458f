"""`osconf key`: the keys that sign store paths."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group("key")
def key() -> None:
    """Make keys that sign store paths for binary caches.

    \b
    Example:
      osconf key generate cache.example.org-1 > secret.key
      osconf key public secret.key
    """


@key.command("generate")
@click.argument("name")
def generate(name: str) -> None:
    """Print a new secret key. Keep it where only you can read it.

    \b
    Example:
      osconf key generate cache.example.org-1 > secret-key
    """
    from osconf.store.signing import SecretKey

    click.echo(SecretKey.generate(name).render())


@key.command("public")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def public(file: str) -> None:
    """Print the public key that belongs to the secret key in FILE.

    \b
    Example:
      osconf key public secret-key
    """
    from osconf.store.signing import SecretKey

    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    click.echo(SecretKey.parse(text).render_public())


COMMANDS = {"key": key}
