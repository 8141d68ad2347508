"""Policies held against what KServe makes of an object: a pod or Deployment is refused, and the user's line told.

The API server asks a policy about every object that it is sent, also by controllers. What is made of an object is
looked at only where a policy's rules may take one of the kinds that are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.policy.admission import Admission
from kservegen.checks.policy.binding import Bound
from kservegen.checks.policy.evaluate import depends_on_object, evaluate_policies, see
from kservegen.checks.policy.model import ResourceRule
from kservegen.checks.rules._made import MadeView, made_of
from kservegen.checks.rules.base import Context
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin, Resource, ResourceId

# What KServe's controllers write, and the pods of that, as rules name groups.
_GROUPS: Final = frozenset(
    {
        "",
        "apps",
        "autoscaling",
        "gateway.networking.k8s.io",
        "inference.networking.k8s.io",
        "inference.networking.x-k8s.io",
        "keda.sh",
        "leaderworkerset.x-k8s.io",
        "networking.istio.io",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "serving.knative.dev",
    }
)


class _Written(Struct, frozen=True):
    """What a made object is called, and where its fields came from."""

    label: str
    origins: tuple[Origin, ...]


class MadePolicies:
    """The policies that may look at what KServe makes; which of them look at a kind in a namespace is asked once.

    `namespaces` are the rendered Namespaces, by name.
    """

    def __init__(self, bound: Iterable[Bound], namespaces: Mapping[str, JsonObject]) -> None:
        self._bound = [policy for policy in bound if any(map(_takes_made, policy.compiled.policy.constraints.rules))]
        self._namespaces = namespaces
        self._looking: dict[tuple[str, str, str], tuple[Bound, ...]] = {}

    @property
    def looks(self) -> bool:
        """Whether any policy may look at what is made."""
        return bool(self._bound)

    def violations(self, resource: Resource, context: Context) -> Iterator[Finding]:
        """Yield what policies refuse of what is made of an object.

        One mistake that comes to many pods is told once; each finding stands at the field to edit of the object itself.
        """
        view = made_of(resource, context) if self.looks else None
        if view is None or not view.made.deployable:
            return
        told: set[tuple[str, Path]] = set()
        for resource_made, written in self._written(view):
            for finding in evaluate_policies(self._policies(resource_made), resource_made, namespaces=self._namespaces):
                place = view.where(written.origins, finding.path)
                if (finding.rule, place.path) not in told:
                    told.add((finding.rule, place.path))
                    message = f"{finding.message}, in {written.label}{place.told}"
                    yield replace(
                        finding, path=place.path, message=message, at_key=finding.at_key or bool(place.source)
                    )

    def _written(self, view: MadeView) -> Iterator[tuple[Resource, _Written]]:
        """Yield what is made that a policy looks at; at most of it none does."""
        for made in view.made.objects:
            if self._looks(text(made.doc.get("apiVersion")), text(made.doc.get("kind")), made.doc, view.resource):
                yield _request(made.doc, view.resource), _Written(made.label, made.origins)
        for pod in view.pods():
            if self._looks("v1", "Pod", mapping(pod.pod), view.resource):
                doc: JsonObject = {"apiVersion": "v1", "kind": "Pod", **mapping(pod.pod)}
                yield _request(doc, view.resource), _Written(f"the pod of {pod.of}", pod.origins)

    def _looks(self, api_version: str, kind: str, doc: JsonObject, owner: Resource) -> bool:
        looking = self._looking.get((api_version, kind, _namespace(doc, owner)))
        return looking is None or bool(looking)

    def _policies(self, resource: Resource) -> tuple[Bound, ...]:
        place = (resource.api_version, resource.id.kind, resource.id.namespace)
        if place not in self._looking:
            admission, namespace = Admission(resource=resource), self._namespaces.get(resource.id.namespace)
            self._looking[place] = tuple(
                policy
                for policy in self._bound
                if depends_on_object(policy, resource) or see(policy, admission, namespace) is not None
            )
        return self._looking[place]


def _takes_made(rule: ResourceRule) -> bool:
    takes_groups = "*" in rule.groups or not _GROUPS.isdisjoint(rule.groups)
    return takes_groups and any(resource != "namespaces" for resource in rule.resources)  # KServe makes no Namespace


def _namespace(doc: JsonObject, owner: Resource) -> str:
    return text(mapping(doc.get("metadata")).get("namespace")) or owner.id.namespace


def _request(doc: JsonObject, owner: Resource) -> Resource:
    name = text(mapping(doc.get("metadata")).get("name"))
    identity = ResourceId(text(doc.get("kind")), _namespace(doc, owner), name)
    return Resource(id=identity, api_version=text(doc.get("apiVersion")), doc=doc, file=owner.file)
