"""Where paths of a store are: what every kind of store knows from its layout alone."""

from __future__ import annotations

import os
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.store_path import split_store_path
from osconf.store.layout import StoreLayout

_MAX_LINKS = 40


class NotValid(StoreError):
    """A path is not in the store."""

    code = "path-not-valid"


class StorePlaces:
    """Logical paths and physical places of one layout."""

    def __init__(self, layout: StoreLayout) -> None:
        self.layout = layout

    @property
    def store_dir(self) -> str:
        """The logical store directory, part of every hash."""
        return self.layout.store_dir

    @property
    def root(self) -> Path:
        """The directory below which the physical store is."""
        return self.layout.root

    @property
    def state_dir(self) -> Path:
        """The physical state directory."""
        return self.layout.state

    def real_path(self, path: str) -> Path:
        """The physical place of a store path, or of a file inside one."""
        return self.layout.real_path(path)

    def store_path_of(self, path: str) -> str:
        """The store path that a path is at or in."""
        return split_store_path(path, self.store_dir)[0]

    def locate(self, path: str | Path) -> str:
        """The logical path at or in a store path that a path leads to, through links outside the store (`result`)."""
        text = os.path.abspath(path)  # noqa: PTH100 - links are followed one by one below
        for _ in range(_MAX_LINKS):
            for prefix in (f"{self.layout.prefix}{self.store_dir}/", f"{self.store_dir}/"):
                if text.startswith(prefix):
                    return f"{self.store_dir}/{text[len(prefix) :]}"
            link = next((place for place in reversed((Path(text), *Path(text).parents)) if place.is_symlink()), None)
            if link is None:
                break
            text = os.path.normpath(link.parent / link.readlink() / Path(text).relative_to(link))
        raise NotValid(f"'{path}' does not lead into the store '{self.layout.store}'")

    def resolve(self, path: str | Path) -> str:
        """The store path that a path leads to or into; see `locate`."""
        return self.store_path_of(self.locate(path))
