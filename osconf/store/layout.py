"""Where a store and its state live on the disk."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from osconf.model.store_path import DEFAULT_STORE_DIR


@dataclass(frozen=True)
class StoreLayout:
    """The physical places of a store with the logical directory `store_dir` below `root`."""

    root: Path = Path("/")
    store_dir: str = DEFAULT_STORE_DIR

    def real_path(self, path: str) -> Path:
        """The physical place of a logical absolute path."""
        return Path(f"{self.prefix}{path}")

    @property
    def prefix(self) -> str:
        """What stands before a logical path; empty for the root `/`."""
        return str(self.root).rstrip("/")

    @property
    def store(self) -> Path:
        """The physical store directory."""
        return self.real_path(self.store_dir)

    @property
    def temporary(self) -> Path:
        """Where paths are made before they get their name: inside the store, because renames and hard links do not
        cross mounts."""
        return self.store / ".temporary"

    @property
    def trash(self) -> Path:
        """Where deleted paths wait for the removal of their files."""
        return self.store / ".trash"

    @property
    def logical_state(self) -> str:
        """The logical state directory: `/osconf/var` beside `/osconf/store`."""
        return str(PurePosixPath(self.store_dir).parent / "var")

    @property
    def state(self) -> Path:
        """The physical state directory."""
        return self.real_path(self.logical_state)

    @property
    def database(self) -> Path:
        """The database file."""
        return self.state / "db" / "store.sqlite"

    @property
    def registrations(self) -> tuple[Path, ...]:
        """Where an image builder leaves the paths to register when the database is first made: the first that is there
        counts. An image of the store alone has it inside."""
        return (self.state / "registration.json", self.store / ".registration.json")

    @property
    def registration(self) -> Path | None:
        """What an image builder left."""
        return next((file for file in self.registrations if file.exists()), None)

    @property
    def roots(self) -> Path:
        """Links that keep paths alive."""
        return self.state / "gcroots"

    @property
    def profiles(self) -> Path:
        """Profiles and their generations, roots too."""
        return self.state / "profiles"

    def user_profiles(self, user: str) -> Path:
        """The directory of a user's own profiles; it belongs to them."""
        return self.profiles / "per-user" / user

    @property
    def socket(self) -> Path:
        """Where the daemon of this store listens."""
        return self.real_path("/run/osconf/store.sock")

    @property
    def temporary_roots(self) -> Path:
        """One file per process, with the paths it needs while it lives."""
        return self.state / "temproots"

    @property
    def locks(self) -> Path:
        """Lock files, one per path that is being made."""
        return self.state / "locks"

    @property
    def gc_lock(self) -> Path:
        """Held shared while a temporary root is added, exclusively while garbage is found."""
        return self.state / "gc.lock"

    @property
    def is_nix(self) -> bool:
        """Whether Nix's programs could find their files here."""
        return self.store_dir == "/nix/store"

    @property
    def logs(self) -> Path:
        """Compressed build logs; where Nix has them when the store is to be Nix's."""
        return self.state / "log" / "nix" / "drvs" if self.is_nix else self.state / "log"

    @property
    def log_compression(self) -> str:
        """How build logs are packed."""
        return "bzip2" if self.is_nix else "zstd"

    def create(self) -> None:
        """Make the directories that are missing."""
        for directory in (
            self.store,
            self.temporary,
            self.trash,
            self.database.parent,
            self.roots / "auto",
            self.profiles,
            self.temporary_roots,
            self.locks,
            self.logs,
        ):
            directory.mkdir(parents=True, exist_ok=True)
        # What is not finished is nobody's business: a builder's program could be setuid until it is made canonical.
        with suppress(PermissionError):
            self.temporary.chmod(0o700)
