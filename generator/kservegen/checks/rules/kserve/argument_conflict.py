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

from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import argument_findings
from kservegen.kserve.servers.arguments import ArgumentKind


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    return argument_findings(resource, context, ArgumentKind.CLASH)
