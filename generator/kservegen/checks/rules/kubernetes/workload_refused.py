"""The API server refuses a Deployment, a Job or another workload of Kubernetes' own.

What stands beside models is created like everything else: a selector that does not match the labels of its pods, a
container without an image, a mount without its volume, requests above limits, a Job whose pods restart for ever. The
message is the API server's own; laws of metadata have rules of their own.

Fix: Change the field that the message names.
Bad:
    kind: Job
    spec: {template: {spec: {restartPolicy: Always, containers: [{name: load, image: load:1}]}}}
Good:
    kind: Job
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: load, image: load:1}]}}}
Upstream: pkg/apis/apps/validation; pkg/apis/batch/validation; pkg/apis/core/validation
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kubernetes.deployments import template_selector, validate_deployment
from kservegen.kubernetes.templates import validate_pod_template

_TEMPLATE: Final = ("spec", "template")
# Kinds of API groups whose pods run until they are done.
_JOBS: Final[dict[tuple[str, str], Path]] = {
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
}
_SETS: Final = frozenset({("apps", "DaemonSet"), ("apps", "ReplicaSet"), ("apps", "StatefulSet")})
# What the laws of templates say of pods that a workload keeps running.
_KEPT_RUNNING: Final = frozenset({"activeDeadlineSeconds", "restartPolicy"})
_ENDS: Final = ("OnFailure", "Never")


@rule(Stage.ADMISSION, "CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet")
def check(resource: Resource, _context: Context) -> Problems:
    group, doc = resource.group, resource.doc
    kind = (group, resource.kind)
    if kind == ("apps", "Deployment"):
        yield from (law.problem for law in validate_deployment(doc) if law.problem.path[0] != "metadata")
    elif kind in _SETS:
        yield from template_selector(mapping(doc.get("spec")), ("spec",))
        yield from _of_template(doc, _TEMPLATE, ends=False)
    elif kind in _JOBS:
        yield from _of_template(doc, _JOBS[kind], ends=True)
        yield from _restarts(doc, (*_JOBS[kind], "spec"))
    elif kind == ("", "Pod"):
        yield from (p for p in _of_template(doc, (), ends=True) if p.path[0] != "metadata")


def _of_template(doc: JsonObject, path: Path, *, ends: bool) -> Iterator[Problem]:
    for law in validate_pod_template(mapping(value_at(doc, path)), path):
        if not (ends and law.problem.path[len(path) + 1 :][:1] and law.problem.path[-1] in _KEPT_RUNNING):
            yield law.problem


def _restarts(doc: JsonObject, path: Path) -> Iterator[Problem]:
    spec = mapping(value_at(doc, path))
    policy = text(spec.get("restartPolicy"))
    if policy not in _ENDS:
        at = (*path, "restartPolicy") if "restartPolicy" in spec else path
        message = "unsupported restartPolicy" if policy else "required value: restartPolicy of a job's pods, which end"
        yield Problem(at, message, policy, " or ".join(_ENDS), at_key=not policy)
