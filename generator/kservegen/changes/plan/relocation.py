"""A commit and the catalog now in; the entries that another file defines now out: no rendered file shows it."""

from __future__ import annotations

from kservegen.catalog.model import Catalog
from kservegen.catalog.sections import ENTRY_SECTIONS
from kservegen.changes.plan.model import Relocation
from kservegen.core.document import mapping
from kservegen.core.repository import CATALOG_FILE, CATALOG_FOLDER, Repository
from kservegen.evaluate.base import BaseRevision
from kservegen.formats.yaml.files import read_bytes
from kservegen.formats.yaml.load import load_strict
from kservegen.git.tree import contents


def relocated(revision: BaseRevision, repository: Repository, catalog: Catalog) -> tuple[Relocation, ...]:
    """Group the entries that moved by where from and where to; only files that differ are read."""
    before: dict[tuple[str, str], str] = {}
    for file, content in contents(revision.git, revision.commit, (CATALOG_FILE, CATALOG_FOLDER)).items():
        if not file.endswith(".yaml") or content == _now(repository, file):
            continue
        value = mapping(load_strict(content, file).value)
        before |= {(section, key): file for section in ENTRY_SECTIONS for key in mapping(value.get(section))}
    moves: dict[tuple[str, str], list[str]] = {}
    for name, definition in catalog.definitions.items():
        old = before.get(name, definition.document.file)
        if old != definition.document.file:
            moves.setdefault((old, definition.document.file), []).append(definition.key)
    return tuple(Relocation(old, new, tuple(keys)) for (old, new), keys in sorted(moves.items()))


def _now(repository: Repository, file: str) -> bytes | None:
    if repository.sources is not None:
        return repository.sources.get(file)
    path = repository.root / file
    content = read_bytes(path, file, repository.root) if path.is_file() else None
    return content if isinstance(content, bytes) else None
