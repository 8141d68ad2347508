"""What chart values make of KServe's ConfigMap, of its runtimes and of the container that downloads."""

from __future__ import annotations

import pytest

from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import packaged_data
from kservegen.kserve.controllers.charted import chart_objects, chart_settings
from kservegen.kserve.releases import Release, Releases

RESOURCES, RUNTIMES = "kserve-resources", "kserve-runtime-configs"


@pytest.fixture(scope="module")
def release() -> Release:
    return Releases([packaged_data() / "schemas"]).get("v0.20.0")


@pytest.mark.parametrize(
    ("values", "key", "name", "expected"),
    [
        ({}, "ingress", "ingressDomain", "example.com"),
        ({"controller": {"gateway": {"domain": "d.example"}}}, "ingress", "ingressDomain", "d.example"),
        ({}, "credentials", "storageSecretNameAnnotation", "serving.kserve.io/secretName"),
        ({"storage": {"enableModelcar": False}}, "storageInitializer", "enableModelcar", False),
        ({}, "agent", "image", "kserve/agent:v0.20.0"),
        ({"agent": {"image": "r/agent", "tag": "1"}}, "agent", "image", "r/agent:1"),
        (
            {"metricsaggregator": {"enablePrometheusScraping": "true"}},
            "metricsAggregator",
            "enablePrometheusScraping",
            "true",
        ),
    ],
)
def test_values_reach_the_config_map(
    release: Release, values: JsonObject, key: str, name: str, expected: JsonValue
) -> None:
    settings = chart_settings(release, {RESOURCES: {"kserve": values}}, "Standard")
    assert settings.section(key)[name] == expected
    assert settings.stated


def _runtimes(release: Release, **values: JsonValue) -> dict[str, JsonObject]:
    found = chart_objects(release, {RUNTIMES: {"kserve": {"servingruntime": {"enabled": True, **values}}}}).documents
    return {str(mapping(doc["metadata"])["name"]): mapping(doc["spec"]) for doc in found}


def test_runtimes_have_the_images_of_the_chart(release: Release) -> None:
    found = _runtimes(release, sklearnserver={"image": "r/sk", "tag": "2", "disabled": True})
    spec = found["kserve-sklearnserver"]
    assert (value_at(spec, ("containers", 0, "image")), spec["disabled"]) == ("r/sk:2", True)
    images = [
        value_at(found[f"kserve-{name}"], ("containers", 0, "image")) for name in ("lgbserver", "huggingfaceserver")
    ]
    assert images == ["kserve/lgbserver:v0.20.0", "kserve/huggingfaceserver:v0.20.0"]


def test_without_the_chart_there_are_no_runtimes(release: Release) -> None:
    assert chart_objects(release, {RESOURCES: {}}).documents[0]["kind"] == "ClusterStorageContainer"
    assert _runtimes(release, enabled=False) == {}


def test_the_download_has_the_security_context_of_the_chart(release: Release) -> None:
    (storage,) = chart_objects(release, {RESOURCES: {}}).documents
    context = value_at(storage, ("spec", "container", "securityContext"))
    assert mapping(context)["runAsNonRoot"] is True
    assert sequence(value_at(storage, ("spec", "supportedUriFormats")))
