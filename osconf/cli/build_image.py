"""`osconf build-image`: the configuration as a disk that boots by itself."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation


@click.command("build-image")
@click.option(
    "--format",
    "image_format",
    type=click.Choice(["qcow2", "raw", "vdi", "vmdk"]),
    default="qcow2",
    show_default=True,
    help="The kind of image.",
)
@options.configuration
@options.extra_modules
@options.result_link("result")
@options.build_settings
@click.pass_obj
def build_image(
    invocation: Invocation,
    image_format: str,
    config: str | None,
    modules: tuple[str, ...],
    out_link: str,
) -> None:
    """Build a disk image with GRUB, the system and its store: LINK/disk.FORMAT. Needs no root.

    \b
    Example:
      osconf build-image --format qcow2 -c examples/seed.nix
    """
    from osconf.rebuild.configuration import instantiate_configuration
    from osconf.rebuild.results import link_results

    session = invocation.session
    form = f'{{ virtualisation.imageFormat = "{image_format}"; }}'
    wanted = instantiate_configuration(session, invocation.configuration(config), "image", modules=[form, *modules])
    paths = session.build([wanted])
    link_results(session.store, out_link, paths)
    click.echo(paths[0])


COMMANDS = {"build-image": build_image}
