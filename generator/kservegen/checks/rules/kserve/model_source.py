"""The model does not come to where the server reads it.

KServe's pod webhook brings the model to the container kserve-container of a pod in a namespace without the label
`control-plane`, and the LLM controller to the container main unless `storageInitializer.enabled` is false. A URI that
stands elsewhere is not followed: the server starts, or waits, with an empty folder.

Fix: Put STORAGE_URI on kserve-container, serve from another namespace, or mount the model yourself.
Bad:
    storageInitializer: {enabled: false}     # the preset's server still reads /mnt/models
Good:
    storageInitializer: {enabled: true}
Upstream: pkg/webhook/admission/pod/storage_initializer_injector.go; config/webhook/manifests.yaml;
pkg/controller/v1alpha2/llmisvc/config_storage.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import MadeView, once, pods_made
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._serving import ServingContainer, is_mounted, serving_containers
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import Path
from kservegen.kserve.controllers.made import LEFT_ALONE, MadePod
from kservegen.kserve.servers.command_line import started_server
from kservegen.kserve.servers.listening import model_folder
from kservegen.kserve.workloads import SERVING_CONTAINER

_SOURCE: Final = "internal.serving.kserve.io/storage-initializer-sourceuri"
_PUPPETS: Final = frozenset({"kserve-container", "worker-container", "transformer-container"})
_OFF: Final[Path] = ("spec", "storageInitializer", "enabled")


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    if resource.kind == "LLMInferenceService":
        yield from _switched_off(resource, context)
        return
    yield from once(problem for view, pod in pods_made(resource, context) for problem in _strays(view, pod))


def _switched_off(resource: Resource, context: Context) -> Problems:
    if value_at(resource.doc, _OFF) is not False:
        return
    for serving in serving_containers(resource, context):
        folder = _folder(serving)
        if folder and not serving.states("image") and not is_mounted(serving.container, folder):
            message = f"the server of {serving.pod.of} reads its model from {folder}, and nothing is mounted there"
            hint = "Leave storageInitializer on, or mount the model at that folder yourself."
            yield Problem(_OFF, message, seen="false", hint=hint)
            return


def _folder(serving: ServingContainer) -> str:
    """Return the folder that vLLM is told to read, as its model or by --model; blank where it is told another place."""
    started = started_server(serving.container)
    if started is None:
        return ""
    first = started.line.words[0] if started.line.serves and started.line.words else None
    if first is not None and first.is_known and first.text.startswith("/"):
        return first.text
    return model_folder(started)


def _left_alone(view: MadeView, pod: MadePod) -> Iterator[Problem]:
    """Find a model that the pod webhook was to bring, in a pod that it leaves alone."""
    uri = text(value_at(pod.pod, ("metadata", "annotations", _SOURCE)))
    for container in map(mapping, sequence(value_at(pod.pod, ("spec", "containers")))):
        if uri and container.get("name") == SERVING_CONTAINER and not is_mounted(container, "/mnt/models"):
            place = view.where(pod.origins, ("metadata", "annotations", _SOURCE))
            namespace = view.resource.id.namespace
            message = (
                f"nothing brings {uri}: namespace {namespace} has the label {LEFT_ALONE}, at which KServe's pod webhook"
            )
            hint = f"Take the label {LEFT_ALONE} off the namespace, or serve from another one."
            yield Problem(place.path, f"{message} leaves its pods alone", seen=uri, hint=hint)


def _strays(view: MadeView, pod: MadePod) -> Iterator[Problem]:
    """Yield variables STORAGE_URI of containers that nothing is brought to."""
    yield from _left_alone(view, pod)
    for index, container in enumerate(map(mapping, sequence(value_at(pod.pod, ("spec", "containers"))))):
        name = text(container.get("name"))
        for at, variable in enumerate(map(mapping, sequence(container.get("env")))):
            uri = text(variable.get("value"))
            if variable.get("name") == "STORAGE_URI" and "://" in uri and name not in _PUPPETS:
                place = view.where(pod.origins, ("spec", "containers", index, "env", at))
                message = f"nothing brings {uri} to the container {name}: KServe looks at kserve-container only"
                yield Problem(place.path, f"{message}{place.told}", seen="STORAGE_URI")
