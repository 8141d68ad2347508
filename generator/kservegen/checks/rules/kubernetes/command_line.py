"""A whole command line stands in one item of a command.

Kubernetes starts the first item as a program, without a shell: with blanks in it, that is the name of a file that no
image has, and the container never starts (StartError, exec: no such file or directory). Arguments behind it are lost.

Fix: Write each word as an item of its own, or start a shell: command: [sh, -c, "..."].
Bad:
    command: ["vllm serve /mnt/models --port 8080"]
Good:
    command: [vllm, serve, /mnt/models, --port, "8080"]
Upstream: k8s.io/api/core/v1, Container.Command; runc, exec of the first word
"""

from collections.abc import Iterator

from kservegen.checks.rules._made import MadeView, made_of, once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping, sequence, text
from kservegen.kserve.controllers.made import MadePod


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    view = made_of(resource, context)
    if view is not None:
        yield from once(problem for made in view.pods() for problem in _problems(view, made))


def _problems(view: MadeView, made: MadePod) -> Iterator[Problem]:
    spec = mapping(mapping(made.pod).get("spec"))
    for section in ("initContainers", "containers"):
        for index, item in enumerate(map(mapping, sequence(spec.get(section)))):
            program = text(next(iter(sequence(item.get("command"))), ""))
            if program.split() not in ([], [program]):
                place = view.where(made.origins, ("spec", section, index, "command", 0))
                message = f"the container {text(item.get('name'))} is to start a program whose name is a command line"
                yield Problem(place.path, f"{message}{place.told}", seen=program)
