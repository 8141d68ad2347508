"""Two sides of an environment in; the objects whose pods restart, and those whose number of pods changes, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from kservegen.catalog.engines import ENGINES
from kservegen.changes.impact.chart_values import Values
from kservegen.changes.impact.comparing import differences
from kservegen.changes.impact.counting import count_restart, count_scaled
from kservegen.changes.impact.effective import CONFIG_KIND, ImpactScene, is_stopped
from kservegen.changes.impact.llm import AffectedRoles, llm_affected, uses_config
from kservegen.changes.impact.model import Cause, ImpactSide, Restart, Scaled
from kservegen.changes.impact.reach import NOBODY, Service, affected_in_graph
from kservegen.changes.impact.runtimes import Runtimes
from kservegen.core.document import mapping
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Installation

SERVICE: Final = "InferenceService"
LLM: Final = "LLMInferenceService"
GRAPH: Final = "InferenceGraph"
_KINDS: Final = frozenset({SERVICE, LLM, GRAPH})


class RestartChange(NamedTuple):
    """Both sides of a change, looked into."""

    before: ImpactScene
    after: ImpactScene

    @classmethod
    def of(
        cls, before: ImpactSide, after: ImpactSide, installation: Installation, schemas: SchemaStore
    ) -> RestartChange:
        """Look into two sides; `installation` is the one after the change."""
        now = ImpactScene(after, installation, schemas)
        return cls(ImpactScene(before, installation, schemas, other=now), now)


class RestartedPods(NamedTuple):
    """What happens to what runs on both sides."""

    restarts: tuple[Restart, ...]
    scaled: tuple[Scaled, ...]


def find_restarts(change: RestartChange) -> RestartedPods:
    """Say what restarts and what changes in number; at the cost of what changed."""
    before, after = change
    indirect = _Indirect(change)
    restarts: list[Restart] = []
    scaled: list[Scaled] = []
    for subject in _candidates(change, indirect):
        stopped = is_stopped(before[subject]), is_stopped(after[subject])
        if any(stopped):
            if stopped != (True, True):
                scaled.extend(count_scaled(subject, before, after))
            continue
        roles, causes = indirect.affected(subject)
        if roles and causes:
            restart = count_restart(subject, roles, causes, before, after)
            if restart.pods:
                restarts.append(restart)
        if before[subject] is not after[subject]:
            scaled.extend(count_scaled(subject, before, after))
    return RestartedPods(tuple(restarts), tuple(scaled))


def _candidates(change: RestartChange, indirect: _Indirect) -> Iterator[ResourceId]:
    """List the objects that have to be looked into, in the order of the side after the change."""
    before = change.before.side.resources
    for identity, resource in change.after.side.resources.items():
        if identity.kind in _KINDS:
            old = before.get(identity)
            if old is not None and (old is not resource or indirect.may_reach(identity)):
                yield identity


class _Indirect:
    """What reaches an object from beside it; asked in full only for objects that it may reach."""

    def __init__(self, change: RestartChange) -> None:
        self._before, self._after = change
        self._runtimes = Runtimes(*change)
        self._values = Values(*change)
        self._configs = frozenset(_changed_configs(change))
        self._owners = _owners(change)
        self._find: dict[str, Callable[[ResourceId], AffectedRoles]] = {
            SERVICE: self._service,
            LLM: self._llm,
            GRAPH: self._graph,
        }

    def may_reach(self, subject: ResourceId) -> bool:
        """Whether anything beside an unchanged object changed that it may be built on."""
        if self._values.any_changed or self._owner(subject) is not None:
            return True
        if subject.kind == SERVICE:
            return self._runtimes.any_changed
        return subject.kind == LLM and uses_config(subject, self._configs, self._before, self._after)

    def affected(self, subject: ResourceId) -> AffectedRoles:
        """Say whose pods restart, and why."""
        roles, causes = self._find[subject.kind](subject)
        found = list(causes)
        resource = self._after[subject]
        knative = self._after.is_knative(resource)
        if self._values.any_changed:
            for cause, more in self._values.causes(resource, knative=knative):
                roles |= more
                found.append(cause)
        owner = self._owner(subject)
        if owner is not None and subject.kind != LLM:  # of its metadata, next to nothing is handed on
            found.append(owner)
            roles |= Service(resource.spec, knative).roles if subject.kind == SERVICE else {"router"}
        if not any(cause.certain for cause in found):
            release = self._values.release(resource, knative=knative)
            if release is not None:
                found.append(release[0])
                roles |= release[1]
        return AffectedRoles(roles, tuple(found))

    def _service(self, subject: ResourceId) -> AffectedRoles:
        old, new = self._before[subject], self._after[subject]
        service = Service(new.spec, self._after.is_knative(new))
        roles: frozenset[str] = NOBODY
        paths: list[Path] = []
        for path in _own_differences(old, new):
            found = {role for role in service.affected(path) if _shows(role, path, old, new, service)}
            if found:
                roles |= found
                paths.append(self._after.defaulted(subject).original_path(path))
        causes = [Cause(paths=tuple(map(format_path, paths)))] if paths else []
        through = tuple(self._runtimes.causes(subject)) if old is not new or self._runtimes.any_changed else ()
        if through:
            roles |= service.roles if self._runtimes.relabels(subject) else service.predictors
            causes += through
        return AffectedRoles(roles & _roles_on_both(old, service), tuple(causes))

    def _graph(self, subject: ResourceId) -> AffectedRoles:
        old, new = self._before[subject], self._after[subject]
        knative = self._after.is_knative(new)
        paths = [path for path in _own_differences(old, new) if affected_in_graph(path, knative=knative)]
        if not paths:
            return AffectedRoles(NOBODY, ())
        return AffectedRoles(frozenset({"router"}), (Cause(paths=tuple(map(format_path, paths))),))

    def _llm(self, subject: ResourceId) -> AffectedRoles:
        return llm_affected(subject, self._before, self._after)

    def _owner(self, subject: ResourceId) -> Cause | None:
        if not self._owners:
            return None
        folder = PurePosixPath(self._after.side.resources[subject].file).parent.as_posix()
        return self._owners.get(folder)


def _shows(role: str, path: Path, old: Resource, new: Resource, service: Service) -> bool:
    """Whether a label or an annotation is another in the pods too: a component's own stands over the object's."""
    if path[-2] not in {"labels", "annotations"} or role == "canary" or (path[0] == "spec" and service.spans_nodes):
        return True
    name, kind, key = role.partition(" ")[0], str(path[-2]), str(path[-1])
    values = []
    for resource in (old, new):
        above = mapping(mapping(resource.doc.get("metadata")).get(kind))
        own = mapping(mapping(resource.spec.get(name)).get(kind))
        values.append(own.get(key, above.get(key)))
    return values[0] != values[1]


def _own_differences(old: Resource, new: Resource) -> Iterator[Path]:
    if old is new:
        return
    before, after = (mapping(resource.doc.get("metadata")) for resource in (old, new))
    for word in ("labels", "annotations"):
        yield from differences(before.get(word), after.get(word), ("metadata", word))
    yield from differences(old.spec, new.spec, ("spec",))


def _roles_on_both(old: Resource, service: Service) -> frozenset[str]:
    """Return the roles that have pods before the change too: a component that is new starts, it does not restart."""
    return service.roles & Service(old.spec, service.knative).roles


def _changed_configs(change: RestartChange) -> Iterator[ResourceId]:
    before, after = change.before.side.resources, change.after.side.resources
    for identity in {**before, **after}:
        if identity.kind == CONFIG_KIND and before.get(identity) is not after.get(identity):
            yield identity


def _owners(change: RestartChange) -> dict[str, Cause]:
    """Say for each folder that changes hands what that means for its pods."""
    before, after = change.before.side, change.after.side
    engine = ENGINES.get(after.engine)
    # Where nobody syncs an object any longer, what tracked it stays, and so do its pods.
    if engine is None or (before.engine == after.engine and before.synced_by == after.synced_by):
        return {}
    causes: dict[str, Cause] = {}
    for folder, now in after.synced_by.items():
        was = before.synced_by.get(folder, "")
        if now and (was, before.engine) != (now, after.engine):
            causes[folder] = Cause(f"{was or 'nobody'} -> {now}", note=engine.tracking)
    return causes
