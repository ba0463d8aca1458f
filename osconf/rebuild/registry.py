"""Every builtin builder, by the name after `builtin:`; what the layers below do not know of each other meets here."""

from __future__ import annotations

from collections.abc import Mapping

from osconf.archive.acquire import Access
from osconf.build.builtin import BuiltinBuilder
from osconf.build.builtins import GENERIC_BUILDERS
from osconf.environment.builders import BUILDERS as ENVIRONMENT_BUILDERS
from osconf.rebuild.builders import make_archive_builders
from osconf.system.builders import SYSTEM_BUILDERS


def make_builders(access: Access) -> Mapping[str, BuiltinBuilder]:
    """The builders of a session; those of the archive reach it through `access`."""
    return {**GENERIC_BUILDERS, **ENVIRONMENT_BUILDERS, **SYSTEM_BUILDERS, **make_archive_builders(access)}
