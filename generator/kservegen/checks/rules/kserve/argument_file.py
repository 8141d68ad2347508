"""An argument names a file that the container does not have.

Images of model servers hold the server, and nothing below /templates, /mnt or /certs but what is mounted there: a
template or a certificate that is not there ends the start.

Fix: Mount the file, from a ConfigMap or a Secret, or name the folder that it is mounted at.
Bad:
    args: [--chat-template=/templates/chat.jinja]          # and no volume is mounted at /templates
Good:
    args: [--chat-template=/templates/chat.jinja]
    volumeMounts: [{name: templates, mountPath: /templates}]
Upstream: vllm/entrypoints/chat_utils.py (load_chat_template); vllm/engine/arg_utils.py; uvicorn/config.py
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import ServerInPod, servers_made
from kservegen.checks.rules.kserve._serving import is_mounted
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM

_FILES: Final = frozenset({"--chat-template", "--ssl-keyfile", "--ssl-certfile", "--ssl-ca-certs", "--config"})
_ADAPTERS: Final = "--lora-modules"  # name=path
# Folders that images have of their own; below them nobody knows.
_OF_IMAGES: Final = frozenset(
    "app bin dev etc home huggingfaceserver kserve lib lib64 opt prod_venv proc root run sbin srv sys third_party tmp "
    "usr var vllm-workspace workspace".split()
)


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(problem for server in servers_made(resource, context) for problem in _problems(server))


def _problems(server: ServerInPod) -> Iterator[Problem]:
    started = server.started
    if started.server.name not in (VLLM, HUGGINGFACE) or started.server.is_own or not started.line.is_whole:
        return
    for flag, given in started.given.items():
        for index, value in enumerate(given.values):
            path = _path(flag, value.text) if value.is_known else ""
            if path and _is_absent(server, path):
                place = server.where(server.word(given.value_index + index))
                message = f"{flag} names {path}, and nothing is mounted there; the server does not start"
                yield Problem(place.path, f"{message}{place.told}", seen=value.text)


def _path(flag: str, value: str) -> str:
    """Return the file or folder that a value names; blank where it names none."""
    if flag == _ADAPTERS:
        return value.partition("=")[2]
    return value if flag in _FILES else ""


def _is_absent(server: ServerInPod, path: str) -> bool:
    top = path.split("/")[1] if path.startswith("/") else ""
    return bool(top) and top not in _OF_IMAGES and not is_mounted(server.container, path)
