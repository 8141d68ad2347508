"""A TrainedModel's URI has a scheme that its webhook does not take.

The agent that downloads TrainedModels knows fewer schemes than an InferenceService, and the webhook says so.

Fix: Store the model where the agent can reach it: s3, gs, https or http.
Bad:
    spec: {model: {storageUri: pvc://claim/model}}
Good:
    spec: {model: {storageUri: gs://bucket/model}}
Upstream: TM-02; pkg/apis/serving/v1alpha1/trainedmodel_webhook.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text
from kservegen.kserve.storage_uris import TRAINED_MODEL_SCHEMES

_LISTED: Final = ", ".join(TRAINED_MODEL_SCHEMES)


@rule(Stage.ADMISSION, "TrainedModel")
def check(resource: Resource, _context: Context) -> Problems:
    # Without a spec, which no schema asks for, the webhook reads an empty text.
    uri = text(mapping(mapping(resource.doc.get("spec")).get("model")).get("storageUri"))
    if not uri.startswith(TRAINED_MODEL_SCHEMES):
        message = f"the storage uri must start with one of the prefixes: {_LISTED}. {uri!r} does not"
        yield Problem(("spec", "model", "storageUri"), message, seen=uri, allowed=_LISTED)
