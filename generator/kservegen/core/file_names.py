"""A name of any length in; one that every file system takes as a file's, out."""

from __future__ import annotations

from typing import Final

# Bytes of a file's name without its ending; file systems take 255, and what is written meanwhile may add to them.
_LONGEST: Final = 200
_DIGEST: Final = 12


def as_file_name(name: str) -> str:
    """Shorten what a file system may not take, with a digest: a name of Kubernetes alone has up to 253 characters."""
    encoded = name.encode()
    if len(encoded) <= _LONGEST:
        return name
    from hashlib import sha256  # noqa: PLC0415 - brings OpenSSL, for names that hardly anybody has

    kept = encoded[: _LONGEST - _DIGEST - 1].decode(errors="ignore")
    return f"{kept}-{sha256(encoded).hexdigest()[:_DIGEST]}"
