"""Files below a root: every path is logical (as the running system sees it), the root says where it really is.

Activation uses this for `/` of the running system, for the target of an installation and for temporary roots in
tests. Replacements go through a new name and one rename, so that a reader (or a power cut) sees the old or the new.
"""

# Plain `os` calls on strings: activation runs this for hundreds of entries before PID 1 starts.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH110, PTH112, PTH114, PTH115, PTH118, PTH120, PTH123, PTH208, PTH211
from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

_MAX_LINKS = 40


class Files:
    """The file system below `root`. `apply_owners=False` leaves owners alone, for callers that are not root."""

    def __init__(self, root: Path | str = "/", *, apply_owners: bool | None = None) -> None:
        self.root = os.path.normpath(str(root))
        self.apply_owners = os.geteuid() == 0 if apply_owners is None else apply_owners

    def resolve(self, path: str) -> str:
        """Return the logical path with all links followed inside the root; missing parts are kept as they are."""
        if self.root == "/":
            return os.path.realpath(path)
        done: list[str] = []
        pending = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        followed = 0
        while pending:
            part = pending.pop()
            if part == "..":
                if done:
                    done.pop()
                continue
            here = "/".join([self.root, *done, part])
            try:
                target = os.readlink(here)
            except OSError:
                done.append(part)
                continue
            followed += 1
            if followed > _MAX_LINKS:
                raise OSError(f"too many links in {path}")
            if target.startswith("/"):
                done.clear()
            pending.extend(part for part in reversed(target.split("/")) if part not in ("", "."))
        return "/" + "/".join(done)

    def path(self, path: str) -> str:
        """Return where a logical path really is; its folder's links are followed, the last part is not."""
        if self.root == "/":
            return path
        folder, name = os.path.split(path.rstrip("/"))
        return self.root + os.path.join(self.resolve(folder or "/"), name).rstrip("/") if name else self.root

    def real(self, path: str) -> str:
        """Return where a logical path really is, all links followed."""
        return path if self.root == "/" else self.root + self.resolve(path).rstrip("/")

    # -- looking -----------------------------------------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        """Is there something at the end of the links?"""
        return os.path.exists(self.real(path))

    def lexists(self, path: str) -> bool:
        """Is there an entry of this name, be it a dangling link?"""
        return os.path.lexists(self.path(path))

    def is_link(self, path: str) -> bool:
        """Is the entry a symbolic link?"""
        return os.path.islink(self.path(path))

    def is_dir(self, path: str) -> bool:
        """Is the entry a real directory (not a link to one)?"""
        try:
            return stat.S_ISDIR(os.lstat(self.path(path)).st_mode)
        except OSError:
            return False

    def read_link(self, path: str) -> str | None:
        """Return the text of a link, or None when the entry is no link."""
        try:
            return os.readlink(self.path(path))
        except OSError:
            return None

    def read_bytes(self, path: str) -> bytes:
        """Read a file; raises OSError."""
        with open(self.real(path), "rb") as file:
            return file.read()

    def read_text(self, path: str, default: str | None = None) -> str:
        """Read a file as text; `default` stands for a missing one."""
        try:
            return self.read_bytes(path).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            if default is None:
                raise
            return default

    def list_dir(self, path: str) -> list[str]:
        """Return the names in a directory, sorted; none when it is missing."""
        try:
            return sorted(os.listdir(self.real(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def status(self, path: str) -> os.stat_result | None:
        """Return the entry's own status (links not followed), or None."""
        try:
            return os.lstat(self.path(path))
        except OSError:
            return None

    # -- changing ----------------------------------------------------------------------------------------------------

    def make_dirs(self, path: str, mode: int = 0o755) -> None:
        """Make a directory and its parents; existing ones keep their mode."""
        real = self.real(path)
        if os.path.isdir(real):
            return
        missing = []
        while not os.path.isdir(real):
            missing.append(real)
            real = os.path.dirname(real)
        for folder in reversed(missing):
            os.mkdir(folder)
            os.chmod(folder, mode)

    def write(
        self,
        path: str,
        data: bytes,
        *,
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 0,
        sync: bool = False,
    ) -> None:
        """Replace a file by one rename; with `sync` its content and name survive a power cut."""
        real = self.path(path)
        new = f"{real}.osconf-new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if self.apply_owners:
                os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, mode)
            if sync:
                os.fsync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(new)
            raise
        finally:
            os.close(descriptor)
        os.rename(new, real)
        if sync:
            self._sync_folder(os.path.dirname(real))

    def copy(self, source: str, path: str, *, mode: int, uid: int = 0, gid: int = 0) -> None:
        """Copy a file's content to a new file that replaces `path`."""
        self.write(path, self.read_bytes(source), mode=mode, uid=uid, gid=gid)

    def link(self, path: str, target: str, *, sync: bool = False) -> None:
        """Make `path` a symbolic link to `target`, replacing a file or link by one rename."""
        real = self.path(path)
        try:
            os.symlink(target, real)
        except FileExistsError:
            if self.read_link(path) == target:
                return
            new = f"{real}.osconf-new"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new)
            os.symlink(target, new)
            os.rename(new, real)
        if sync:
            self._sync_folder(os.path.dirname(real))

    def rename(self, path: str, new_path: str) -> None:
        """Rename an entry, replacing what has the new name; overlayfs refuses it for directories of a lower layer."""
        try:
            os.rename(self.path(path), self.path(new_path))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            import shutil

            shutil.move(self.path(path), self.path(new_path))

    def add_name(self, path: str, name: str) -> None:
        """Give a file a second name, replacing what has it; nothing happens where the file system knows no links."""
        self.remove(name)
        with contextlib.suppress(OSError):
            os.link(self.path(path), self.path(name), follow_symlinks=False)

    def remove(self, path: str) -> None:
        """Remove an entry (a directory with all in it); a missing one is fine."""
        real = self.path(path)
        with contextlib.suppress(FileNotFoundError):
            if os.path.isdir(real) and not os.path.islink(real):
                import shutil

                shutil.rmtree(real)
            else:
                os.unlink(real)

    def remove_empty_dirs(self, path: str, stop: str) -> None:
        """Remove the directory and its parents as long as they are empty, up to but without `stop`; gone ones count."""
        while path.startswith(stop.rstrip("/") + "/"):
            if self.lexists(path):
                try:
                    os.rmdir(self.path(path))
                except OSError:
                    return
            path = os.path.dirname(path)

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Set the owner of an entry, links not followed."""
        if self.apply_owners:
            os.lchown(self.path(path), uid, gid)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the mode of a file or directory."""
        os.chmod(self.path(path), mode)

    def sync_folder(self, path: str) -> None:
        """Make the names in a directory survive a power cut."""
        self._sync_folder(self.real(path))

    @staticmethod
    def _sync_folder(real: str) -> None:
        descriptor = os.open(real or "/", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
