"""An object, and the way back from any of its fields to the words of the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.core.document import mapping
from kservegen.core.identity_cache import IdentityCache
from kservegen.core.jsontypes import JsonObject, Path


class ResourceId(NamedTuple):
    """What makes an object unique in one cluster."""

    kind: str
    namespace: str  # "" for cluster-scoped kinds
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Origin(NamedTuple):
    """What stands at `built` in the object came from `words`: a path in the merged catalog entry, or in a file."""

    built: Path
    words: Path


def trace(path: Path, origins: Iterable[Origin]) -> Path:
    """Return the path that `path` came from, by the longest origin above it; of two alike, the later one counts.

    Without an origin above it the path stands for itself.
    """
    words_of = _by_path.get((origins,), partial(dict, origins)) if isinstance(origins, tuple) else dict(origins)
    for size in range(len(path), -1, -1):
        words = words_of.get(path[:size])
        if words is not None:
            return words + path[size:]
    return path


# The words by the path that came from them, of two alike the later ones; of one object many ask in turn.
_by_path: Final = IdentityCache[dict[Path, Path]](16)


class Resource(Struct, frozen=True, kw_only=True):
    """One Kubernetes object as plain data, with the file that will hold it and where its fields come from.

    `file` is relative to the environment's folder. `subject` is the catalog entry's key, as people type it.
    `written` is what the author wrote where `doc` is what the API server would store of it (`defaulting/`).
    """

    id: ResourceId
    api_version: str
    doc: JsonObject
    file: str
    subject: str = ""
    section: str = ""  # the catalog's section: "models", "graphs", ... or "" for the environment itself
    origins: tuple[Origin, ...] = field(default=())
    written: JsonObject | None = None

    @property
    def authored(self) -> JsonObject:
        """The document as its author wrote it, for what is said about the writing itself."""
        return self.doc if self.written is None else self.written

    @property
    def group(self) -> str:
        """The API group of the object's kind; blank for Kubernetes' core."""
        return self.api_version.rpartition("/")[0]

    @property
    def identity(self) -> tuple[str, ResourceId]:
        """What makes the object unique where kinds of several groups are called alike."""
        return self.group, self.id

    @property
    def kind(self) -> str:
        """The object's kind."""
        return self.id.kind

    @property
    def spec(self) -> JsonObject:
        """The object's spec; empty where it has none."""
        return mapping(self.doc.get("spec"))

    @property
    def annotations(self) -> JsonObject:
        """The object's annotations; empty where it has none."""
        return mapping(mapping(self.doc.get("metadata")).get("annotations"))

    def words(self, built: Path) -> Path:
        """Map a path in the object to the path of the words that produced it."""
        return trace(built, self.origins)

    def rearranged(self, doc: JsonObject, moves: tuple[Origin, ...] = ()) -> Resource:
        """Return the object with another document that was made of this one, its fields traced to the same words.

        `moves` say what stands elsewhere now: at `built` what stood at `words` in this object's document.
        """
        origins = self.origins
        for now, before in moves:
            below = [Origin(now + b[len(before) :], w) for b, w in origins if b[: len(before)] == before]
            others = [origin for origin in origins if origin.built[: len(now)] != now]
            origins = (*others, Origin(now, trace(before, origins)), *below)
        return replace(self, doc=doc, written=self.authored, origins=origins)
