"""An argument has a value that the server does not take, or none where one is needed.

The server reads its command line before anything else, and exits where a flag lacks its value, has one that it does not
take (`--enable-prefix-caching=true`), or has one that is not among its choices, no number, or no JSON.

Fix: Write a value that the flag takes.
Bad:
    args: {dtype: bf16}
Good:
    args: {dtype: bfloat16}
Upstream: vllm/engine/arg_utils.py; python/kserve/kserve/model_server.py
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import argument_findings
from kservegen.kserve.servers.arguments import ArgumentKind


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    return argument_findings(resource, context, ArgumentKind.VALUE)
