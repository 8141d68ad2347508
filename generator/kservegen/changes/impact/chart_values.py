"""Values of KServe's charts and its release on both sides in; why objects restart because of them out.

Source: KServe v0.19.0 and v0.20.0. Nobody watches the ConfigMap inferenceservice-config: what a controller takes from
it reaches a template when the object is next looked at, for certain when the controller itself restarts, which a new
release makes it do. What the webhook of pods takes from it - the storage initializer of a `storageUri`, the agent,
credentials, metrics, the sizes of a modelcar - is for pods to come and restarts none; default resources are written
into objects when they are admitted, so those that are there keep theirs. Domains, gateways and Services are not in
pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.changes.impact.effective import ImpactScene
from kservegen.changes.impact.model import Cause
from kservegen.changes.impact.reach import COMPONENTS, Service
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.charts.model import KeyPath, effective
from kservegen.kserve.charts.release import config_owner

_ROUTER: Final[KeyPath] = ("kserve", "router")
_ART: Final[KeyPath] = ("kserve", "servingruntime", "art")
_STORAGE: Final[KeyPath] = ("kserve", "storage")
_VERSION: Final[KeyPath] = ("kserve", "version")
_MODELCAR: Final = frozenset({"uidModelcar", "cpuModelcar", "memoryModelcar"})
_DOWNLOAD: Final = frozenset({"s3", "caBundleConfigMapName", "caBundleVolumeMountPath"})
# Tags that are the release's own where they are left blank.
_TAGS: Final = frozenset({(*_ROUTER, "tag"), (*_ART, "defaultVersion"), (*_STORAGE, "tag")})
_LATER: Final = "KServe's controller reads it when it next looks at the object"
_ANOTHER_RELEASE: Final = "a controller of another release may write another pod template"


class _Used(NamedTuple):
    """Values that reach pods of some roles."""

    keys: frozenset[KeyPath]
    roles: frozenset[str]


class Values:
    """What changes in the ConfigMap of an installation, and in its release."""

    def __init__(self, before: ImpactScene, after: ImpactScene) -> None:
        self._releases = (before.side.release, after.side.release)
        self.is_new_release = before.side.release.version != after.side.release.version
        said = before.side.values != after.side.values
        self._changed = frozenset(_changed(before, after)) if said or self.is_new_release else frozenset()

    @property
    def any_changed(self) -> bool:
        """Whether objects that did not change themselves may restart."""
        return bool(self._changed) or self.is_new_release

    def causes(self, resource: Resource, *, knative: bool) -> Iterator[tuple[Cause, frozenset[str]]]:
        """Say why an object restarts because of them, and whose pods."""
        for keys, roles in _uses(resource, knative=knative):
            found = sorted(key for key in self._changed if any(key[: len(used)] == used for used in keys))
            if found:
                paths = tuple(".".join(key) for key in found)
                note = "" if self.is_new_release else _LATER
                yield Cause("chart values", paths, certain=self.is_new_release, note=note), roles

    def release(self, resource: Resource, *, knative: bool) -> tuple[Cause, frozenset[str]] | None:
        """Say that another release may restart an object; None where its templates are known to be the same."""
        if not self.is_new_release or self._writes_alike(resource):
            return None
        through = " -> ".join(release.version for release in self._releases)
        return Cause(f"KServe {through}", certain=False, note=_ANOTHER_RELEASE), _all_roles(resource, knative=knative)

    def _writes_alike(self, resource: Resource) -> bool:
        known = all(release.is_reviewed for release in self._releases)
        alike = known and len({release.capabilities.pod_templates for release in self._releases}) == 1
        return alike and resource.kind in {"InferenceService", "InferenceGraph"}


def _changed(before: ImpactScene, after: ImpactScene) -> Iterator[KeyPath]:
    charts = [scene.side.release.charts for scene in (before, after)]
    owners = [config_owner(known, scene.side.values) for known, scene in zip(charts, (before, after), strict=True)]
    old, new = (known.by_name.get(owner) for known, owner in zip(charts, owners, strict=True))
    if old is None or new is None:
        return
    values = [scene.side.values.get(chart.name, {}) for scene, chart in ((before, old), (after, new))]
    releases = effective(old, values[0], _VERSION), effective(new, values[1], _VERSION)
    for key in new.keys:
        if key[:2] not in {_ROUTER, _STORAGE} and key[:3] != _ART:
            continue
        was, now = effective(old, values[0], key), effective(new, values[1], key)
        if key in _TAGS:
            was, now = was or releases[0], now or releases[1]
        if was != now:
            yield key


def _uses(resource: Resource, *, knative: bool) -> Iterator[_Used]:
    spec = resource.spec
    if resource.kind == "InferenceGraph":
        yield _Used(frozenset({_ROUTER}), frozenset({"router"}))
    elif resource.kind == "InferenceService":
        if "art" in mapping(spec.get("explainer")):
            yield _Used(frozenset({_ART}), frozenset({"explainer"}))
        several = {name for name in COMPONENTS if mapping(spec.get(name)).get("storageUris")}
        if several:  # the controller itself writes their init container, which is the webhook's otherwise
            roles = several | (Service(spec, knative).predictors if "predictor" in several else set())
            yield _Used(frozenset({_STORAGE}), frozenset(roles))
    elif resource.kind == "LLMInferenceService":
        yield from _llm_uses(spec)


def _llm_uses(spec: JsonObject) -> Iterator[_Used]:
    uri = text(mapping(spec.get("model")).get("uri"))
    roles = frozenset({"main", "main worker", "prefill", "prefill worker"})
    words = _MODELCAR if uri.startswith("oci://") else _DOWNLOAD if uri.startswith(("hf://", "s3://")) else frozenset()
    if words:
        yield _Used(frozenset((*_STORAGE, word) for word in words), roles)


def _all_roles(resource: Resource, *, knative: bool) -> frozenset[str]:
    if resource.kind == "InferenceGraph":
        return frozenset({"router"})
    if resource.kind == "InferenceService":
        return Service(resource.spec, knative).roles
    return frozenset({"main", "main worker", "prefill", "prefill worker", "scheduler"})
