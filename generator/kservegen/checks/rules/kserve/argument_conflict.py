"""Arguments of a server contradict each other, or one lacks another that it needs.

vLLM checks its settings before it loads the model, and exits where they do not go together. A flag that is given twice
counts as it was given last; the presets of LLM services name the model, so that a second name is one word too many.

Fix: Leave one of them out, or add what the other needs.
Bad:
    args: [--enable-auto-tool-choice]
Good:
    args: [--enable-auto-tool-choice, --tool-call-parser=hermes]
Upstream: vllm/entrypoints/openai/cli_args.py; vllm/config
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import argument_findings, servers_made
from kservegen.core.diagnostics import Severity
from kservegen.kserve.servers.arguments import ArgumentKind, read_line

_NAMES: Final = "--served-model-name"
_TWO: Final = 2


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from argument_findings(resource, context, ArgumentKind.CLASH)
    if resource.kind == "LLMInferenceService":
        yield from _renamed(resource, context)


def _renamed(resource: Resource, context: Context) -> Problems:
    """Find names of the model that replace those that a preset gives it: the routes ask for these."""
    for server in servers_made(resource, context):
        started = server.started
        names = [given for given in read_line(started.server, started.line).given if given.flag.name == _NAMES]
        if len(names) < _TWO or not server.states(server.word(names[-1].index)):
            continue
        first, last = ({word.text for word in given.values if word.is_known} for given in (names[0], names[-1]))
        lost = sorted(first - last)
        if lost and not server.states(server.word(names[0].index)):
            yield Problem(
                server.where(server.word(names[-1].index)).path,
                f"{_NAMES} takes the place of the names that KServe routes by: {', '.join(lost)}",
                hint="Set spec.model.name instead, or list these names, too.",
                severity=Severity.WARNING,
            )
            return
