"""Credentials for the download stand on the server, which does not download.

The model is downloaded by KServe's init container, which has an environment of its own: from the Secrets of the pod's
ServiceAccount, or of the storage block. Variables of the server's container do not reach it, so a gated or private
model is refused and the pod never starts.

Fix: Put them into a Secret that the ServiceAccount of the pod lists (`HF_TOKEN` is read from it), and name the account.
Bad:
    model: {storageUri: hf://meta-llama/Llama-3.2-1B, env: [{name: HF_TOKEN, value: ...}]}
Good:
    serviceAccountName: hf-reader
    model: {storageUri: hf://meta-llama/Llama-3.2-1B}
Upstream: pkg/webhook/admission/pod/storage_initializer_injector.go; pkg/credentials/service_account_credentials.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._serving import ServingContainer, serving_containers
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import ResourceId
from kservegen.kserve.controllers.made import Made

_INITIALIZER: Final = "storage-initializer"
# What downloads of a scheme are told by; all of them in kserve_storage.py and the libraries under it.
_READ: Final = {
    "hf": frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}),
    "s3": frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}),
    "gs": frozenset({"GOOGLE_APPLICATION_CREDENTIALS"}),
    "https": frozenset({"AZURE_CLIENT_SECRET", "AZURE_STORAGE_ACCESS_KEY", "AZ_CLIENT_SECRET"}),
}
_TOLD: Final = frozenset[str]().union(*_READ.values())


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE_AROUND)
def check(resource: Resource, context: Context) -> Problems:
    told: set[Path] = set()
    if not context.simulation.derived(resource, _is_told):
        return
    for serving in serving_containers(resource, context):
        for problem in _unread(serving, resource, context):
            if problem.path not in told:
                told.add(problem.path)
                yield problem
                break


def _is_told(_resource: Resource, made: Made) -> bool:
    """Whether any container is told what downloads are told."""
    specs = (mapping(mapping(pod.pod).get("spec")) for pod in made.pods)
    containers = (mapping(item) for spec in specs for item in sequence(spec.get("containers")))
    return any(not _TOLD.isdisjoint(_names(container)) for container in containers)


def _unread(serving: ServingContainer, resource: Resource, context: Context) -> Iterator[Problem]:
    inits = map(mapping, sequence(serving.spec.get("initContainers")))
    init = next((item for item in inits if item.get("name") == _INITIALIZER), None)
    account = text(serving.spec.get("serviceAccountName"))
    namespace = resource.id.namespace or "default"
    if init is None or not is_shown(account, namespace, context):
        return  # an account that no file shows may hold what is missing
    uri = text(next(iter(sequence(init.get("args"))), ""))
    read = _READ.get(uri.partition("://")[0], frozenset())
    known = _names(init)
    for at, variable in enumerate(map(mapping, sequence(serving.container.get("env")))):
        name = text(variable.get("name"))
        if name in read and known.isdisjoint(read) and serving.states("env", at):
            yield Problem(
                serving.where("env", at).path,
                f"{name} is set for the server, and {uri} is downloaded by the init container {_INITIALIZER}, "
                "which does not see it",
                seen=name,
                severity=Severity.WARNING,  # a public model needs none
            )


def is_shown(account: str, namespace: str, context: Context) -> bool:
    """Whether a pod runs as the default ServiceAccount or one that files show: another may list Secrets unseen."""
    made_by_kserve = account.endswith(("-kserve", "-kserve-mn"))
    return not account or made_by_kserve or ResourceId("ServiceAccount", namespace, account) in context.resources


def _names(container: JsonObject) -> set[str]:
    return {text(mapping(item).get("name")) for item in sequence(container.get("env"))}
