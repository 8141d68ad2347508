"""The words of a plan: what becomes of each object, of charts, budgets and promises, one environment at a time."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct, field

from kservegen.catalog.field_mapping import MODEL_KINDS
from kservegen.changes.impact.model import Impact
from kservegen.core.jsontypes import JsonValue
from kservegen.core.resource import Resource, ResourceId


class Nothing(Enum):
    """What stands where nothing does: null is a value of its own."""

    ABSENT = "absent"


ABSENT: Final = Nothing.ABSENT
PlanSide: TypeAlias = JsonValue | Literal[Nothing.ABSENT]


class ObjectKey(NamedTuple):
    """What makes an object the same object, in whatever file it stands."""

    group: str
    kind: str
    namespace: str  # "" for cluster-scoped kinds
    name: str

    @property
    def subject(self) -> ResourceId:
        """The object as it is called where groups do not matter."""
        return ResourceId(self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        return str(self.subject)


def key_of(resource: Resource) -> ObjectKey:
    """Return the key of an object."""
    return ObjectKey(resource.group, *resource.id)


class FieldChange(NamedTuple):
    """A field that differs. In `path`, items of lists that are merged by key are named by it: `env[LOG_LEVEL]`."""

    path: str
    old: PlanSide
    new: PlanSide


class Verb(StrEnum):
    """What happens to an object."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "moved"  # the same object in another folder, so that something else syncs it
    RENAMED = "renamed"  # the object under another name or in another namespace: the old one goes, a new one comes


class Fate(StrEnum):
    """What becomes in the cluster of an object that Git no longer has."""

    DELETED = "deleted"
    LEFT = "left"
    UNKNOWN = ""  # no engine says


class ObjectChange(Struct, frozen=True, kw_only=True):
    """What happens to one object. `file` is relative to the environment's folder; of what is gone, the file it had.

    `old_key` and `old_file` are set where they differ. `fate` is that of the object that goes, `by` who decides it:
    the engine's object that synced it, or the reason. `entry` is the catalog's key. `readable` is False where what was
    there before could not be read, so that `fields` are not known.
    """

    verb: Verb
    key: ObjectKey
    file: str
    old_key: ObjectKey | None = None
    old_file: str = ""
    fields: tuple[FieldChange, ...] = ()
    fate: Fate = Fate.UNKNOWN
    by: str = ""
    entry: str = ""
    readable: bool = True

    @property
    def is_model(self) -> bool:
        """Whether it serves a model."""
        return self.key.kind in MODEL_KINDS


class NamedChange(NamedTuple):
    """Fields that differ in what has a name: a chart's values, the words of an environment."""

    name: str
    fields: tuple[FieldChange, ...]


class OwnerChange(Struct, frozen=True):
    """A folder that something else syncs from now on; blank where nothing did, or does."""

    folder: str
    old: str
    new: str


class LeftRunning(NamedTuple):
    """What a change leaves running where nothing of Git stands for it any more, and why; empty where nothing is.

    `models` of them are models, in `namespaces`, on `cluster` (blank where no word names it). `outcome` says what
    becomes of them. What is `guarded` takes a permit; `is_removed` where Git has them no longer, instead of elsewhere.
    """

    why: str = ""
    names: tuple[str, ...] = ()
    path: tuple[str, ...] = ()  # of the word that moves it
    models: int = 0
    namespaces: tuple[str, ...] = ()
    cluster: str = ""
    outcome: str = "nothing will delete them"
    guarded: bool = True
    is_removed: bool = False


class BudgetChange(NamedTuple):
    """A budget whose use or limit changes: amounts at maxReplicas in cores, bytes, devices; None where not known."""

    name: str
    resource: str
    before: Fraction
    after: Fraction
    granted_before: Fraction | None
    granted: Fraction | None


class ModelUse(Struct, frozen=True):
    """What one model takes: its replicas at the least and at the most, and what all its pods hold then.

    `accelerators` are devices by type, fractions for shared ones; `cost` is of a month, None where no price is stated.
    """

    least: int
    most: int
    accelerators: Mapping[str, Fraction]
    cost: Fraction | None = None


class ModelFit(NamedTuple):
    """Whether there is room for a model: in the memory of its GPUs, and on nodes of the environment's pools.

    `memory` is the verdict on the server that is worst off, blank where none asks for a GPU; `figures` are its sums, or
    why there are none. `nodes` is blank where the pools say nothing of its pods.
    """

    memory: str = ""
    figures: str = ""
    nodes: str = ""


class ModelChange(NamedTuple):
    """A model that comes, changes or goes, by its object; what it takes on each side, None where it is not.

    `sources` are the addresses that it serves from, after the change, `owner` who answers for it; blank for nobody.
    `fit` is None where it was not asked: of what goes, and of what comes with a whole environment.
    """

    subject: ResourceId
    before: ModelUse | None
    after: ModelUse | None
    sources: tuple[str, ...] = ()
    owner: str = ""
    fit: ModelFit | None = None


class PoolSide(NamedTuple):
    """The nodes of a pool on one side of a change, at maxReplicas.

    `filled` of them hold pods where those stand as densely as was found, `waiting` pods find none, `most` is how many
    nodes there may be (None: no end).
    """

    filled: int
    waiting: int
    most: int | None


class PoolChange(NamedTuple):
    """A node pool that is filled otherwise after a change; None on the side on which it is not."""

    name: str
    before: PoolSide | None
    after: PoolSide | None


class Arrival(NamedTuple):
    """How many models come to an environment because their lists name a base that it extends."""

    base: str
    models: int


class Relocation(Struct, frozen=True):
    """Entries, by key, that one file of the catalog defined and another one defines now."""

    old: str
    new: str
    entries: tuple[str, ...]


class Handover(Struct, frozen=True):
    """Entries, by key, that had one owner and have another one now; blank for nobody."""

    old: str
    new: str
    entries: tuple[str, ...]


class OverruledEdit(NamedTuple):
    """A word of an entry that the change edits and that changes nothing in an environment, which says it itself."""

    environment: str
    entry: str
    path: str
    place: str  # file, line and column of the environment's own


class EntryMoves(Struct, frozen=True):
    """What becomes of entries that no rendered file shows."""

    relocated: tuple[Relocation, ...] = ()
    handed_over: tuple[Handover, ...] = ()
    overruled: tuple[OverruledEdit, ...] = ()


class Presence(StrEnum):
    """Whether the environment itself comes or goes."""

    NEW = "new"
    GONE = "gone"
    KEPT = "kept"


class EnvironmentPlan(Struct, frozen=True, kw_only=True):
    """What changes in one environment.

    `rewritten` are files whose bytes change and whose meaning does not, `pages` are for people alone, `unreadable` are
    files of the state before that are no manifests. `version` and `engine` are (before, after) where they differ.
    `words` are those of the environment's file that are rendered nowhere: guards, waivers, promises.
    """

    name: str
    presence: Presence = Presence.KEPT
    objects: tuple[ObjectChange, ...] = ()
    values: tuple[NamedChange, ...] = ()
    words: tuple[FieldChange, ...] = ()
    owners: tuple[OwnerChange, ...] = ()
    version: tuple[str, str] | None = None
    engine: tuple[str, str] | None = None
    left: LeftRunning = field(default_factory=LeftRunning)
    impact: Impact = field(default_factory=Impact)
    gpus: Mapping[str, str] = field(default_factory=dict)  # accelerator -> the GPU as people call it
    budgets: tuple[BudgetChange, ...] = ()
    pools: tuple[PoolChange, ...] = ()
    models: tuple[ModelChange, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    rewritten: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.presence is not Presence.KEPT or any(
            (
                self.objects,
                self.values,
                self.words,
                self.owners,
                self.version,
                self.engine,
                self.budgets,
                self.unreadable,
            )
        )


class Plan(Struct, frozen=True, kw_only=True):
    """What a change does, in each environment that was looked at; `base` says against what, in words.

    `unknown` are environments of which nothing can be said, as the catalog cannot be understood there; `stale` those
    whose rendered files are not what the catalog renders, where that was asked. `holdings` say what a change of
    owners.yaml gives and takes.
    """

    base: str
    environments: tuple[EnvironmentPlan, ...] = ()
    unknown: tuple[str, ...] = ()
    holdings: tuple[str, ...] = ()
    moves: EntryMoves = field(default_factory=EntryMoves)
    stale: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(self.environments)

    @property
    def changing(self) -> tuple[EnvironmentPlan, ...]:
        """The environments in which anything changes."""
        return tuple(environment for environment in self.environments if environment)
