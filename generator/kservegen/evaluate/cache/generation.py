"""Everything that entries are judged by, beside their own files, in; one digest out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from kservegen import __version__
from kservegen.core.repository import Repository

# The form of records; a new one lets go of all that was kept.
_FORMAT: Final = "1"
_LIBRARIES: Final = ("yaml", "jsonschema_rs", "cel_expr_python")


def generation_of(repository: Repository) -> str:
    """Digest the tool, its libraries, and the schemas, policies, environments and locks of a repository."""
    digest = sha256()

    def add(part: bytes) -> None:
        digest.update(b"%d:%b" % (len(part), part))

    for words in (_FORMAT, __version__, sys.version, *_libraries()):
        add(words.encode())
    for folder in (Path(__file__).parents[2], *repository.schema_roots, *repository.policy_roots):
        add(b"folder")
        for path in _files(folder):
            add(path.relative_to(folder).as_posix().encode())
            add(path.read_bytes())
    for path in (*repository.environment_files(), *repository.lock_files()):
        add(path.name.encode())
        add(path.read_bytes())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if name != "__pycache__")
        yield from (Path(place, name) for name in sorted(names))


def _libraries() -> Iterator[str]:
    for name in _LIBRARIES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            yield f"{name}: none"
            continue
        found = Path(spec.origin).stat()
        yield f"{spec.origin} {found.st_size} {found.st_mtime_ns}"
