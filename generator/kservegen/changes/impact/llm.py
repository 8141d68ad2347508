"""An LLMInferenceService on both sides of a change in; what of the change reaches whose pods out.

Source: KServe v0.19.0 and v0.20.0, pkg/controller/v1alpha2/llmisvc. Presets, then bases, then the service are merged
into one spec; of the object's own labels and annotations only some prefixes are handed on. The controller watches
configurations and reconciles who uses them at once. The image of a running storage initializer is kept, and so is a
scheduler's configuration that is no longer said. Of labels and annotations in a template it only adds and changes:
one that is removed goes with the next other change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from kservegen.catalog.merge import merge_values
from kservegen.changes.impact.comparing import differences
from kservegen.changes.impact.effective import ImpactScene
from kservegen.changes.impact.model import Cause
from kservegen.changes.impact.reach import NOBODY
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.platform import KSERVE_NAMESPACE
from kservegen.kserve.presets import PREFIX, presets_for
from kservegen.kserve.releases import Capabilities

_ANNOTATIONS: Final = ("k8s.v1.cni.cncf.io", "kueue.x-k8s.io", "prometheus.io")
_GROUP_ANNOTATIONS: Final = "leaderworkerset.sigs.k8s.io"
_DRA_ANNOTATIONS: Final = "serving.kserve.io/exp-dra-"
_LABELS: Final = ("kueue.x-k8s.io",)
# Handed on to pods by some releases only.
_ROUTING: Final = "serving.kserve.io/model-based-routing-enabled"
_METADATA: Final = frozenset({"labels", "annotations"})
_NUMBERS: Final = frozenset({"replicas", "scaling"})
_WHOLE: Final = frozenset({"storageInitializer", "tracing"})  # of all workloads
_WORKLOAD: Final = frozenset({"template", "worker", "kvCacheOffloading"})
_PRESET_CHART: Final = "kserve-runtime-configs"
_PRESETS_ON: Final = ("kserve", "llmisvcConfigs", "enabled")


class AffectedRoles(NamedTuple):
    """The roles whose pods a change affects, and why."""

    roles: frozenset[str]
    causes: tuple[Cause, ...]


class _Service(NamedTuple):
    """A service as the controller goes by it: its own spec over those of its bases."""

    resource: Resource
    spec: JsonObject
    bases: tuple[ResourceId, ...]

    @property
    def metadata(self) -> JsonObject:
        found = mapping(self.resource.doc.get("metadata"))
        return {key: found.get(key) for key in ("labels", "annotations")}


def llm_affected(subject: ResourceId, before: ImpactScene, after: ImpactScene) -> AffectedRoles:
    """Say whose pods of a service restart, and why: by itself, by its bases, by KServe's presets."""
    old, new = _service(subject, before), _service(subject, after)
    lookup = _RoleLookup(old.spec, new.spec, after.side.release.capabilities)
    own: list[Path] = []
    through: list[Path] = []
    roles = NOBODY
    written = set(differences(old.resource.spec, new.resource.spec, ("spec",)))
    for path in (
        *_kept_words(differences(old.metadata, new.metadata, ("metadata",)), new.metadata),
        *differences(old.spec, new.spec, ("spec",)),
    ):
        reaches = lookup.roles(path)
        if reaches:
            roles |= reaches
            (own if _is_own(path, written) else through).append(path)
    causes = [Cause(paths=tuple(map(format_path, own)))] if own else []
    if through:
        causes.extend(_through_bases(old, new, through, before, after))
    for name, preset_roles in _changed_presets(new, before, after):
        roles |= preset_roles
        causes.append(Cause(through=name))
    return AffectedRoles(roles, tuple(causes))


def uses_config(subject: ResourceId, changed: frozenset[ResourceId], before: ImpactScene, after: ImpactScene) -> bool:
    """Whether a service is built on one of some configurations, named by it or by its shape."""
    return any(not changed.isdisjoint(_all_bases(scene[subject], scene)) for scene in (before, after))


def changes_presets(before: ImpactScene, after: ImpactScene) -> bool:
    """Whether KServe's own presets are of another release, where the charts install them on both sides."""
    both = all(_PRESET_CHART in scene.side.values and scene.platform.presets for scene in (before, after))
    return both and before.side.release.version != after.side.release.version


def _service(subject: ResourceId, scene: ImpactScene) -> _Service:
    resource = scene[subject]
    own = resource.spec
    bases = tuple(_all_bases(resource, scene))
    spec: JsonObject = {}
    for base in bases:
        spec = merge_values(spec, scene.side.resources[base].spec)
    return _Service(resource, merge_values(spec, own) if bases else own, bases)


def _all_bases(resource: Resource, scene: ImpactScene) -> Iterator[ResourceId]:
    """List the configurations of the catalog that lie under a service: those called as presets are, then its bases."""
    own = resource.spec
    namespace = resource.id.namespace
    named = [text(mapping(ref).get("name")) for ref in sequence(own.get("baseRefs"))]
    found = [scene.config(name, namespace) for name in named]
    shape: JsonObject = {}
    for base in filter(None, found):
        shape = merge_values(shape, scene.side.resources[base].spec)
    presets = [
        scene.config(preset.name, namespace) for preset in presets_for(merge_values(shape, own) if shape else own)
    ]
    yield from filter(None, (*presets, *found))


def _kept_words(paths: Iterable[Path], metadata: JsonObject) -> Iterator[Path]:
    """Leave out labels and annotations that are removed: they stay in the template."""
    return (path for path in paths if len(path) > 2 and path[2] in mapping(metadata.get(str(path[1]))))


def _is_own(path: Path, written: set[Path]) -> bool:
    """Whether the author of the service wrote a change himself, at the path, above or below it."""
    if path[0] == "metadata":
        return True
    return any(path[: len(other)] == other or other[: len(path)] == path for other in written)


def _through_bases(
    old: _Service, new: _Service, paths: list[Path], before: ImpactScene, after: ImpactScene
) -> Iterator[Cause]:
    """Tell which configurations bring a change: those that changed themselves, or that are new under the service."""
    for base in dict.fromkeys((*old.bases, *new.bases)):
        was, now = before.side.resources.get(base), after.side.resources.get(base)
        if was is now and (base in old.bases) == (base in new.bases):
            continue
        texts = [item.doc.get("spec") if item is not None else None for item in (was, now)]
        said = set(differences(texts[0], texts[1], ("spec",)))
        mine = [path for path in paths if not said or _is_own(path, said)]
        if mine:
            yield Cause(through=str(base), paths=tuple(map(format_path, mine)))


def _changed_presets(new: _Service, before: ImpactScene, after: ImpactScene) -> Iterator[tuple[str, frozenset[str]]]:
    """List the presets under a service that another release of the chart brings, with whose pods they describe."""
    if not changes_presets(before, after):
        return
    here = {base.name for base in new.bases}
    for name, _ in presets_for(new.spec):
        if name in here or name not in before.platform.presets or name not in after.platform.presets:
            continue
        roles = _preset_roles(name, new.spec)
        if roles:
            identity = ResourceId("LLMInferenceServiceConfig", KSERVE_NAMESPACE, name)
            yield f"{identity} of KServe {before.side.release.version} -> {after.side.release.version}", roles


def _preset_roles(name: str, spec: JsonObject) -> frozenset[str]:
    shape = name.removeprefix(PREFIX)
    if shape == "router-route":
        return NOBODY
    if shape == "scheduler":
        return frozenset({"scheduler"})
    return _roles("prefill", spec.get("prefill")) if shape.startswith("prefill-") else _roles("main", spec)


def _roles(role: str, workload: JsonValue) -> frozenset[str]:
    """Return the roles of a workload: leader and workers are one set, which rolls as a whole."""
    if not isinstance(workload, dict):
        return NOBODY
    return frozenset({role, f"{role} worker"} if isinstance(workload.get("worker"), dict) else {role})


class _RoleLookup:
    """Says whose pods a change of the merged spec reaches."""

    def __init__(self, old: JsonObject, new: JsonObject, controller: Capabilities) -> None:
        self._old, self._new, self._controller = old, new, controller
        self._main = _roles("main", new) if old else NOBODY
        both = isinstance(old.get("prefill"), dict) and isinstance(new.get("prefill"), dict)
        self._prefill = _roles("prefill", new.get("prefill")) if both else NOBODY
        self._all = self._main | self._prefill

    def roles(self, path: Path) -> frozenset[str]:
        """Return the roles, none where the change reaches nobody."""
        if path[0] == "metadata":
            return self._of_metadata(str(path[1]), str(path[-1])) if len(path) > 2 else NOBODY
        if len(path) < 2:
            return NOBODY
        word = str(path[1])
        if word == "model":
            return NOBODY if path[2:3] == ("criticality",) else self._all
        if word in _WHOLE:
            return self._all
        if word == "router":
            return self._of_router(path)
        if word == "prefill":
            return self._of_prefill(path)
        if word in _METADATA:
            everywhere = self._controller.spec_labels_reach_prefill and "worker" not in self._new
            return self._of_words(path, self._new, self._all if everywhere else self._main)
        return self._of_workload(path[1:], self._new, self._old, self._main)

    def _of_metadata(self, kind: str, key: str) -> frozenset[str]:
        """Return whom a label or an annotation that is there after the change reaches."""
        if kind == "labels":
            return self._all if key.startswith(_LABELS) else NOBODY
        if key.startswith(_GROUP_ANNOTATIONS):
            return frozenset(role for role in self._all if f"{role.removesuffix(' worker')} worker" in self._all)
        if key.startswith(_DRA_ANNOTATIONS):
            return self._all if self._controller.dra_annotations else NOBODY
        return self._all if key.startswith(_ANNOTATIONS) else NOBODY

    def _of_prefill(self, path: Path) -> frozenset[str]:
        if len(path) < 3:  # prefill comes or goes: the others become decoders, or are no longer
            return self._main
        prefill, before = (mapping(spec.get("prefill")) for spec in (self._new, self._old))
        if path[2] in _METADATA:
            return self._of_words(path[1:], prefill, self._prefill)
        return self._of_workload(path[2:], prefill, before, self._prefill)

    def _of_words(self, path: Path, workload: JsonObject, roles: frozenset[str]) -> frozenset[str]:
        """Labels and annotations of a workload: what is removed stays in the template."""
        kind, key = str(path[1]), str(path[-1])
        if len(path) > 2 and key not in mapping(workload.get(kind)):
            return NOBODY
        return NOBODY if key == _ROUTING and not self._controller.routing_annotation_reaches_pods else roles

    def _of_workload(
        self, path: Path, workload: JsonObject, before: JsonObject, roles: frozenset[str]
    ) -> frozenset[str]:
        word = str(path[0])
        if word in _WORKLOAD:
            return roles
        if word != "parallelism":
            return NOBODY
        if isinstance(workload.get("worker"), dict):
            return roles
        # Of all the sizes, the presets of a single node know this one at most.
        tensors = [mapping(words.get("parallelism")).get("tensor") for words in (before, workload)]
        return roles if self._controller.tensor_flag_on_single_node and tensors[0] != tensors[1] else NOBODY

    def _of_router(self, path: Path) -> frozenset[str]:
        schedulers = [mapping(spec.get("router")).get("scheduler") for spec in (self._old, self._new)]
        if path[1:] == ("router",):  # with a router, the sidecar of a decoder is told a pool
            return self._main if "prefill" in self._new else NOBODY
        if not all(isinstance(scheduler, dict) for scheduler in schedulers):
            return NOBODY
        if path[2:3] != ("scheduler",) or len(path) < 4:
            return NOBODY
        return self._of_scheduler(path[3:], *map(mapping, schedulers))

    def _of_scheduler(self, path: Path, old: JsonObject, new: JsonObject) -> frozenset[str]:
        word = path[0]
        scheduler = frozenset({"scheduler"})
        if word in _METADATA:
            return scheduler if len(path) < 2 or path[-1] in mapping(new.get(str(word))) else NOBODY
        if word == "config":
            return scheduler if new.get("config") is not None else NOBODY
        if word == "replicas":
            elected = [(integer(words.get("replicas")) or 1) > 1 for words in (old, new)]
            return scheduler if elected[0] != elected[1] else NOBODY
        if word == "pool":
            return self._main if "prefill" in self._new and "ref" in path else NOBODY
        return scheduler if word == "template" else NOBODY
