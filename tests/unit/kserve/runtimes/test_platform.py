"""What an installation offers: charts and values in, runtimes, presets and settings out."""

from __future__ import annotations

import pytest
from tests.support.platforms import reference, release

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.platform import Platform, installed_platform


def installed(**values: JsonObject) -> Platform:
    by_chart = {f"kserve-{name.replace('_', '-')}": {"kserve": value} for name, value in values.items()}
    return installed_platform(release(), by_chart)  # type: ignore[arg-type]


@pytest.mark.parametrize(("version", "runtimes", "presets"), [("v0.19.0", 12, 8), ("v0.20.0", 14, 10)])
def test_the_reference_has_everything(version: str, runtimes: int, presets: int) -> None:
    platform = reference(version)
    assert (len(platform.runtimes), len(platform.presets)) == (runtimes, presets)
    assert not any(runtime.disabled for runtime in platform.runtimes.values())
    assert all(runtime.containers == ("kserve-container",) for runtime in platform.runtimes.values())
    assert [r.name for r in platform.runtimes.values() if r.spans_nodes] == ["kserve-huggingfaceserver-multinode"]
    assert platform.storage_container
    assert platform.modelcar


def test_nothing_comes_without_its_switch() -> None:
    platform = installed(runtime_configs={})
    assert not platform.runtimes
    assert not platform.presets
    assert not installed(resources={}).runtimes


@pytest.mark.parametrize("value", [True, "true"])
def test_a_runtime_is_disabled_by_its_value(value: JsonValue) -> None:
    on: JsonObject = {"servingruntime": {"enabled": True, "huggingfaceserver": {"disabled": value}}}
    disabled = [name for name, runtime in installed(runtime_configs=on).runtimes.items() if runtime.disabled]
    assert disabled == ["kserve-huggingfaceserver", "kserve-huggingfaceserver-multinode"]


def test_settings_are_the_owners() -> None:
    gateway: JsonObject = {"domain": "models.example.com", "ingressGateway": {"enableGatewayApi": True}}
    resources: JsonObject = {"controller": {"gateway": gateway}, "storage": {"enableModelcar": False}}
    platform = installed(resources=resources, llmisvc_resources={"createSharedResources": False})
    assert (platform.domain, platform.gateway_api, platform.modelcar) == ("models.example.com", True, False)
    foreign = installed(resources={"createSharedResources": False}, llmisvc_resources=resources)
    assert (foreign.domain, foreign.modelcar) == ("models.example.com", False)


def test_a_gateway_is_made_where_the_api_is_on() -> None:
    def gateways(**ingress: bool) -> frozenset[tuple[str, str]]:
        return installed(resources={"controller": {"gateway": {"ingressGateway": dict(ingress)}}}).gateways

    assert gateways(createGateway=True, enableGatewayApi=True) == {("kserve", "kserve-ingress-gateway")}
    assert not gateways(createGateway=True)
    assert not gateways(enableGatewayApi=True)


def test_the_storage_container_goes_with_its_switch() -> None:
    assert installed(resources={}).storage_container
    assert not installed(resources={"createSharedResources": False}).storage_container
    assert installed(
        resources={"createSharedResources": False, "storagecontainer": {"enabled": True}}
    ).storage_container
