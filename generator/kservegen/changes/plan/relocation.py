"""A commit and the catalog now in; what entries have come to that no rendered file shows out.

Which stand in another file, which have another owner, and which words of them were edited and are overruled by what an
environment says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.catalog.sections import ENTRY_SECTIONS
from kservegen.changes.plan.model import EntryMoves, Handover, OverruledEdit, Relocation
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.repository import CATALOG_FILE, CATALOG_FOLDER, Repository
from kservegen.evaluate.base import BaseRevision
from kservegen.formats.yaml.files import read_bytes
from kservegen.formats.yaml.load import load_strict
from kservegen.git.tree import contents


class _Was(NamedTuple):
    """An entry as a file of the commit had it: the owner is its own or that of the file's defaults."""

    file: str
    owner: str
    words: JsonValue


def entry_moves(
    revision: BaseRevision, repository: Repository, catalog: Catalog, environments: tuple[ResolvedEnvironment, ...]
) -> EntryMoves:
    """Compare entries with those of a commit; only files that differ are read."""
    before = _before(revision, repository)
    files: dict[tuple[str, str], list[str]] = {}
    owners: dict[tuple[str, str], list[str]] = {}
    overruled: list[OverruledEdit] = []
    for name, definition in catalog.definitions.items():
        was = before.get(name)
        if was is None:
            continue
        now = _of(definition.document.file, definition.document.value, *name)
        if was.file != now.file:
            files.setdefault((was.file, now.file), []).append(definition.key)
        if was.owner != now.owner:
            owners.setdefault((was.owner, now.owner), []).append(definition.key)
        for path in _edited(was.words, now.words, ()):
            overruled.extend(_overruled(name, path, environments))
    return EntryMoves(
        tuple(Relocation(*pair, tuple(keys)) for pair, keys in sorted(files.items())),
        tuple(Handover(*pair, tuple(keys)) for pair, keys in sorted(owners.items())),
        tuple(overruled),
    )


def _before(revision: BaseRevision, repository: Repository) -> dict[tuple[str, str], _Was]:
    found: dict[tuple[str, str], _Was] = {}
    for file, content in contents(revision.git, revision.commit, (CATALOG_FILE, CATALOG_FOLDER)).items():
        if not file.endswith(".yaml") or content == _now(repository, file):
            continue
        value = mapping(load_strict(content, file).value)
        names = ((section, key) for section in ENTRY_SECTIONS for key in mapping(value.get(section)))
        found |= {name: _of(file, value, *name) for name in names}
    return found


def _of(file: str, value: JsonObject, section: str, key: str) -> _Was:
    words = mapping(value.get(section)).get(key)
    owner = mapping(words).get("owner") or mapping(value.get("defaults")).get("owner")
    return _Was(file, text(owner), words)


def _edited(old: JsonValue, new: JsonValue, path: Path) -> Iterator[Path]:
    """Yield the paths of words that differ, as deep as both sides are maps."""
    if isinstance(old, dict) and isinstance(new, dict):
        for word in dict.fromkeys((*old, *new)):
            yield from _edited(old.get(word), new.get(word), (*path, word))
    elif old != new and path:
        yield path


def _overruled(
    name: tuple[str, str], path: Path, environments: tuple[ResolvedEnvironment, ...]
) -> Iterator[OverruledEdit]:
    """Yield the environments in which the entry lives and that say the word themselves, in whichever of their files."""
    for environment in environments:
        if any((entry.section, entry.key) == name for entry in environment.entries):
            for document in reversed(environment.source.documents):
                if _says(document.value, (*name, *path)):
                    place = document.source.key((*name, *path))
                    yield OverruledEdit(environment.name, name[1], format_path(path), str(place))
                    break


def _says(value: Mapping[str, JsonValue], path: Path) -> bool:
    """Whether a file says a word whole: a scalar, a null, or a list that does not merge into the one beneath."""
    said: JsonValue = dict(value)
    for part in path:
        if not isinstance(said, dict) or part not in said:
            return False
        said = said[str(part)]
    return not isinstance(said, dict | list)


def _now(repository: Repository, file: str) -> bytes | None:
    if repository.sources is not None:
        return repository.sources.get(file)
    path = repository.root / file
    content = read_bytes(path, file, repository.root) if path.is_file() else None
    return content if isinstance(content, bytes) else None
