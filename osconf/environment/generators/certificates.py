"""The CA bundles: PEM for everybody, a key store for Java, both deterministic."""

from __future__ import annotations

import base64
import hashlib
import re
import struct

from osconf.environment.farm import Farm

_CERTIFICATES = "usr/share/ca-certificates"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_JAVA_STORE = "etc/ssl/certs/java/cacerts"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def write_certificates(farm: Farm) -> None:
    """Generate the bundle as update-ca-certificates(8) does: one link per certificate, and all in one file."""
    paths = [path for path in farm.plan.under(_CERTIFICATES) if path.endswith(".crt")]
    if not paths:
        return
    texts = {path: farm.read(path) for path in paths}
    for path in paths:
        name = path.rpartition("/")[2].removesuffix(".crt") + ".pem"
        farm.link(f"etc/ssl/certs/{name}", f"/{path}")
    farm.write(BUNDLE, "".join(text if text.endswith("\n") else text + "\n" for text in texts.values()))
    if farm.has("usr/lib/jvm") or farm.has("etc/ssl/certs/java"):
        certificates = {
            f"debian:{path.rpartition('/')[2].lower()}": base64.b64decode(block)
            for path, text in texts.items()
            for block in _PEM.findall(text)[:1]
        }
        farm.write(_JAVA_STORE, render_key_store(certificates))


def render_key_store(certificates: dict[str, bytes]) -> bytes:
    """A Java key store (JKS version 2) of trusted DER certificates, with the default password and a fixed date."""
    body = bytearray(struct.pack(">III", 0xFEEDFEED, 2, len(certificates)))
    for alias, der in sorted(certificates.items()):
        body += struct.pack(">I", 2) + _text(alias) + struct.pack(">Q", 0) + _text("X.509")
        body += struct.pack(">I", len(der)) + der
    seal = "changeit".encode("utf-16-be") + b"Mighty Aphrodite" + body
    return bytes(body) + hashlib.sha1(seal, usedforsecurity=False).digest()


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data
