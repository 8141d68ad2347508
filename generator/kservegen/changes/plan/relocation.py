"""A commit and the catalog now in; what entries have come to that no rendered file shows out.

Which stand in another file, which have another owner, and which words of them were edited and are overruled by what an
environment says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.catalog.sections import ENTRY_SECTIONS
from kservegen.changes.plan.model import EntryMoves, Handover, OverruledEdit, Relocation
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.repository import CATALOG_FILE, CATALOG_FOLDER, SHARED_FILE, Repository
from kservegen.evaluate.base import BaseRevision
from kservegen.formats.yaml.files import read_bytes
from kservegen.git.tree import contents

# Where `shared` may stand; the first of them counts.
_SHARING: Final = (CATALOG_FILE, SHARED_FILE)


class _Was(NamedTuple):
    """An entry as a file of the commit had it: the owner is its own, or that of the defaults under it."""

    file: str
    owner: str
    words: JsonValue


def entry_moves(
    revision: BaseRevision, repository: Repository, catalog: Catalog, environments: tuple[ResolvedEnvironment, ...]
) -> EntryMoves:
    """Compare entries with those of a commit; only files that differ are read."""
    shared = "" if catalog.shared is None else _owner(mapping(catalog.shared.value.get("shared")))
    before = _before(revision, repository, shared)
    present = [(each, {(entry.section, entry.key) for entry in each.entries}) for each in environments]
    files: dict[tuple[str, str], list[str]] = {}
    owners: dict[tuple[str, str], list[str]] = {}
    overruled: list[OverruledEdit] = []
    for name, definition in catalog.definitions.items():
        was = before.get(name)
        if was is None:
            continue
        now = _of(definition.document.file, definition.document.value, *name, shared=shared)
        if was.file != now.file:
            files.setdefault((was.file, now.file), []).append(definition.key)
        if was.owner != now.owner:
            owners.setdefault((was.owner, now.owner), []).append(definition.key)
        for path in _edited(was.words, now.words, ()):
            overruled.extend(_overruled(name, path, [each for each, held in present if name in held]))
    return EntryMoves(
        tuple(Relocation(*pair, tuple(keys)) for pair, keys in sorted(files.items())),
        tuple(Handover(*pair, tuple(keys)) for pair, keys in sorted(owners.items())),
        tuple(overruled),
    )


def _before(revision: BaseRevision, repository: Repository, shared_now: str) -> dict[tuple[str, str], _Was]:
    """Return the entries of files that differ; of all files where what lies under them had another owner."""
    found: dict[tuple[str, str], _Was] = {}
    files = contents(revision.git, revision.commit, (CATALOG_FILE, CATALOG_FOLDER))
    shared = shared_now
    if any(files.get(file) != _now(repository, file) for file in _SHARING):
        values = (revision.loaded(files[file], file) for file in _SHARING if file in files)
        shared = next((_owner(mapping(value["shared"])) for value in values if "shared" in value), "")
    for file, content in files.items():
        if not file.endswith(".yaml") or (content == _now(repository, file) and shared == shared_now):
            continue
        value = revision.loaded(content, file)
        names = ((section, key) for section in ENTRY_SECTIONS for key in mapping(value.get(section)))
        found |= {name: _of(file, value, *name, shared=shared) for name in names}
    return found


def _of(file: str, value: JsonObject, section: str, key: str, *, shared: str) -> _Was:
    words = mapping(value.get(section)).get(key)
    return _Was(file, text(mapping(words).get("owner")) or _owner(value) or shared, words)


def _owner(value: JsonObject) -> str:
    return text(mapping(value.get("defaults")).get("owner"))


def _edited(old: JsonValue, new: JsonValue, path: Path) -> Iterator[Path]:
    """Yield the paths of words that differ, as deep as both sides are maps."""
    if isinstance(old, dict) and isinstance(new, dict):
        for word in dict.fromkeys((*old, *new)):
            yield from _edited(old.get(word), new.get(word), (*path, word))
    elif old != new and path:
        yield path


def _overruled(
    name: tuple[str, str], path: Path, environments: Sequence[ResolvedEnvironment]
) -> Iterator[OverruledEdit]:
    """Yield those of the environments that say the word themselves, in whichever of their files."""
    for environment in environments:
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
