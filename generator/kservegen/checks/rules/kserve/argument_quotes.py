"""An argument holds quotes that nobody takes away.

A word of `args` reaches the server as it is written: no shell reads it, so that quotes around a value are part of the
value. A model whose name has quotes is looked for in vain.

Fix: Leave the quotes out; YAML's own stand around the whole word.
Bad:
    args: ['--model="Qwen/Qwen2.5-7B-Instruct"']
Good:
    args: ["--model=Qwen/Qwen2.5-7B-Instruct"]
Upstream: k8s.io/api/core/v1, Container.Args; python/huggingfaceserver/huggingfaceserver/__main__.py
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import ServerInPod, servers_made
from kservegen.core.diagnostics import Severity
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM

_QUOTES: Final = ("'", '"')
# With a name that nothing has the server does not start.
_NEEDED: Final = frozenset({"--model", "--model_id", "--model_dir", "--tokenizer"})


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(problem for server in servers_made(resource, context) for problem in _problems(server))


def _problems(server: ServerInPod) -> Iterator[Problem]:
    if server.started.server.name not in (VLLM, HUGGINGFACE):
        return
    for flag, given in server.started.given.items():
        value = given.values[0].text if given.values else ""
        if len(value) > 1 and value[0] in _QUOTES and value[-1] == value[0]:
            place = server.where(server.word(given.value_index))
            yield Problem(
                place.path,
                f"the quotes are part of the value of {flag}: no shell takes them away{place.told}",
                seen=value,
                hint=f"Write {value[1:-1]}, without quotes of its own.",
                severity=None if flag in _NEEDED else Severity.WARNING,
            )
