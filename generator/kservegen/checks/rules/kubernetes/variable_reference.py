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

import re
from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import MadeView, once, pods_made
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.controllers.made import MadePod

_REFERENCE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\(([A-Za-z_][\w.-]*)\)")
_OF_SERVICES: Final = re.compile(r"[A-Z][A-Z0-9_]*_(?:SERVICE_(?:HOST|PORT\w*)|PORT\w*)")
_SHELL: Final = re.compile(r"(?:.*/)?(?:ba|da|a|z)?sh")
_LISTS: Final = ("initContainers", "containers")


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(problem for view, made in pods_made(resource, context) for problem in _problems(view, made))


def _problems(view: MadeView, made: MadePod) -> Iterator[Problem]:
    spec = mapping(mapping(made.pod).get("spec"))
    for section in _LISTS:
        for index, item in enumerate(map(mapping, sequence(spec.get(section)))):
            if item.get("envFrom"):
                continue
            known = {text(mapping(variable).get("name")) for variable in sequence(item.get("env"))}
            for path, said in _words(item):
                for name in _REFERENCE.findall(said):
                    if name not in known and not _OF_SERVICES.fullmatch(name):
                        place = view.where(made.origins, ("spec", section, index, *path))
                        message = (
                            f"the container {text(item.get('name'))} has no variable {name}: the text stays as it is"
                        )
                        hint = did_you_mean(name, known)
                        yield Problem(place.path, f"{message}{place.told}", seen=said, hint=hint)


def _words(container: JsonObject) -> Iterator[tuple[Path, str]]:
    """List the words that no shell reads: they, and nothing else, are filled in by Kubernetes alone."""
    command = [text(word) for word in sequence(container.get("command"))]
    args = [text(word) for word in sequence(container.get("args"))]
    if any(_SHELL.fullmatch(word) for word in (command or args)[:1]) or not all(command):
        return
    yield from ((("command", index), word) for index, word in enumerate(command))
    yield from ((("args", index), word) for index, word in enumerate(args))
