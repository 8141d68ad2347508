"""An environment in; what Git, its rendered files and its cluster say of each model in it, and where that ends, out.

The way of a change is a chain: words, rendered files, the branch that is synced, the cluster, Ready. A model's state is
the first link that does not hold, or the last one that anybody looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.changes.adoption import authored, stored_differences
from kservegen.changes.plan.model import FieldChange
from kservegen.commands.rollout.branch import SyncedBranch
from kservegen.commands.rollout.live import ENGINE_KINDS, READY_KINDS, LiveObjects
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import OUTPUT_FOLDER, Repository
from kservegen.core.resource import Resource
from kservegen.evaluate.defaulted import installation_of
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.formats.yaml.files import read_bytes
from kservegen.formats.yaml.load import load_strict
from kservegen.git.log import FileCommit
from kservegen.kserve.defaulting import Installation
from kservegen.kserve.readiness import Readiness, ReadyReason, readiness_of
from kservegen.kubernetes.conditions import conditions_by_type
from kservegen.kubernetes.pod_state import PodTrouble, creation_trouble, pod_trouble
from kservegen.render.gitops.repository import OutputRepository as Addresses
from kservegen.render.gitops.syncers import syncers
from kservegen.render.layout import lay_out_synced
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment

_COMMIT: Final = lazy_pattern("[0-9a-f]{40,64}$")
_MOST_PODS: Final = 3  # so many of one model are told


class PlaceState(StrEnum):
    """How far a model has come in an environment. Ids are stable: programs read them."""

    NOT_RENDERED = "not-rendered"  # rendered/ is not what the catalog says
    NOT_MERGED = "not-merged"  # rendered/ is not on the branch that the engine syncs
    RENDERED = "rendered"  # all that files tell is as it should be, and nobody looked further
    ABSENT = "absent"  # the cluster has no such object
    NOT_SYNCED = "not-synced"  # the cluster has it otherwise than Git
    NOT_OBSERVED = "not-observed"  # its controller has not looked at it as it is
    NOT_READY = "not-ready"
    STOPPED = "stopped"
    READY = "ready"


# Where nothing is wrong as far as anybody looked.
SETTLED: Final = frozenset({PlaceState.RENDERED, PlaceState.READY, PlaceState.STOPPED})


class RenderedFile(Struct, frozen=True, kw_only=True):
    """The file of a model, relative to the repository. `digest` is that of its content, blank where it is not there.

    `is_current` tells that it is what the catalog renders, `is_merged` that the `branch` has it so; None without git.
    `since` is the commit that brought what the branch has; None where it has nothing, or this clone does not know.
    """

    file: str
    digest: str
    is_current: bool
    is_merged: bool | None
    branch: str
    since: FileCommit | None


class EngineView(Struct, frozen=True, kw_only=True):
    """What syncs a model, and what it says of itself: words of Argo CD or Flux, blank where it says none.

    `revision` is the commit that it has synced; `is_behind` whether that lacks what the branch has of the model, None
    where this clone does not know. `messages` say what is wrong.
    """

    kind: str
    namespace: str
    name: str
    sync: str
    health: str
    revision: str
    messages: tuple[str, ...]
    is_behind: bool | None = None


class LiveModel(Struct, frozen=True, kw_only=True):
    """A model as the cluster has it. `is_there` is None where nobody could look; `fields` differ from what Git has.

    `readiness` is None where there is no object, or its kind says none.
    """

    source: str
    is_there: bool | None
    fields: tuple[FieldChange, ...] = ()
    readiness: Readiness | None = None
    pods: tuple[PodTrouble, ...] = ()
    engine: EngineView | None = None


class ModelPlace(Struct, frozen=True, kw_only=True, eq=False):
    """One model in one environment; `live` is None where no cluster was asked."""

    built: BuiltEntry
    rendered: RenderedFile
    live: LiveModel | None = None

    @property
    def state(self) -> PlaceState:
        """How far it has come."""
        if not self.rendered.is_current:
            return PlaceState.NOT_RENDERED
        if self.rendered.is_merged is False:
            return PlaceState.NOT_MERGED
        if self.live is None or self.live.is_there is None:
            return PlaceState.RENDERED
        return self._live_state(self.live)

    @property
    def is_ready(self) -> bool:
        """Whether the cluster runs what Git has of it, and it is Ready."""
        live = self.live
        return live is not None and bool(live.is_there) and self._live_state(live) is PlaceState.READY

    @staticmethod
    def _live_state(live: LiveModel) -> PlaceState:
        readiness = live.readiness
        if not live.is_there or readiness is None:
            return PlaceState.ABSENT
        if live.fields:
            return PlaceState.NOT_SYNCED
        if readiness.is_stopped:
            return PlaceState.STOPPED
        if not readiness.is_observed:
            return PlaceState.NOT_OBSERVED
        return PlaceState.READY if readiness.ready else PlaceState.NOT_READY


class EnvironmentPlaces(Struct, frozen=True, kw_only=True, eq=False):
    """All models of an environment, and what their states are read from."""

    built: BuiltEnvironment
    branch: SyncedBranch | None
    models: tuple[BuiltEntry, ...]
    contents: Mapping[str, bytes]  # what the catalog renders of its entries, by path in the environment's folder
    live: LiveObjects | None = None
    on_disk: Callable[[str], bytes | None]

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.built.environment.name

    def rendered(self, entry: BuiltEntry) -> RenderedFile:
        """Return what is known of a model's file: on disk, and on the branch that is synced."""
        path, branch = entry.resource.file, self.branch
        wanted, held = self.contents[path], self.on_disk(path)
        # A branch of its own for each environment: the output lies there alone.
        is_merged = None if branch is None else branch.holds(path, wanted)
        is_current = held == wanted or (held is None and bool(is_merged))
        shown = held if held is not None else branch.contents.get(path) if branch is not None else None
        return RenderedFile(
            file=f"{OUTPUT_FOLDER}/{self.name}/{path}",
            digest="" if shown is None else f"sha256:{sha256(shown).hexdigest()}",
            is_current=is_current,
            is_merged=is_merged,
            branch="" if branch is None else branch.label,
            since=None if branch is None or path not in branch.files else branch.commits.get(path),
        )

    def in_git(self, entry: BuiltEntry) -> JsonObject:
        """Return the object that the engine finds in Git; what the catalog renders, where Git has none."""
        path = entry.resource.file
        content = self.branch.contents.get(path) if self.branch is not None else self.on_disk(path)
        value = load_strict(content, path).value if content is not None else None
        return value if isinstance(value, dict) else entry.resource.doc


def environment_places(
    repository: Repository,
    built: BuiltEnvironment,
    branch: SyncedBranch | None,
    live: LiveObjects | None,
    written: dict[BuiltEntry, bytes],
) -> EnvironmentPlaces:
    """Take together what is known of an environment; `branch` is None without git, `live` where nobody looked.

    `written` holds the files of entries that another environment has too; those of this one are added.
    """
    models = tuple(entry for entry in built.entries if entry.resource.kind in READY_KINDS)
    wanted = {f"{built.environment.name}/{entry.resource.file}" for entry in built.entries}
    laid_out = lay_out_synced(built, written)
    contents = {path.partition("/")[2]: content for path, content in laid_out if path in wanted}
    folder = repository.output / built.environment.name

    def on_disk(path: str) -> bytes | None:
        return _read(folder / path, path, repository.root)

    return EnvironmentPlaces(built=built, branch=branch, models=models, contents=contents, live=live, on_disk=on_disk)


def _read(file: Path, name: str, root: Path) -> bytes | None:
    if not file.is_file():
        return None
    content = read_bytes(file, name, root)
    return None if isinstance(content, Diagnostic) else content


def model_places(places: EnvironmentPlaces, schemas: SchemaStore, chosen: Iterable[BuiltEntry]) -> Iterator[ModelPlace]:
    """Tell how far each of the chosen models has come."""
    installation = installation_of(places.built.settings)
    by_source = engine_objects(places.built)
    for entry in chosen:
        live = None
        if places.live is not None:
            syncer = by_source.get(entry.resource.file.rpartition("/")[0])
            live = _live(places, entry, syncer, places.live, installation, schemas)
        yield ModelPlace(built=entry, rendered=places.rendered(entry), live=live)


def engine_objects(built: BuiltEnvironment) -> dict[str, Resource]:
    """Return what syncs the folders of an environment, by folder."""
    folder = Addresses.of(built.environment).folder
    found = syncers((item for item in built.own if item.file.startswith("sync/")), folder)
    return {source: item for source, item in found.items() if item.kind in ENGINE_KINDS}


def _live(
    places: EnvironmentPlaces,
    entry: BuiltEntry,
    syncer: Resource | None,
    live: LiveObjects,
    installation: Installation,
    schemas: SchemaStore,
) -> LiveModel:
    resource = entry.resource
    doc = live.find(resource)
    engine = None
    if syncer is not None and (said := live.find(syncer)) is not None:
        engine = engine_view(said, syncer)
        engine = replace(engine, is_behind=_is_behind(places, resource.file, engine.revision))
    if doc is None:
        return LiveModel(source=live.source, is_there=False if live.covers(resource) else None, engine=engine)
    fields: tuple[FieldChange, ...] = ()
    in_git = places.in_git(entry)
    # An API server may answer in another version than Git has: what differs then says nothing.
    if doc.get("apiVersion") == in_git.get("apiVersion"):
        written, running = (_as_resource(resource, one) for one in (in_git, authored(doc)))
        fields = stored_differences(running, written, installation, schemas)
    readiness = readiness_of(doc)
    troubles = filter(None, map(pod_trouble, live.pods_of(resource))) if not readiness.ready else ()
    pods = tuple(sorted(troubles))[:_MOST_PODS]
    if not readiness.ready and not readiness.is_stopped:
        readiness = readiness._replace(reasons=(*readiness.reasons, *_without_pods(resource, live)))
    return LiveModel(source=live.source, is_there=True, fields=fields, readiness=readiness, pods=pods, engine=engine)


def _without_pods(resource: Resource, live: LiveObjects) -> Iterator[ReadyReason]:
    """Yield why a model lacks pods, in the words of its Deployments; or that it has none, where nothing says why."""
    troubles = [*filter(None, map(creation_trouble, live.deployments_of(resource)))]
    for name, reason, message in troubles[:_MOST_PODS]:
        yield ReadyReason(f"Deployment {name}", reason, message)
    if not troubles and live.has_no_pod(resource):
        yield ReadyReason("pods", "", "none of it is among those that were read")


def _is_behind(places: EnvironmentPlaces, file: str, revision: str) -> bool | None:
    """Whether a commit that was synced lacks the one that brought a file to the branch; None where git cannot tell."""
    branch = places.branch
    since = branch.commits.get(file) if branch is not None and file in branch.files else None
    after = branch.commits_after(revision) if branch is not None and _COMMIT.match(revision) else None
    return None if since is None or after is None else since.name in after


def _as_resource(like: Resource, doc: JsonObject) -> Resource:
    return Resource(id=like.id, api_version=like.api_version, doc=doc, file=like.file)


def engine_view(doc: JsonObject, syncer: Resource) -> EngineView:
    """Read what an Application or a Kustomization says of itself."""
    status = mapping(doc.get("status"))
    if syncer.kind == "Application":
        sync, health = mapping(status.get("sync")), mapping(status.get("health"))
        state = mapping(status.get("operationState"))
        failed = text(state.get("phase")) in {"Failed", "Error"}
        said = [text(state.get("message"))] if failed else []
        said += [text(item.get("message")) for item in map(mapping, sequence(status.get("conditions")))]
        words = text(sync.get("status")), text(health.get("status")), text(sync.get("revision"))
    else:
        ready = mapping(conditions_by_type(status).get("Ready"))
        said = [text(ready.get("message"))] if text(ready.get("status")) == "False" else []
        applied = text(status.get("lastAppliedRevision"))
        # main@sha1:0123…, as Flux writes it.
        words = text(ready.get("reason")), "", applied.rpartition(":")[2]
    return EngineView(
        kind=syncer.kind,
        namespace=syncer.id.namespace,
        name=syncer.id.name,
        sync=words[0],
        health=words[1],
        revision=words[2],
        messages=tuple(dict.fromkeys(message for message in said if message)),
    )
