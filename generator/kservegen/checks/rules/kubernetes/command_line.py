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

from kservegen.checks.rules._made import containers_made, once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import sequence, text


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(_problems(resource, context))


def _problems(resource: Resource, context: Context) -> Problems:
    for made in containers_made(resource, context):
        program = text(next(iter(sequence(made.container.get("command"))), ""))
        if program.split() not in ([], [program]):
            place = made.where("command", 0)
            name = text(made.container.get("name"))
            message = f"the container {name} is to start a program whose name is a command line"
            yield Problem(place.path, f"{message}{place.told}", seen=program)
