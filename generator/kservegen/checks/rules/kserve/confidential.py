"""A confidential model has no URI, or a key that is not one of a key broker.

KServe v0.20 decrypts what it downloads, so a confidential InferenceService needs a storageUri, and its resourceId is
the address of a key broker: kbs:///repository/type/tag. Images are decrypted by the container runtime, so it does
nothing for oci.

Fix: Write resourceId: kbs:///repository/type/tag, and a storageUri that is not oci.
Bad:
    model: {storageUri: s3://b/m, confidential: {enabled: true, resourceId: key}}
Good:
    model: {storageUri: s3://b/m, confidential: {enabled: true, resourceId: kbs:///default/key/1}}
Upstream: kserve rules, section 11; KServe v0.20 pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.patterns import lazy_pattern

_KEY: Final = lazy_pattern(r"kbs:///[a-zA-Z0-9_.-]+/[a-zA-Z0-9_.-]+/[a-zA-Z0-9_.-]+")


@rule(Stage.ADMISSION, "InferenceService", "LLMInferenceService")
def check(resource: Resource, context: Context) -> Problems:
    if not context.release.capabilities.confidential:
        return
    spec = mapping(resource.doc.get("spec"))
    if resource.kind == "InferenceService":
        model = mapping(mapping(spec.get("predictor")).get("model"))
        yield from _model(("spec", "predictor", "model"), model, "storageUri")
    else:
        yield from _model(("spec", "model"), mapping(spec.get("model")), "uri")


def _model(path: Path, model: JsonObject, uri_field: str) -> Problems:
    confidential = model.get("confidential")
    if not isinstance(confidential, dict) or confidential.get("enabled") is not True:
        return
    uri = text(model.get(uri_field))
    here = (*path, "confidential")
    if not uri and uri_field == "storageUri":
        yield Problem(here, "confidential model serving requires storageUri to be set", at_key=True)
    elif uri.startswith("oci://"):
        yield Problem(here, "confidential has no effect with OCI URIs", severity=Severity.WARNING, at_key=True)
    key = text(confidential.get("resourceId"))
    if key and not _KEY.fullmatch(key):
        message = f"invalid confidential resourceId format {key!r}, expected kbs:///<repo>/<type>/<tag>"
        yield Problem((*here, "resourceId"), message, seen=key)
