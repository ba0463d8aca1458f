"""Block devices described through udev.

pyudev is loaded when it is needed; where it is missing (an installer's sandbox, tests) the links that udev keeps below
/dev/disk answer the same question.
"""

from __future__ import annotations

from pathlib import Path


def describe_device(node: str) -> tuple[str, str]:
    """Return UUID and label of the file system on a device node; empty texts where unknown."""
    path = Path(node)
    if not node.startswith("/dev/") or not path.exists():
        return "", ""
    try:
        import pyudev

        device = pyudev.Devices.from_device_file(pyudev.Context(), str(path.resolve()))
        return str(device.get("ID_FS_UUID") or ""), str(device.get("ID_FS_LABEL") or "")
    except (ImportError, OSError, ValueError, LookupError):
        return _find_link("uuid", path), _find_link("label", path)


def _find_link(tag: str, device: Path) -> str:
    folder = Path(f"/dev/disk/by-{tag}")
    if not folder.is_dir():
        return ""
    real = device.resolve()
    return next((link.name for link in sorted(folder.iterdir()) if link.resolve() == real), "")
