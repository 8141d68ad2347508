"""A Gateway that is promised, by whatever form of a promise, is there for the controllers that look for it."""

from __future__ import annotations

import pytest
from tests.support.platforms import reference, release

from kservegen.checks.rules.base import Context
from kservegen.checks.simulation import reference_installation
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore

CHAT = ResourceId("LLMInferenceService", "models", "chat")
DOC: JsonObject = {
    "apiVersion": "serving.kserve.io/v1alpha2",
    "kind": CHAT.kind,
    "metadata": {"name": CHAT.name, "namespace": CHAT.namespace},
    "spec": {
        "model": {"uri": "hf://a/b", "name": "b"},
        "router": {"route": {}, "gateway": {"refs": [{"name": "public", "namespace": "infra"}]}},
    },
}


@pytest.mark.parametrize(
    ("promise", "is_there"),
    [
        ("Gateway/infra/public", True),
        ("Gateway/public", True),
        ("Gateway/infra/*", True),
        ("Gateway/pub*", True),
        ("Gateway/other/public", False),
        ("Gateway/infra/private*", False),
    ],
)
def test_a_promised_gateway_is_found(promise: str, is_there: bool) -> None:
    resource = Resource(id=CHAT, api_version="serving.kserve.io/v1alpha2", doc=DOC, file="a.yaml")
    schemas = SchemaStore([packaged_data() / "schemas"])
    kserve = release("v0.19.0")
    context = Context(
        environment="test",
        release=kserve,
        deployment_mode="Standard",
        platform=reference("v0.19.0"),
        resources={CHAT: resource},
        prerequisites=frozenset({promise}),
        installation=reference_installation(kserve, "Standard", schemas),
    )
    made = context.simulation.made(resource)
    assert made is not None
    assert ("HTTPRoute" in {made_object.doc["kind"] for made_object in made.objects}) is is_there
