"""The Hugging Face Hub does not hand out the model.

A gated repository (Llama, Gemma) answers 401 to whoever shows no token: the init container or the server that downloads
it fails, over and over. Without files of the Hub in its image or on a volume, a server that is told to stay offline
finds nothing either. A ServiceAccount that no file shows may bring a token: then nothing is said.

Fix: Put HF_TOKEN, of an account that was granted access, into a Secret that the pod's ServiceAccount lists.
Severity: warning
Bad:
    model: {modelFormat: {name: huggingface}, storageUri: hf://meta-llama/Llama-3.1-8B-Instruct}
Good:
    serviceAccountName: hf-reader                 # lists a Secret with the key HF_TOKEN
    model: {modelFormat: {name: huggingface}, storageUri: hf://meta-llama/Llama-3.1-8B-Instruct}
Upstream: huggingface_hub/utils/_auth.py, constants.py; python/storage/kserve_storage/kserve_storage.py;
pkg/credentials/hf/hf_secret.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import ServerInPod, servers_made
from kservegen.checks.rules.kserve._serving import ServingContainer, serving_containers
from kservegen.checks.rules.kserve.download_environment import is_shown
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.servers.command_line import container_environment
from kservegen.kserve.servers.hub import MIRROR, TOKENS, asked_repository, is_gated, offline_variable

_INITIALIZER: Final = "storage-initializer"
_HUB: Final = "hf://"
# Volumes that bring no files of the Hub.
_BESIDE: Final = ("/dev/shm", "/var/run/secrets", "/etc/", "/tmp")  # noqa: S108 - where pods mount them


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(_problems(resource, context))


def _problems(resource: Resource, context: Context) -> Iterator[Problem]:
    for server in servers_made(resource, context):
        yield from _asked(server)
    for serving in serving_containers(resource, context):
        yield from _downloaded(serving, resource, context)


def _asked(server: ServerInPod) -> Iterator[Problem]:
    """Yield what keeps a server from the repository that it asks for itself."""
    repository = asked_repository(server.started)
    if not repository or server.container.get("envFrom"):
        return
    environment = container_environment(server.container)
    offline = offline_variable(environment)
    at = [mapping(item).get("name") for item in sequence(server.container.get("env"))]
    if offline and not _has_files(server.container):
        place = server.where(("env", at.index(offline)))
        message = f"{offline} keeps the server from the Hub, and nothing is mounted that holds {repository}"
        hint = f"Take {offline} out, or mount the files of the Hub where HF_HOME says."
        yield Problem(place.path, f"{message}{place.told}", seen=offline, hint=hint, severity=Severity.ERROR)
    elif is_gated(repository) and TOKENS.isdisjoint(environment) and not environment.get(MIRROR) and not offline:
        word = next((i for i, said in enumerate(server.started.line.words) if repository in said.text), None)
        place = server.where(server.word(word) if word is not None else ("args",))
        message = f"{repository} is gated, and the server that downloads it has no token"
        hint = "Give the server HF_TOKEN by secretKeyRef, of an account that was granted access."
        yield Problem(place.path, f"{message}{place.told}", seen=repository, hint=hint)


def _has_files(container: JsonObject) -> bool:
    mounts = (text(mapping(item).get("mountPath")) for item in sequence(container.get("volumeMounts")))
    return any(not mount.startswith(_BESIDE) for mount in mounts)


def _downloaded(serving: ServingContainer, resource: Resource, context: Context) -> Iterator[Problem]:
    """Yield a gated repository that the init container downloads without a token."""
    inits = sequence(serving.spec.get("initContainers"))
    at = next((i for i, item in enumerate(inits) if mapping(item).get("name") == _INITIALIZER), None)
    init = mapping(inits[at]) if at is not None else {}
    asked = [(index, uri) for index, uri in enumerate(map(text, sequence(init.get("args")))) if uri.startswith(_HUB)]
    gated = [(index, uri, repository) for index, uri in asked if is_gated(repository := _repository(uri))]
    if not gated:
        return
    environment = container_environment(init)
    # A token for the server alone is what kserve/download-environment tells.
    known = {*environment, *container_environment(serving.container)}
    if init.get("envFrom") or environment.get(MIRROR) or not TOKENS.isdisjoint(known):
        return
    if not is_shown(text(serving.spec.get("serviceAccountName")), resource.id.namespace or "default", context):
        return
    for index, uri, repository in gated:
        place = serving.view.where(serving.pod.origins, ("spec", "initContainers", at or 0, "args", index))
        message = f"{repository} is gated, and the init container {_INITIALIZER} has no token for it"
        word = (*place.path, "storageUri")
        is_own = value_at(resource.doc, word) == uri
        yield Problem(word if is_own else place.path, f"{message}{'' if is_own else place.told}", seen=uri)


def _repository(uri: str) -> str:
    return uri.removeprefix(_HUB).partition(":")[0]
