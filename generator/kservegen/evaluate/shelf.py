"""Documents that are checked and set aside: what is put in comes out again, and takes no memory in between."""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import IO, Final

from kservegen.checks.manifests.documents import InputDocument
from kservegen.core.resource import Resource, ResourceId

# So many documents stay as they are: most runs have no more, and never touch the disk.
_KEPT: Final = 2000
# Objects that many others refer to, a runtime above all, are taken back once.
_AT_HAND: Final = 256


class Shelf:
    """Documents by the number under which they were put here; many of them lie in a file, which is opened for that."""

    def __init__(self, open_file: Callable[[], IO[bytes]]) -> None:
        self._open_file = open_file
        self._kept: list[InputDocument] = []
        self._file: IO[bytes] | None = None
        self._places = array("Q")

    def put(self, document: InputDocument) -> int:
        """Set a document aside and return its number."""
        if len(self._kept) < _KEPT:
            self._kept.append(document)
            return len(self._kept) - 1
        if self._file is None:
            self._file = self._open_file()
        self._places.append(self._file.seek(0, 2))
        pickle.dump(document, self._file, pickle.HIGHEST_PROTOCOL)
        return _KEPT + len(self._places) - 1

    def take(self, number: int) -> InputDocument:
        """Return a document that was set aside, places included."""
        if number < _KEPT or self._file is None:
            return self._kept[number]
        self._file.seek(self._places[number - _KEPT])
        document: InputDocument = pickle.load(self._file)  # noqa: S301 - nobody else can write into this file
        return document

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
