"""An argument is none that the server knows.

vLLM, Triton, TorchServe and the OpenVINO server exit on a flag that they do not know, also on one of another version;
the pod restarts for ever. KServe's own servers and TensorFlow Serving go on without it, and what it was to change stays
as it is. A flag and its value in one item of a list are a single word, which is no flag. The version of a server is
read off the tag of its image; of images that nobody knows, nothing is said that hangs on a version.

Fix: Write the flag as that version of the server spells it; it prints its flags with --help.
Bad:
    args: [--max-modellen=8192, "--dtype auto"]
Good:
    args: [--max-model-len=8192, --dtype=auto]
Upstream: vllm/engine/arg_utils.py; python/kserve/kserve/model_server.py
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import argument_findings
from kservegen.kserve.servers.arguments import ArgumentKind


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    return argument_findings(resource, context, ArgumentKind.FLAG)
