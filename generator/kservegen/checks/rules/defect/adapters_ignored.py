"""The LoRA adapters of an LLM service are ignored.

The field is there, and no controller of the release reads it: the base model alone is served, and a request for an
adapter's name is answered with an error.

Fix: Upgrade KServe, or name the adapters to the server itself, in args with --enable-lora and --lora-modules.
Severity: warning
Bad:
    model: {uri: hf://org/base, lora: {adapters: [{name: tuned, uri: hf://org/tuned}]}}
Good:
    model: {uri: hf://org/base}
Upstream: kserve versions, part 5.3; pkg/controller/v1alpha2/llmisvc at v0.18.1
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import sequence, value_at

_ADAPTERS: Final = ("spec", "model", "lora", "adapters")


@rule(Stage.RUN, "LLMInferenceService")
def check(resource: Resource, context: Context) -> Problems:
    found = len(sequence(value_at(resource.doc, _ADAPTERS)))
    if found:
        words = "an adapter is" if found == 1 else f"{found} adapters are"
        yield Problem(_ADAPTERS, f"{words} not served: KServe {context.release.version} reads the base model alone")
