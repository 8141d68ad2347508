"""Files of the cache: names and bodies in, bodies out; a file that is not whole is not there.

One folder per generation, which is everything that entries are judged by. In it every file adds to those before it; the
digest of the body stands in the first line. Writing is a rename, so that another run sees all of a file or none. All
of it may be deleted at any time.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from kservegen.core.jsontypes import JsonObject

# So many generations stay: branches take turns, tools and policies change.
_GENERATIONS: Final = 6
# From so many files on they become one again.
_MANY: Final = 12


def default_folder() -> Path | None:
    """Return the user's cache folder, where the XDG specification places it; None where there is no home."""
    own = os.environ.get("KSERVEGEN_CACHE_DIR")
    if own:
        return Path(own).absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    if shared and Path(shared).is_absolute():
        return Path(shared) / "kservegen"
    try:
        return Path.home() / ".cache" / "kservegen"
    except RuntimeError:
        return None


def read(folder: Path, generation: str) -> Iterator[JsonObject]:
    """Yield the bodies of a generation, oldest first."""
    for path in _files(folder / generation):
        with suppress(OSError, ValueError, RecursionError):
            digest, _, body = path.read_bytes().partition(b"\n")
            if digest.decode() == sha256(body).hexdigest():
                found = json.loads(body)
                if isinstance(found, dict):
                    yield found


def is_scattered(folder: Path, generation: str) -> bool:
    """Whether a generation is spread over so many files that one had better take their place."""
    return len(_files(folder / generation)) >= _MANY


def write(folder: Path, generation: str, body: JsonObject, *, instead: bool) -> None:
    """Add a file to a generation, or put it in the place of all files there; what cannot be written is not kept."""
    home = folder / generation
    with suppress(OSError):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = _files(home)
        last = int(old[-1].stem) if old else 0
        _place(home / f"{last + 1:06}.json", json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
        for path in old if instead else ():
            path.unlink(missing_ok=True)
        os.utime(home)
        _forget_old(folder)


def _place(path: Path, body: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".draft")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(sha256(body).hexdigest().encode() + b"\n" + body)
        os.replace(draft, path)  # noqa: PTH105
    except OSError:
        with suppress(OSError):
            os.unlink(draft)  # noqa: PTH108
        raise


def _files(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("*.json") if path.stem.isdecimal())


def _forget_old(folder: Path) -> None:
    generations = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: -path.stat().st_mtime)
    for path in generations[_GENERATIONS:]:
        shutil.rmtree(path, ignore_errors=True)
