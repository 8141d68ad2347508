"""A service in; findings out where its confidential model has no place or no key to be decrypted with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/confidential",
    title="A confidential model has no URI, or a key that is not one of a key broker",
    why="KServe v0.20 decrypts what it downloads, so a confidential InferenceService needs a storageUri, and its "
    "resourceId is the address of a key broker: kbs:///repository/type/tag. Images are decrypted by the container "
    "runtime, so it does nothing for oci.",
    fix="Write resourceId: kbs:///repository/type/tag, and a storageUri that is not oci.",
    bad="model: {storageUri: s3://b/m, confidential: {enabled: true, resourceId: key}}",
    good="model: {storageUri: s3://b/m, confidential: {enabled: true, resourceId: kbs:///default/key/1}}",
    upstream=("kserve rules, section 11", "KServe v0.20 pkg/apis/serving/v1beta1/inference_service_validation.go"),
)

_KEY: Final = re.compile(r"kbs:///[a-zA-Z0-9_.-]+/[a-zA-Z0-9_.-]+/[a-zA-Z0-9_.-]+")


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    if context.is_019:
        return
    spec = mapping(resource.doc.get("spec"))
    if resource.kind == "InferenceService":
        model = mapping(mapping(spec.get("predictor")).get("model"))
        yield from _model(("spec", "predictor", "model"), model, "storageUri")
    else:
        yield from _model(("spec", "model"), mapping(spec.get("model")), "uri")


def _model(path: Path, model: JsonObject, uri_field: str) -> Iterator[Finding]:
    confidential = model.get("confidential")
    if not isinstance(confidential, dict) or confidential.get("enabled") is not True:
        return
    uri = text(model.get(uri_field))
    here = (*path, "confidential")
    if not uri and uri_field == "storageUri":
        message = "confidential model serving requires storageUri to be set"
        yield Finding(rule=META.id, path=here, message=message, hint=META.fix, at_key=True)
    elif uri.startswith("oci://"):
        message = "confidential has no effect with OCI URIs"
        yield Finding(rule=META.id, path=here, message=message, hint=META.fix, severity=Severity.WARNING, at_key=True)
    key = text(confidential.get("resourceId"))
    if key and not _KEY.fullmatch(key):
        message = f"invalid confidential resourceId format {key!r}, expected kbs:///<repo>/<type>/<tag>"
        yield Finding(rule=META.id, path=(*here, "resourceId"), message=message, hint=META.fix, seen=key)


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService", "LLMInferenceService"}))
