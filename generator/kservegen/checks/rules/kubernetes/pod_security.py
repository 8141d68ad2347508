"""The namespace's Pod Security level forbids something in a pod.

A namespace that is labelled pod-security.kubernetes.io/enforce takes no pod that its level forbids: the object is
stored, its Deployment is made, and not one of its pods. What KServe and service meshes add to a pod (the storage
initializer, a sidecar) is not looked at here.

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

from kservegen.catalog.merge import merge_values
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import find
from kservegen.checks.rules.kserve._settings import deployment_mode, namespace
from kservegen.checks.rules.view import containers_of, marks_of, pods_of, selection_of
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import ResourceId
from kservegen.kserve.runtimes.selection import request_of
from kservegen.kserve.workloads import SERVING_CONTAINER, PodSpecAt
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
# What every runtime of KServe's own charts sets (kserve-runtime-configs, values of kserve.servingruntime).
_OF_CHARTS: Final[JsonObject] = {
    "containers": [
        {
            "name": SERVING_CONTAINER,
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "privileged": False,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ]
}
_FIELDS: Final = ("containers", "initContainers", "ephemeralContainers")


@rule(Stage.RUN, *_OF_KSERVE, *_TEMPLATES, scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    labels = _labels(context.resources.get(ResourceId("Namespace", "", namespace(resource))))
    level = _LEVELS.get(text(labels.get(LEVEL_LABEL)), SecurityLevel.PRIVILEGED)
    if level is SecurityLevel.PRIVILEGED:
        return
    minor = min(_minor(text(labels.get(VERSION_LABEL))), _minor(context.kubernetes_version))
    for pod in _pods(resource, context):
        for problem in forbidden_by(level, minor, pod):
            yield _home(resource.doc, problem)


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


def _pods(resource: Resource, context: Context) -> Iterator[SecuredPod]:
    annotations = tuple((mark.path, mark.value) for mark in marks_of(resource) if mark.field == "annotations")
    for at in pods_of(resource):
        if at.role == "graph":
            continue
        own = tuple(SecuredContainer(c.path, c.container) for c in containers_of(resource) if c.pod is at)
        # Knative fills in security contexts by its own configuration.
        complete = not at.partial and at.role not in _MERGED and deployment_mode(resource, context) == "Standard"
        pod = SecuredPod(at.path, at.spec, own, annotations, complete=complete)
        yield _with_runtime(pod, at, resource, context)
        annotations = ()
    for path in _TEMPLATES.get(resource.kind, ()):
        template = value_at(resource.doc, path) if path else resource.doc
        if isinstance(template, dict):
            yield _of_template(template, path)


_MERGED: Final = frozenset({"runtime", "worker", "main", "prefill", "prefill-worker", "scheduler"})


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


def _with_runtime(pod: SecuredPod, at: PodSpecAt, resource: Resource, context: Context) -> SecuredPod:
    """Lay a predictor over its runtime, as KServe does: containers by name, and volumes beside the runtime's.

    Of the runtime's pod no other field that a level looks at reaches the predictor's.
    """
    model = at.spec.get("model")
    if at.role != "predictor" or not isinstance(model, dict):
        return pod
    here = namespace(resource)
    chosen = selection_of(request_of(at.spec, model, here), context).chosen
    if chosen is None:
        return pod
    known = find(context, kind=chosen.kind, namespace=chosen.namespace, name=chosen.name)
    below = _OF_CHARTS if known is None else mapping(known.doc.get("spec"))
    brought = {text(mapping(c).get("name")): mapping(c) for c in sequence(below.get("containers"))}
    containers = []
    for place in pod.containers:
        name = SERVING_CONTAINER if place.path == (*at.path, "model") else text(place.container.get("name"))
        containers.append(place._replace(container=merge_values(brought.pop(name, {}), place.container)))
    containers += [SecuredContainer((*at.path, "model", name), container) for name, container in brought.items()]
    volumes = [*sequence(at.spec.get("volumes")), *sequence(below.get("volumes"))]
    spec = {**at.spec, "volumes": volumes}
    complete = deployment_mode(resource, context) == "Standard" and "workerSpec" not in at.spec
    return pod._replace(spec=spec, containers=tuple(containers), complete=complete)
