"""A request as an admission plugin is handed it: what is done to which object, from which to which state."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.names import plural_of_kind
from kservegen.core.resource import Resource

CREATE: Final = "CREATE"
UPDATE: Final = "UPDATE"
DELETE: Final = "DELETE"

# Kinds that are served in several versions, between which the server converts.
_VERSIONS: Final = {
    ("serving.kserve.io", "llminferenceservices"): ("v1alpha1", "v1alpha2"),
    ("serving.kserve.io", "llminferenceserviceconfigs"): ("v1alpha1", "v1alpha2"),
}


class Admission(Struct, frozen=True, kw_only=True):
    """One request. `resource` is the object that it leaves, or the one that it deletes; `old` is what an update finds.

    `version` is the one that the object is shown in, where a policy asks for another than it was sent in.
    """

    resource: Resource
    operation: str = CREATE
    old: JsonObject | None = None
    subresource: str = ""
    version: str = ""

    @property
    def object(self) -> JsonObject | None:
        """What expressions see as `object`."""
        return None if self.operation == DELETE else self._shown(self.resource.doc)

    @property
    def old_object(self) -> JsonObject | None:
        """What expressions see as `oldObject`."""
        if self.operation == DELETE:
            return self._shown(self.resource.doc)
        return None if self.old is None else self._shown(self.old)

    def _shown(self, doc: JsonObject) -> JsonObject:
        if not self.version:
            return doc
        return {**doc, "apiVersion": f"{self.resource.group}/{self.version}"}

    def request(self) -> JsonObject:
        """Return what expressions see as `request`, as far as files tell."""
        resource = self.resource
        group, _, version = resource.api_version.rpartition("/")
        name = plural_of_kind(resource.kind)
        sent: JsonObject = {"group": group, "version": version, "kind": resource.kind}
        sent_to: JsonObject = {"group": group, "version": version, "resource": name}
        shown = self.version or version
        return {
            "operation": self.operation,
            "name": resource.id.name,
            "namespace": request_namespace(resource),
            "kind": {**sent, "version": shown},
            "requestKind": sent,
            "resource": {**sent_to, "version": shown},
            "requestResource": sent_to,
            "subResource": self.subresource,
            "requestSubResource": self.subresource,
            "dryRun": False,
        }


def request_namespace(resource: Resource) -> str:
    """Name the namespace of a request; one about a Namespace carries the namespace's own name."""
    return resource.id.name if resource.kind == "Namespace" and resource.api_version == "v1" else resource.id.namespace


def equivalent_versions(group: str, version: str, resource: str) -> tuple[str, ...]:
    """List the other versions in which the server serves a resource."""
    return tuple(v for v in _VERSIONS.get((group, resource), ()) if v != version)


def convert(admission: Admission, version: str) -> Admission | None:
    """Show the object in another version; None where the two differ in more than their name.

    The LLM kinds are alike but for `model.criticality`, which v1alpha2 dropped, and the scheduler's inline pool.
    """
    for doc in (admission.resource.doc, admission.old):
        spec = mapping(mapping(doc).get("spec"))
        scheduler = mapping(mapping(spec.get("router")).get("scheduler"))
        if "criticality" in mapping(spec.get("model")) or "spec" in mapping(scheduler.get("pool")):
            return None
    return replace(admission, version=version)
