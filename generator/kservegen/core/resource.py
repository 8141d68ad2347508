"""A built object, and the way back from any of its fields to the words of the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kservegen.core.jsontypes import JsonObject, Path


class ResourceId(NamedTuple):
    """What makes an object unique in one cluster."""

    kind: str
    namespace: str  # "" for cluster-scoped kinds
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Origin(NamedTuple):
    """`built` is a path in the object, `words` the path in the merged catalog entry that it came from."""

    built: Path
    words: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
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
    written: JsonObject | None = field(default=None, repr=False)

    @property
    def authored(self) -> JsonObject:
        """The document as its author wrote it, for what is said about the writing itself."""
        return self.doc if self.written is None else self.written

    @property
    def kind(self) -> str:
        """The object's kind."""
        return self.id.kind

    def words(self, built: Path) -> Path:
        """Map a path in the object to the path of the words that produced it, by the longest known prefix."""
        best = Origin((), ())
        for origin in self.origins:
            size = len(origin.built)
            if size >= len(best.built) and built[:size] == origin.built:
                best = origin
        return best.words + built[len(best.built) :]
