"""The namespace's Pod Security level forbids something in a pod.

A namespace that is labelled pod-security.kubernetes.io/enforce takes no pod that its level forbids: the object is
stored, its Deployment is made, and not one of its pods. Of KServe's services the pods are judged as KServe makes them,
with their runtime or preset, storage initializer and agent; what service meshes add is not looked at.

Fix: Take the field out, or give the namespace a level that allows it.
Bad:
    # namespaces: {ml: {labels: {pod-security.kubernetes.io/enforce: baseline}}}
    predictor: {hostPID: true, model: {modelFormat: {name: sklearn}}}
Good:
    predictor: {model: {modelFormat: {name: sklearn}}}
Upstream: k8s.io/pod-security-admission policy/; concepts/security/pod-security-standards
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import MadeView, made_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import deployment_mode, namespace
from kservegen.checks.rules.view import containers_of, marks_of, pods_of
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import ResourceId
from kservegen.kserve.controllers.made import KSERVE, MadePod, source_of
from kservegen.kubernetes.pod_security import (
    LATEST,
    LEVEL_LABEL,
    VERSION_LABEL,
    SecuredContainer,
    SecuredPod,
    SecurityLevel,
    forbidden_by,
)

# Where Kubernetes' own kinds, and LeaderWorkerSets, have their pods.
_TEMPLATES: Final[dict[str, tuple[Path, ...]]] = {
    "Pod": ((),),
    "PodTemplate": (("template",),),
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"),
        (("spec", "template"),),
    ),
    "CronJob": (("spec", "jobTemplate", "spec", "template"),),
    "LeaderWorkerSet": (
        ("spec", "leaderWorkerTemplate", "leaderTemplate"),
        ("spec", "leaderWorkerTemplate", "workerTemplate"),
    ),
}
_OF_KSERVE: Final = ("InferenceService", "LLMInferenceService", "LLMInferenceServiceConfig", "ServingRuntime")
_STORAGE_CONTAINER: Final = "ClusterStorageContainer"
_ADDED: Final = (
    "Give the charts' storage container a security context (kserve.storage.containerSecurityContext), serve from a "
    "claim (pvc://), or give the namespace another level."
)
_FIELDS: Final = ("containers", "initContainers", "ephemeralContainers")


@rule(Stage.RUN, *_OF_KSERVE, *_TEMPLATES, scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    labels = _labels(context.resources.get(ResourceId("Namespace", "", namespace(resource))))
    level = _LEVELS.get(text(labels.get(LEVEL_LABEL)), SecurityLevel.PRIVILEGED)
    if level is SecurityLevel.PRIVILEGED:
        return
    minor = min(_minor(text(labels.get(VERSION_LABEL))), _minor(context.kubernetes_version))
    view = made_of(resource, context)
    if view is not None and view.made.deployable:
        # Knative fills in security contexts by its own configuration.
        complete = deployment_mode(resource, context) == "Standard" or resource.kind == "LLMInferenceService"
        yield from _of_made(view, level, minor, complete=complete)
        return
    for pod in _pods(resource):
        for problem in forbidden_by(level, minor, pod):
            yield _home(resource.doc, problem)


def _of_made(view: MadeView, level: SecurityLevel, minor: int, *, complete: bool) -> Problems:
    told: set[tuple[Path, str]] = set()
    for made in view.pods():
        pod = _of_template(mapping(made.pod), ())._replace(complete=complete)
        for problem in forbidden_by(level, minor, pod):
            added = _added_by_kserve(made, problem.path)
            place = view.where(made.origins, problem.path)
            if (place.path, added or problem.message) in told:
                continue
            told.add((place.path, added or problem.message))
            if added:
                problem = problem._replace(  # noqa: PLW2901 - told in other words
                    message=f"Pod Security ({level.name.lower()}) refuses the container {added} that KServe adds",
                    hint=_ADDED,
                )
            message = f"{problem.message}, in the pod of {made.of}{place.told}"
            yield _home(view.resource.doc, problem._replace(path=place.path, message=message))


def _added_by_kserve(made: MadePod, path: Path) -> str:
    """Name the container of a field where KServe itself adds it; blank for others, and fields of the pod."""
    if path[:1] != ("spec",) or path[1:2] not in (("containers",), ("initContainers",)):
        return ""
    name = (*path[:3], "name")
    owner = str(source_of(name, made.origins)[0])
    is_added = owner == KSERVE or owner.startswith(_STORAGE_CONTAINER)
    return text(value_at(made.pod, name)) if is_added else ""


_LEVELS: Final = {level.name.lower(): level for level in SecurityLevel}


def _labels(owner: Resource | None) -> JsonObject:
    return mapping(mapping(owner.doc.get("metadata")).get("labels")) if owner is not None else {}


def _minor(version: str) -> int:
    """Read v1.34 or 1.34.2; everything of it where nothing is said, as `latest` means."""
    parts = version.removeprefix("v").split(".")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() and len(parts[1]) < 4 else LATEST


def _home(doc: JsonObject, problem: Problem) -> Problem:
    """Point at the nearest field that the author wrote: what a runtime brings stands elsewhere."""
    path = problem.path
    while path and value_at(doc, path) is None:
        path = path[:-1]
    return problem._replace(path=path, at_key=problem.at_key or path != problem.path)


def _pods(resource: Resource) -> Iterator[SecuredPod]:
    """List the pods that an object states; of KServe's kinds they are merged with others later."""
    annotations = tuple((mark.path, mark.value) for mark in marks_of(resource) if mark.field == "annotations")
    for at in pods_of(resource):
        own = tuple(SecuredContainer(c.path, c.container) for c in containers_of(resource) if c.pod is at)
        yield SecuredPod(at.path, at.spec, own, annotations, complete=False)
        annotations = ()
    for path in _TEMPLATES.get(resource.kind, ()):
        template = value_at(resource.doc, path) if path else resource.doc
        if isinstance(template, dict):
            yield _of_template(template, path)


def _of_template(template: JsonObject, path: Path) -> SecuredPod:
    spec = mapping(template.get("spec"))
    containers = tuple(
        SecuredContainer((*path, "spec", field, index), mapping(container))
        for field in _FIELDS
        for index, container in enumerate(sequence(spec.get(field)))
    )
    given = mapping(mapping(template.get("metadata")).get("annotations"))
    annotations = tuple(((*path, "metadata", "annotations", key), value) for key, value in given.items())
    return SecuredPod((*path, "spec"), spec, containers, annotations)
