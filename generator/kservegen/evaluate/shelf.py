"""Documents that are checked and set aside: what is put in comes out again, and takes no memory in between."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import IO, Any, Final

from kservegen.checks.manifests.documents import InputDocument, resource_of
from kservegen.core.diagnostics import Location
from kservegen.core.disk import read_range
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.yaml.manifest import ManifestDocument

# So many documents, of so many characters, stay as they are: most runs have no more, and never touch the disk.
_KEPT: Final = 2000
_KEPT_CHARACTERS: Final = 4 << 20
# Objects that many others refer to, a runtime above all, are taken back once.
_AT_HAND: Final = 256
# Lists that objects stand in; those of one List come one after the other.
_LISTS_AT_HAND: Final = 2


class Shelf:
    """Documents by the number under which they were put here; many of them lie in a file, which is opened for that.

    Copies of this process may take what was put here before they parted.
    """

    def __init__(self, open_file: Callable[[], IO[bytes]]) -> None:
        self._open_file = open_file
        self._file: IO[bytes] | None = None
        self._kept: list[InputDocument] = []
        self._room = _KEPT_CHARACTERS
        self._ends = array("Q", [0])  # of what was written; each begins where the one before ends
        self._written = array("Q")  # of the documents that are not kept: which of what was written they are
        self._is_flushed = True
        self._last_list: tuple[ManifestDocument, int] | None = None
        self._list_at = lru_cache(maxsize=_LISTS_AT_HAND)(self._read)

    def put(self, document: InputDocument) -> int:
        """Set a document aside and return its number."""
        source = document.source
        if not self._written and len(self._kept) < _KEPT and self._room > 0:
            self._kept.append(document)
            self._room -= source.size if isinstance(source, ManifestDocument) and not document.inside else 0
            return len(self._kept) - 1
        around = -1
        if document.inside and isinstance(source, ManifestDocument):
            around = self._write_list(source)
            source = Location(document.file)
        resource = document.resource
        value = None if resource is None else resource.doc
        # Taken apart, for pickle takes ten times as long for what has classes.
        flat = (document.file, document.number, value, source, document.inside, document.problems, around)
        self._written.append(self._write(flat))
        return len(self._kept) + len(self._written) - 1

    def take(self, number: int) -> InputDocument:
        """Return a document that was set aside, places included."""
        if number < len(self._kept):
            return self._kept[number]
        file, count, value, source, inside, problems, around = self._read(self._written[number - len(self._kept)])
        return InputDocument(
            file=file,
            number=count,
            resource=resource_of(value, file),
            source=source if around < 0 else self._list_at(around),
            inside=inside,
            problems=problems,
        )

    def _write_list(self, source: ManifestDocument) -> int:
        if self._last_list is None or self._last_list[0] is not source:
            self._last_list = source, self._write(source)
        return self._last_list[1]

    def _write(self, value: object) -> int:
        import pickle  # noqa: PLC0415 - few inputs are that long

        if self._file is None:
            self._file = self._open_file()
        written = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._file.write(written)
        self._is_flushed = False
        self._ends.append(self._ends[-1] + len(written))
        return len(self._ends) - 2

    def _read(self, number: int) -> Any:  # noqa: ANN401 - what was written there
        assert self._file is not None  # noqa: S101 - something was
        import pickle  # noqa: PLC0415 - as above

        if not self._is_flushed:
            self._file.flush()
            self._is_flushed = True
        place, size = self._ends[number], self._ends[number + 1] - self._ends[number]
        return pickle.loads(read_range(self._file, place, size))  # noqa: S301 - nobody else can write into this file

    def close(self) -> None:
        """Let go of everything."""
        if self._file is not None:
            self._file.close()


class ShelvedObjects(Mapping[ResourceId, Resource]):
    """Objects by their names: those of a cluster, and given ones over them, which are taken back when asked for."""

    def __init__(
        self, own: Mapping[ResourceId, Resource], given: Mapping[ResourceId, int], take: Callable[[int], Resource]
    ) -> None:
        self._own, self._given = own, given
        self._take = lru_cache(maxsize=_AT_HAND)(take)

    def __getitem__(self, identity: ResourceId) -> Resource:
        number = self._given.get(identity)
        return self._own[identity] if number is None else self._take(number)

    def __iter__(self) -> Iterator[ResourceId]:
        yield from (identity for identity in self._own if identity not in self._given)
        yield from self._given

    def __len__(self) -> int:
        return len(self._own.keys() | self._given.keys())
