"""The server has no model to load.

A model comes from storage (`storageUri`, `storage`) or, for the Hugging Face server, from the Hub by `--model_id`.
Without either the Hugging Face server and vLLM look into a folder that nothing is mounted at, and exit. The servers of
other formats start without a model and wait for TrainedModels, which name the service.

Fix: Say where the model is: storageUri, storage, or --model_id for one of the Hugging Face Hub.
Bad:
    model:
      modelFormat: {name: huggingface}
Good:
    model:
      modelFormat: {name: huggingface}
      storageUri: hf://Qwen/Qwen2.5-0.5B-Instruct
Upstream: python/huggingfaceserver/huggingfaceserver/__main__.py; pkg/utils/inferenceservice.go
"""

from typing import Final

from kservegen.checks.rules._made import Place
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import ServerInPod, servers_made
from kservegen.checks.rules.kserve._serving import is_mounted
from kservegen.checks.rules.view import of_kind
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import Path
from kservegen.kserve.servers.listening import model_folder

_PULLS: Final = "--enable-puller"
_MODEL: Final[Path] = ("spec", "predictor", "model")


@rule(Stage.RUN, "InferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    has_model = isinstance(value_at(resource.doc, _MODEL), dict)
    for server in servers_made(resource, context):
        if mapping(server.pod.pod).get("kind") != "Pod" or server.container.get("name") != "kserve-container":
            continue
        folder = model_folder(server.started)
        if folder and not is_mounted(server.container, folder):
            place = Place(_MODEL, "") if has_model else _argument(server, folder)
            message = f"the server loads its model from {folder}, and nothing is mounted there"
            yield Problem(place.path, f"{message}{place.told}", at_key=has_model)
            return
        if not has_model:
            continue
        if _pulls(server) and not _is_named(resource, context):
            message = "no model is named: the server starts without one and waits for TrainedModels, and none is here"
            yield Problem(_MODEL, message, at_key=True, severity=Severity.WARNING)
            return


def _argument(server: ServerInPod, folder: str) -> Place:
    """Return the word that names the folder; the image, which brings the server, where none does."""
    at = next((i for i, word in enumerate(server.started.line.words) if folder in word.text), None)
    return server.where(("image",) if at is None else server.word(at))


def _pulls(server: ServerInPod) -> bool:
    containers = map(mapping, sequence(mapping(mapping(server.pod.pod).get("spec")).get("containers")))
    return any(_PULLS in sequence(container.get("args")) for container in containers)


def _is_named(resource: Resource, context: Context) -> bool:
    name, namespace = resource.id.name, resource.id.namespace
    models = (r for r in of_kind(context, "TrainedModel") if r.id.namespace == namespace)
    return any(mapping(model.doc.get("spec")).get("inferenceService") == name for model in models)
