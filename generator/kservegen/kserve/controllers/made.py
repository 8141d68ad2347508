"""What comes out of a controller: objects in the order in which they are written, pods, and where it stopped.

Where a field came from is kept beside the documents, as `core/resource.py` keeps it for the catalog's objects: origins,
each a path in the made document and the path of the source, whose first part says whose path it is. The longest origin
above a path counts, the later of two alike; so one entry stands for everything below it, defaulting and validation
leave plain data alone, and a merge adds entries only for what its overlay brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.resource import Origin, trace

# Whose a path is, where it is not an object's: the stored object itself, KServe's own code, Kubernetes' defaults.
STORED: Final = ""
KSERVE: Final = "KServe"
KUBERNETES: Final = "default of Kubernetes"
CONFIG_MAP: Final = "ConfigMap inferenceservice-config"
# Where clients create what names no namespace.
USUAL_NAMESPACE: Final = "default"
# A label of a namespace whose pods KServe's webhook leaves alone, whatever its value.
LEFT_ALONE: Final = "control-plane"
# Ends the path of a source that something of another shape was made from: paths below that lead to the source itself.
DERIVED: Final = "..."


class Traced(Struct, frozen=True):
    """A part of a document and the origins of its fields, both seen from the part's own root."""

    value: JsonObject
    origins: list[Origin]


# An object that is about to be written, and the origins of its fields.
WrittenObject: TypeAlias = tuple[JsonObject, list[Origin]]


def traced(value: JsonObject, words: Path) -> Traced:
    """Return a part whose fields all stand at `words` in their source; what it is given later has no source there."""
    return Traced(value, [Origin((field,), (*words, field)) for field in value])


# Reasons of controllers that stop for want of another object or of an operator, which files need not hold.
_WANTING: Final = frozenset(
    {"InferencePoolFetchError", "ModelMesh", "NotFound", "NotTold", "RefsInvalid", "ServerlessModeRejected"}
)


class Outcome(NamedTuple):
    """Where the controllers stopped, why in one word, and what they say.

    `source` is the path, in its source, of what was refused; empty where that is no one field.
    `missing` says that something is not there which no file need hold, such as a Secret.
    """

    step: str
    reason: str
    message: str
    source: Path = ()
    missing: bool = False

    @property
    def is_wanting(self) -> bool:
        """Whether the controller stops for want of what files need not hold."""
        return self.missing or self.reason in _WANTING


# Why nothing of a service that is stopped is ever ready.
STOPPED: Final = "it is stopped"


class ReconcileError(Exception):
    """A controller stops here; what was written before stays."""

    def __init__(self, step: str, reason: str, message: str, source: Path = (), *, missing: bool = False) -> None:
        super().__init__(message)
        self.outcome = Outcome(step, reason, message, source, missing)


class MadeObject(Struct, frozen=True, kw_only=True, eq=False):
    """An object as the API server stores it, and the origins of its fields."""

    doc: JsonObject
    origins: tuple[Origin, ...] = ()

    @property
    def label(self) -> str:
        """Kind and name, as people say them; with the group where Kubernetes has such a kind itself."""
        kind = text(self.doc.get("kind"))
        if kind == "Service":
            group = text(self.doc.get("apiVersion")).rpartition("/")[0]
            kind = f"{kind}.{group}" if group else kind
        return f"{kind}/{text(mapping(self.doc.get('metadata')).get('name'))}"


class MadePod(Struct, frozen=True, kw_only=True, eq=False):
    """The pod of a workload, which `of` names, as the webhooks left it; None where it is refused, and why.

    `missing` says that it is refused for want of another object, which files need not hold; `source` is the path, in
    its source, of what was refused.
    """

    of: str
    pod: JsonObject | None
    refused: str = ""
    origins: tuple[Origin, ...] = ()
    missing: bool = False
    source: Path = ()


class Made(Struct, frozen=True, kw_only=True, eq=False):
    """All that is made of one stored object. `outcome` is None where every step was taken.

    `workloads_stand` says that all workloads were written before the step that failed, if one did.
    `never_ready` says why the release never takes it for ready, whatever its pods do; blank where it may.
    """

    objects: tuple[MadeObject, ...] = ()
    pods: tuple[MadePod, ...] = ()
    outcome: Outcome | None = None
    never_ready: str = ""
    workloads_stand: bool = False

    @property
    def runs(self) -> bool | None:
        """Whether it can ever be Ready: every step is taken and no pod is refused; None where no file tells."""
        refused = any(pod.pod is None and not pod.missing for pod in self.pods)
        if refused or self.never_ready or (self.outcome is not None and not self.outcome.is_wanting):
            return False
        return None if self.outcome is not None or any(pod.missing for pod in self.pods) else True

    @property
    def deployable(self) -> bool:
        """Whether the controllers create every workload."""
        return self.outcome is None or self.workloads_stand


def source_text(words: Path, line: str = "") -> str:
    """Say where a field came from: `ClusterServingRuntime x: spec.containers[0]`.

    What the stored object itself says stands with its path, after `line` where that is known.
    """
    owner, path = (words[0], words[1:]) if words else (KSERVE, ())
    if owner in (KSERVE, KUBERNETES) or not path:
        return str(owner)
    owner = line if owner == STORED else owner
    return f"{owner}: {format_path(path)}" if owner else format_path(path)


def source_of(path: Path, origins: Iterable[Origin]) -> Path:
    """Return the source of a path in a made document; what nobody claims is KServe's own."""
    words = trace(path, origins)
    if DERIVED in words:
        words = words[: words.index(DERIVED)]
    return words if words and isinstance(words[0], str) and words != path else (KSERVE, *path)


def source_to_edit(path: Path, origins: Iterable[Origin]) -> Path:
    """Return the source of what is wrong at a path: what the stored object itself brought there or below, if any.

    Two layers that are right alone may be wrong together, and of these the object's own is the one to edit.
    """
    origins = tuple(origins)
    source = source_of(path, origins)
    if source[0] == STORED:
        return source
    size = len(path)
    own = (o.words for o in origins if o.built[:size] == path and len(o.words) > 1 and o.words[0] == STORED)
    return next(own, source)


def below(prefix: Path, origins: Iterable[Origin]) -> list[Origin]:
    """Move origins of a part to where the part now stands."""
    return [Origin(prefix + built, words) for built, words in origins]


def inside(prefix: Path, origins: Iterable[Origin]) -> list[Origin]:
    """Keep the origins of what stands at `prefix`, seen from there."""
    size = len(prefix)
    found = []
    for built, words in origins:
        if built[:size] == prefix:
            found.append(Origin(built[size:], words))
        elif prefix[: len(built)] == built:
            found.append(Origin((), words + prefix[len(built) :]))
    return found


class Surroundings:
    """The objects that stand beside one in its cluster, by kind, namespace and name; blank for cluster-wide ones."""

    def __init__(self, documents: Iterable[JsonObject] = ()) -> None:
        self._by_kind: dict[str, dict[tuple[str, str], JsonObject]] = {}
        for doc in documents:
            metadata = mapping(doc.get("metadata"))
            key = text(metadata.get("namespace")), text(metadata.get("name"))
            self._by_kind.setdefault(text(doc.get("kind")), {})[key] = doc

    def find(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        """Return an object, or None."""
        return self._by_kind.get(kind, {}).get((namespace, name))

    def all(self, kind: str, namespace: str | None = None) -> list[JsonObject]:
        """List the objects of a kind, of one namespace or of all."""
        found = self._by_kind.get(kind, {})
        return [doc for (own, _), doc in found.items() if namespace is None or own == namespace]


class UnplacedSurroundings(Surroundings):
    """The surroundings of an object that names no namespace: in the usual one stand those that name none, too."""

    def __init__(self, inner: Surroundings) -> None:
        super().__init__()
        self._inner = inner

    def find(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        found = self._inner.find(kind, namespace, name)
        return self._inner.find(kind, "", name) if found is None and namespace == USUAL_NAMESPACE else found

    def all(self, kind: str, namespace: str | None = None) -> list[JsonObject]:
        unplaced = self._inner.all(kind, "") if namespace == USUAL_NAMESPACE else []
        return [*self._inner.all(kind, namespace), *unplaced]


class WithAnother(Surroundings):
    """What stands beside an object, and one more, in the place of any of its kind, namespace and name."""

    def __init__(self, beside: Surroundings, identity: tuple[str, str, str], doc: JsonObject) -> None:
        super().__init__()
        self._beside = beside
        self._identity = identity
        self._doc = doc

    def find(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        """Return an object, or None."""
        return self._doc if (kind, namespace, name) == self._identity else self._beside.find(kind, namespace, name)

    def all(self, kind: str, namespace: str | None = None) -> list[JsonObject]:
        """List the objects of a kind, of one namespace or of all."""
        own_kind, own_namespace, name = self._identity
        if kind != own_kind or namespace not in (None, own_namespace):
            return self._beside.all(kind, namespace)
        instead = self._beside.find(kind, own_namespace, name)
        return [*(doc for doc in self._beside.all(kind, namespace) if doc is not instead), self._doc]


def text_map(values: Mapping[str, JsonValue]) -> dict[str, str]:
    """Keep the texts of a map, as Go's map[string]string does; an empty one is a text."""
    return {key: value for key, value in values.items() if isinstance(value, str)}


def named(items: Sequence[JsonValue], name: str) -> int | None:
    """Return the place of the first map of that name in a list."""
    return next((i for i, item in enumerate(items) if mapping(item).get("name") == name), None)
