"""The start command names a program and not what it is to do.

`vllm` and `mlserver` do more than serve: the word after the name says what. Without one of their commands there they
print how they are used, and exit.

Fix: Write the command that serves after the program's name: vllm serve, mlserver start.
Bad:
    command: [vllm]
    args: [--model=/mnt/models]
Good:
    command: [vllm, serve, /mnt/models]
Upstream: vllm/entrypoints/cli/main.py; mlserver/cli/main.py
"""

from kservegen.checks.rules._made import once, pods_made
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import Path
from kservegen.kserve.servers.command_line import lacking_command


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(_lacking(resource, context))


def _lacking(resource: Resource, context: Context) -> Problems:
    for view, pod in pods_made(resource, context):
        for index, item in enumerate(sequence(value_at(pod.pod, ("spec", "containers")))):
            found = lacking_command(mapping(item))
            if found is not None:
                at: Path = ("spec", "containers", index, *found.place)
                place = view.where(pod.origins, at)
                message = f"{found.program} is not told to {found.wanted}, and exits{place.told}"
                hint = f"Write {found.wanted} after {found.program}."
                yield Problem(place.path, message, f"{found.program} {found.found}".strip(), hint=hint)
