"""Whom a violation blames, where an object has several components: the one without which the check passes."""

from __future__ import annotations

import pytest
import yaml

from kservegen.checks.policy.field_path import candidates
from kservegen.checks.policy.violation_path import blame
from kservegen.core.jsontypes import JsonObject, format_path

PLACES = candidates(
    "spec.predictor.model.image | spec.predictor.containers[0].image | spec.replicas | spec.predictor | spec"
)


def holds(doc: JsonObject) -> bool:
    return "bad" not in str(doc)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("predictor: {model: BAD}", "spec.predictor.model.image"),
        ("{predictor: {model: GOOD}, transformer: {containers: [BAD]}}", "spec.transformer.containers[0].image"),
        ("predictor: {containers: [GOOD, BAD]}", "spec.predictor.containers[1].image"),
        ("predictor: {model: GOOD, initContainers: [BAD]}", "spec.predictor.initContainers[0].image"),
        ("{predictor: {model: GOOD}, canary: [{predictor: {model: BAD}}]}", "spec.canary[0].predictor.model.image"),
        ("prefill: {worker: {containers: [BAD]}}", "spec.prefill.worker.containers[0].image"),
        ("router: {scheduler: {template: {containers: [BAD]}}}", "spec.router.scheduler.template.containers[0].image"),
        ("{predictor: {model: BAD}, transformer: {containers: [BAD]}}", "spec.predictor.model.image"),
        ("{replicas: bad, template: {containers: [GOOD]}}", "spec.replicas"),
        ("replicas: bad", "spec.replicas"),
        ("{}", "spec"),
    ],
)
def test_blame(spec: str, expected: str) -> None:
    written = spec.replace("BAD", "{image: bad}").replace("GOOD", "{image: good}")
    doc: JsonObject = {"kind": "Thing", "spec": yaml.safe_load(written)}
    assert format_path(blame(doc, PLACES, holds)) == expected
