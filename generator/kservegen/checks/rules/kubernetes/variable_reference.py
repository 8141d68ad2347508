"""A word names a variable that the container does not have.

Kubernetes fills $(NAME) in a command and in arguments from the container's own variables. Of one that is not there the
text stays as it is, and the program gets a dollar sign. In a script that a shell runs, $(...) is a command and means
something; variables of Services (NAME_SERVICE_HOST) are there without being written.

Fix: Add the variable to env, correct its name, or write $$(NAME) where the text is meant.
Severity: warning
Bad:
    args: [--model=$(MODEL)]
    env: [{name: MODEL_ID, value: Qwen/Qwen2.5-7B-Instruct}]
Good:
    args: [--model=$(MODEL_ID)]
    env: [{name: MODEL_ID, value: Qwen/Qwen2.5-7B-Instruct}]
Upstream: third_party/forked/golang/expansion of Kubernetes; pkg/kubelet/kubelet_pods.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import ContainerMade, containers_made, once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.suggest import did_you_mean

_REFERENCE: Final = lazy_pattern(r"(?<!\$)(?:\$\$)*\$\(([A-Za-z_][\w.-]*)\)")
_OF_SERVICES: Final = lazy_pattern(r"[A-Z][A-Z0-9_]*_(?:SERVICE_(?:HOST|PORT\w*)|PORT\w*)")
_SHELL: Final = lazy_pattern(r"(?:.*/)?(?:ba|da|a|z)?sh")


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(problem for made in containers_made(resource, context) for problem in _problems(made))


def _problems(made: ContainerMade) -> Iterator[Problem]:
    container = made.container
    if not any("$(" in text(word) for part in ("command", "args") for word in sequence(container.get(part))):
        return  # as of nearly all
    if container.get("envFrom"):
        return
    known = {text(mapping(variable).get("name")) for variable in sequence(container.get("env"))}
    for path, said in _words(container):
        for name in _REFERENCE.findall(said):
            if name not in known and not _OF_SERVICES.fullmatch(name):
                place = made.where(*path)
                message = f"the container {text(container.get('name'))} has no variable {name}: the text stays as it is"
                yield Problem(place.path, f"{message}{place.told}", seen=said, hint=did_you_mean(name, known))


def _words(container: JsonObject) -> Iterator[tuple[Path, str]]:
    """List the words that no shell reads: they, and nothing else, are filled in by Kubernetes alone."""
    command = [text(word) for word in sequence(container.get("command"))]
    args = [text(word) for word in sequence(container.get("args"))]
    if any(_SHELL.fullmatch(word) for word in (command or args)[:1]) or not all(command):
        return
    yield from ((("command", index), word) for index, word in enumerate(command))
    yield from ((("args", index), word) for index, word in enumerate(args))
