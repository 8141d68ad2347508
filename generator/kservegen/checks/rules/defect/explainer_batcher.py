"""An explainer with a batcher never answers.

KServe leads the explainer's Service to the port of the agent that batches, and puts that agent into the predictor's and
the transformer's pods only.

Fix: Remove batcher from the explainer.
Bad:
    explainer: {batcher: {maxBatchSize: 8}, containers: [{name: kserve-container, image: x}]}
Good:
    explainer: {containers: [{name: kserve-container, image: x}]}
Upstream: kserve derive-isvc, part 5; pkg/controller/v1beta1/inferenceservice/components/explainer.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import value_at

_BATCHER: Final = ("spec", "explainer", "batcher")


@rule(Stage.RUN, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    if value_at(resource.doc, _BATCHER) is not None:
        yield Problem(_BATCHER, "nothing listens on the port of an explainer with a batcher", at_key=True)
