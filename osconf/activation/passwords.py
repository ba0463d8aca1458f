"""Hashing plain passwords with the system's libcrypt (Python's own `crypt` module is gone since 3.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osconf.errors import ActivationError

if TYPE_CHECKING:
    import ctypes

_METHOD = b"$y$"  # yescrypt, Debian's default


class LibcryptHasher:
    """Passwords by crypt(3)."""

    def hash(self, password: str) -> str:
        """Return a fresh yescrypt hash of a password."""
        library = _load_library()
        salt = library.crypt_gensalt(_METHOD, 0, None, 0)
        hashed = library.crypt(password.encode(), salt) if salt else None
        if not hashed or hashed.startswith(b"*"):
            raise ActivationError("libcrypt cannot hash a password", hint="declare hashedPassword instead")
        return str(hashed.decode())

    def verify(self, password: str, hashed: str) -> bool:
        """Is `hashed` a hash of the password?"""
        again = _load_library().crypt(password.encode(), hashed.encode())
        return bool(again and again.decode() == hashed)


def _load_library() -> ctypes.CDLL:
    import ctypes

    try:
        library = ctypes.CDLL("libcrypt.so.1")
    except OSError as error:
        raise ActivationError(f"a plain password needs libcrypt: {error}", hint="declare hashedPassword") from None
    library.crypt.restype = ctypes.c_char_p
    library.crypt_gensalt.restype = ctypes.c_char_p
    return library
