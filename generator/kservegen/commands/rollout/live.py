"""What kubectl printed of a cluster in; the objects that a status is read from, and what was looked at, out.

Kept are models, what syncs them, their pods and Deployments: nothing else of a file, and never a Secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from msgspec import Struct, field

from kservegen.catalog.inventory.collection import documents_in
from kservegen.commands.client.kubectl import Kubectl, KubectlRefusedError
from kservegen.commands.inventory import LARGE_INPUT_HINT, LARGEST_INPUT, read_objects
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource

# The kinds that say of themselves whether they are Ready, by API group: how kubectl calls them.
_SERVING: Final = "serving.kserve.io"
READY_KINDS: Final = {
    "InferenceService": f"inferenceservices.{_SERVING}",
    "LLMInferenceService": f"llminferenceservices.{_SERVING}",
    "InferenceGraph": f"inferencegraphs.{_SERVING}",
    "TrainedModel": f"trainedmodels.{_SERVING}",
}
ENGINE_KINDS: Final = {
    "Application": "applications.argoproj.io",
    "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io",
}
# Which pods are a model's: the label with its name, and one that all pods of its kind have.
POD_LABELS: Final = {
    "InferenceService": ("serving.kserve.io/inferenceservice", "serving.kserve.io/inferenceservice"),
    "LLMInferenceService": ("app.kubernetes.io/name", "app.kubernetes.io/part-of=llminferenceservice"),
}
_GROUPS: Final = {
    kind: name.partition(".")[2] for kind, name in {**READY_KINDS, **ENGINE_KINDS}.items()
} | {"Pod": "", "Deployment": "apps"}  # fmt: skip

_Key: TypeAlias = tuple[str, str, str]  # kind, namespace, name
# Asks a cluster for the objects of a kind in a namespace.
Ask: TypeAlias = Callable[[str, str, str], bytes | None]


class LiveObjects(Struct):
    """What is known of one cluster. `source` says from where; `notes` what could not be read of what is beside models.

    `covered` are kinds and namespaces of which all objects are here: only there is absence a fact.
    """

    source: str
    objects: dict[_Key, JsonObject] = field(default_factory=dict)
    pods: dict[str, list[JsonObject]] = field(default_factory=dict)  # by namespace
    deployments: dict[str, list[JsonObject]] = field(default_factory=dict)
    covered: set[tuple[str, str]] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def add(self, document: JsonObject) -> int:
        """Take what a document holds, a List or an object; return how many were taken.

        A List covers its kinds in the namespaces of its objects: kubectl lists all of a namespace.
        """
        taken = 0
        for doc in documents_in(document):
            kind, metadata = text(doc.get("kind")), mapping(doc.get("metadata"))
            group = text(doc.get("apiVersion")).rpartition("/")[0]
            if _GROUPS.get(kind) != group:
                continue
            namespace, name = text(metadata.get("namespace")) or "default", text(metadata.get("name"))
            taken += 1
            if text(document.get("kind")).endswith("List"):
                self.covered.add((kind, namespace))
            if kind == "Pod":
                self.pods.setdefault(namespace, []).append(doc)
            elif kind == "Deployment":
                self.deployments.setdefault(namespace, []).append(doc)
            else:
                self.objects[kind, namespace, name] = doc
        return taken

    def find(self, resource: Resource) -> JsonObject | None:
        """Return an object as the cluster has it; None where it is not among these."""
        return self.objects.get((resource.kind, resource.id.namespace or "default", resource.id.name))

    def covers(self, resource: Resource) -> bool:
        """Whether all objects of a kind and namespace are here."""
        return (resource.kind, resource.id.namespace or "default") in self.covered

    def pods_of(self, resource: Resource) -> Iterator[JsonObject]:
        """Yield the pods of a model."""
        return _labelled(self.pods, resource)

    def deployments_of(self, resource: Resource) -> Iterator[JsonObject]:
        """Yield the Deployments of a model."""
        return _labelled(self.deployments, resource)

    def has_no_pod(self, resource: Resource) -> bool:
        """Whether a model is known to have no pod: all of its namespace are here, and none is its own."""
        if resource.kind not in POD_LABELS or ("Pod", resource.id.namespace or "default") not in self.covered:
            return False
        return not any(self.pods_of(resource))


def _labelled(held: Mapping[str, Iterable[JsonObject]], resource: Resource) -> Iterator[JsonObject]:
    """Yield what carries a model's label, of what is held by namespace."""
    label, _ = POD_LABELS.get(resource.kind, ("", ""))
    for doc in held.get(resource.id.namespace or "default", ()) if label else ():
        if mapping(mapping(doc.get("metadata")).get("labels")).get(label) == resource.id.name:
            yield doc


def read_live(contents: Iterable[tuple[str, bytes]], source: str) -> LiveObjects:
    """Read files that kubectl wrote, by name; GeneratorError for what is none, and where no object says a status."""
    found, taken = LiveObjects(source), 0
    for name, content in contents:
        for document in read_objects(content, name):
            taken += found.add(document)
    if not taken:
        raise GeneratorError(
            "no object among them is a model, a pod, or what syncs models",
            subject=source,
            hint="Write them down: kubectl get inferenceservices,llminferenceservices -n NAMESPACE -o json.",
        )
    return found


def ask_models(ask: Ask, resources: Iterable[Resource], source: str) -> LiveObjects:
    """Ask a cluster for the models of an environment, kind by kind and namespace by namespace.

    GeneratorError where they cannot be read: without them nothing can be told.
    """
    found = LiveObjects(source)
    wanted = {(item.kind, item.id.namespace or "default") for item in resources if item.kind in READY_KINDS}
    for kind, namespace in sorted(wanted):
        _take(found, ask(READY_KINDS[kind], namespace, ""), f"{READY_KINDS[kind]} in {namespace}")
        found.covered.add((kind, namespace))
    return found


def ask_engine(ask: Ask, objects: Iterable[Resource], found: LiveObjects) -> None:
    """Ask for what syncs models; where that cannot be read it is noted."""
    wanted = {(item.kind, item.id.namespace) for item in objects if item.kind in ENGINE_KINDS}
    for kind, namespace in sorted(wanted):
        try:
            content = ask(ENGINE_KINDS[kind], namespace, "")
        except GeneratorError as problem:
            found.notes.append(f"what syncs it is not known: {problem}")
            continue
        if content is None:
            found.notes.append(f"what syncs it is not known: the cluster has no {ENGINE_KINDS[kind]}")
            continue
        _take(found, content, ENGINE_KINDS[kind])
        found.covered.add((kind, namespace))


def ask_pods(ask: Ask, models: Iterable[Resource], found: LiveObjects) -> None:
    """Ask for the pods and Deployments of models that are not Ready; where they cannot be read it is noted."""
    wanted = {(item.kind, item.id.namespace or "default") for item in models if item.kind in POD_LABELS}
    for kind, namespace in sorted(wanted):
        for asked, unknown in (("pods", "what pods wait for"), ("deployments.apps", "why pods are not created")):
            try:
                _take(found, ask(asked, namespace, POD_LABELS[kind][1]), f"{asked} in {namespace}")
            except KubectlRefusedError as problem:
                found.notes.append(f"{unknown} is not known: {problem}")
                continue
            if asked == "pods":
                found.covered.add(("Pod", namespace))


def kubectl_asking(context: str) -> Ask:
    """Return what asks the cluster of a context; blank for kubectl's current one."""
    kubectl = Kubectl(context)
    return lambda kind, namespace, selector: kubectl.get(kind, namespace, selector=selector)


def _take(found: LiveObjects, content: bytes | None, name: str) -> None:
    if content is None:
        return
    if len(content) > LARGEST_INPUT:
        raise GeneratorError("the answer is too large", subject=name, hint=LARGE_INPUT_HINT)
    for document in read_objects(content, name):
        found.add(document)
