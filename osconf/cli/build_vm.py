"""`osconf build-vm`: the configuration in QEMU."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation


@click.command("build-vm")
@options.configuration
@options.extra_modules
@options.result_link("result")
@options.build_settings
@click.pass_obj
def build_vm(
    invocation: Invocation,
    config: str | None,
    modules: tuple[str, ...],
    out_link: str,
) -> None:
    """Build a script that boots the configuration in QEMU: LINK/bin/run-<hostName>-vm.

    \b
    Example:
      osconf build-vm -c examples/webserver.nix && result/bin/run-webserver-vm
    """
    from osconf.rebuild.configuration import instantiate_configuration
    from osconf.rebuild.results import link_results

    session = invocation.session
    paths = session.build([instantiate_configuration(session, invocation.configuration(config), "vm", modules=modules)])
    link_results(session.store, out_link, paths)
    click.echo(paths[0])
    scripts = sorted((session.store.real_path(paths[0]) / "bin").iterdir())
    click.echo(f"start it with {out_link}/bin/{scripts[0].name}", err=True)


COMMANDS = {"build-vm": build_vm}
