"""Two sides of an environment in; the objects whose pods restart, and those whose number of pods changes, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from kservegen.catalog.engines import ENGINES
from kservegen.changes.impact.causes import Explained, Installed
from kservegen.changes.impact.counting import count_restart, count_scaled
from kservegen.changes.impact.effective import CONFIG_KIND, RUNTIME_KINDS, ImpactScene
from kservegen.changes.impact.model import Cause, ImpactSide, RefusedUpdate, Restart, Scaled
from kservegen.changes.impact.templates import replaced_pods
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.running import pod_templates
from kservegen.kserve.defaulting import Installation

SERVICE: Final = "InferenceService"
LLM: Final = "LLMInferenceService"
_KINDS: Final = frozenset({SERVICE, LLM, "InferenceGraph"})


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
    refused: tuple[RefusedUpdate, ...]


def find_restarts(change: RestartChange) -> RestartedPods:
    """Say what restarts and what changes in number; at the cost of what changed."""
    before, after = change
    beside = _Beside(change)
    restarts: list[Restart] = []
    scaled: list[Scaled] = []
    for subject in beside.candidates():
        restart = beside.restart(subject)
        if restart is not None and restart.pods:
            restarts.append(restart)
        if before[subject] is not after[subject]:
            scaled.extend(count_scaled(subject, before, after))
    return RestartedPods(tuple(restarts), tuple(scaled), tuple(beside.refused))


class _Beside:
    """What changed beside objects: asked for whom it may reach, and for why a template is another."""

    def __init__(self, change: RestartChange) -> None:
        self._before, self._after = change
        self._installed = Installed(*change)
        self._changed = frozenset(_changed(change))
        self._runtimes = _ChangedRuntimes(change, self._changed)
        self._owners = _owners(change)
        self.refused: list[RefusedUpdate] = []  # of objects that did not change themselves, which rules ask

    def candidates(self) -> Iterator[ResourceId]:
        """List the objects that have to be looked into, in the order of the side after the change."""
        before = self._before.side.resources
        for identity, resource in self._after.side.resources.items():
            if identity.kind in _KINDS:
                old = before.get(identity)
                if old is not None and (old is not resource or self._may_reach(identity)):
                    yield identity

    def _may_reach(self, subject: ResourceId) -> bool:
        """Whether anything beside an unchanged object changed that it may be built on."""
        if self._installed.any_changed or self._owner(subject) is not None:
            return True
        if subject.kind == SERVICE:
            return self._runtimes.any_changed and self._runtimes.may_serve(self._after[subject])
        return subject.kind == LLM and any(i.kind == CONFIG_KIND for i in self._changed)

    def restart(self, subject: ResourceId) -> Restart | None:
        """Say whose pods restart, and why; None where nobody's do."""
        old, new = self._before.made(subject), self._after.made(subject)
        if old is None or new is None:
            return None
        roles, sources, stuck = replaced_pods(old, new)
        if self._before[subject] is self._after[subject]:
            self.refused += [_refused(new.stored, deployment) for deployment in stuck]
        causes = [*Explained(subject, self._before, self._after, self._installed).causes(sources)]
        owner = self._owner(subject)
        if owner is not None and subject.kind != LLM:  # of its metadata, next to nothing is handed on
            causes.append(owner)
            roles |= self._roles(subject)
        unknown = self._installed.unknown_release
        if unknown is not None and not any(cause.certain for cause in causes):
            causes.append(unknown)
            roles |= self._roles(subject)
        return count_restart(subject, roles, tuple(causes), self._before, self._after) if roles else None

    def _roles(self, subject: ResourceId) -> frozenset[str]:
        side = self._after.made(subject)
        return frozenset(item.role for item in pod_templates(side.stored.doc, side.made)) if side else frozenset()

    def _owner(self, subject: ResourceId) -> Cause | None:
        if not self._owners:
            return None
        folder = PurePosixPath(self._after.side.resources[subject].file).parent.as_posix()
        return self._owners.get(folder)


def _refused(stored: Resource, deployment: str) -> RefusedUpdate:
    """Say that what lies under an LLM service, a base or a preset, changes what its Deployment selects."""
    message = f"Deployment {deployment}: spec.selector would change through what lies below, and the field is immutable"
    path: Path = ("spec", "baseRefs") if "baseRefs" in stored.spec else ("spec",)
    hint = "Keep the labels; deleting the Deployment by hand lets KServe make it anew."
    finding = Finding(rule="kserve/llm-selector-change", path=path, message=message, hint=hint, at_key=True)
    return RefusedUpdate(stored, finding)


class _ChangedRuntimes:
    """The runtimes that are others, by their names and by the formats that they serve on either side."""

    def __init__(self, change: RestartChange, changed: Iterable[ResourceId]) -> None:
        self._names: set[str] = set()
        self._formats: set[str] = set()
        for identity in changed:
            if identity.kind in RUNTIME_KINDS:
                self._names.add(identity.name)
                for scene in change:
                    spec = mapping((scene.document(identity) or {}).get("spec"))
                    formats = map(mapping, sequence(spec.get("supportedModelFormats")))
                    self._formats.update(text(item.get("name")) for item in formats)

    @property
    def any_changed(self) -> bool:
        """Whether there are any."""
        return bool(self._names)

    def may_serve(self, service: Resource) -> bool:
        """Whether one of them may serve a model of a service, or have served it."""
        spec = service.spec
        components = (spec, *map(mapping, sequence(spec.get("canary"))))
        return any(self._may_serve(mapping(mapping(item.get("predictor")).get("model"))) for item in components)

    def _may_serve(self, model: JsonObject) -> bool:
        name = text(model.get("runtime"))
        return name in self._names if name else text(mapping(model.get("modelFormat")).get("name")) in self._formats


def _changed(change: RestartChange) -> Iterator[ResourceId]:
    """List the runtimes and configurations that are others, come or go."""
    before, after = change.before.side.resources, change.after.side.resources
    for identity in {**before, **after}:
        if identity.kind == CONFIG_KIND or identity.kind in RUNTIME_KINDS:
            old, new = before.get(identity), after.get(identity)
            if old is not new and not _is_same(old, new):
                yield identity


def _is_same(old: Resource | None, new: Resource | None) -> bool:
    return old is not None and new is not None and old.doc == new.doc


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
