"""Host names by the environment's own template of them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.support.platforms import reference, release

from kservegen.checks.rules.base import Context
from kservegen.checks.rules.discover import discover
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId

NAMESPACE = "a-namespace-of-thirty-characters"


@pytest.mark.parametrize(
    ("template", "length", "count"),
    [
        ("{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}", 20, 0),
        ("{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}", 21, 1),
        ("{{.Name}}.{{.Namespace}}.{{.IngressDomain}}", 53, 0),
        ("{{.Name}}.{{.Namespace}}.{{.IngressDomain}}", 54, 1),
        ("a-longer-prefix-{{.Name}}-{{.Namespace}}.{{.IngressDomain}}", 20, 1),
        ("{{ .Annotations.host }}.{{ .Namespace }}-{{ .Name }}.x", 60, 0),
    ],
)
def test_the_template_decides(template: str, length: int, count: int) -> None:
    name = "n" * length
    doc: JsonObject = {"metadata": {"name": name}, "spec": {"predictor": {"model": {}}}}
    identity = ResourceId("InferenceService", NAMESPACE, name)
    service = Resource(id=identity, api_version="serving.kserve.io/v1beta1", doc=doc, file="a.yaml")
    context = Context(
        environment="test",
        release=release("v0.19.0"),
        deployment_mode="Standard",
        platform=replace(reference("v0.19.0"), domain_template=template),
        resources={identity: service},
    )
    found = [finding for _, finding in discover().run([service], context)]
    assert sum(finding.rule == "kserve/host-name-length" for finding in found) == count
