"""An InferenceService in; a finding out where its model carries a container name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import components_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource
from kservegen.kserve.workloads import FRAMEWORKS

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/model-name-field",
    title="A predictor's model has a name of its own",
    why="The model becomes the container kserve-container, so KServe's webhook refuses any name, even that one. "
    "Clients address the model by the name of the InferenceService.",
    fix="Remove name from the model, and name the InferenceService as clients shall call it.",
    bad="predictor: {model: {name: iris, modelFormat: {name: sklearn}}}",
    good="predictor: {model: {modelFormat: {name: sklearn}}}",
    upstream=("ISVC-20", "pkg/apis/serving/v1beta1/inference_service_validation.go"),
)


_FIELDS: Final = frozenset({"model", *FRAMEWORKS})


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for path, component, spec in components_of(resource):
        if component != "predictor":
            continue
        for field, value in spec.items():
            if field in _FIELDS and (name := mapping(value).get("name")):
                message = f"the 'name' field is not allowed in standard predictor: {field} has one"
                yield Finding(
                    rule=META.id,
                    path=(*path, field, "name"),
                    message=message,
                    hint=META.fix,
                    seen=str(name),
                    at_key=True,
                )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
