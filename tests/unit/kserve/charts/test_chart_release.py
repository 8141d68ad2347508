"""What is said of all charts of an environment together: one row for each trap that spans charts."""

from __future__ import annotations

import json
from typing import NamedTuple, cast

import pytest
import yaml

from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.manual import written_manuals
from kservegen.kserve.charts.model import Charts
from kservegen.kserve.charts.release import check_release, config_owner

SEVERITY = {rule: meta.severity for rule, meta in written_manuals().items()}
OFF = "kserve-llmisvc-resources: {kserve: {createSharedResources: false}}"
NOBODY = "kserve-resources: {kserve: {createSharedResources: false}}"
GATEWAY = "controller: {gateway: {ingressGateway: {enableGatewayApi: true, createGateway: true}}}"


class Case(NamedTuple):
    """Values of the charts in use, and what is found: rule, path, a part of message or hint.

    `seen` is what the finding shows, where that is not the value at its path.
    """

    values: str
    rule: str = ""
    path: str = ""
    text: str = ""
    namespace: str = "kserve"
    prerequisites: tuple[str, ...] = ()
    seen: str | None = None


CASES = {
    "the usual pair": Case(f"{{kserve-resources: {{}}, {OFF}}}"),
    "T2 two owners by default": Case(
        "{kserve-resources: {}, kserve-llmisvc-resources: {}}",
        "shared-owner",
        "kserve-llmisvc-resources",
        "ConfigMap/inferenceservice-config, Issuer/selfsigned-issuer and ClusterStorageContainer/default",
        seen="",
    ),
    "T2 two owners on purpose": Case(
        "{kserve-resources: {}, kserve-llmisvc-resources: {kserve: {createSharedResources: true}}}",
        "shared-owner",
        "kserve-llmisvc-resources.kserve.createSharedResources",
        "to false on one of them",
        seen="",
    ),
    "T2 two owners of one object": Case(
        "{kserve-resources: {}, kserve-llmisvc-resources: "
        "{kserve: {createSharedResources: false, certManager: {enabled: true}}}}",
        "shared-owner",
        "kserve-llmisvc-resources.kserve.createSharedResources",
        "both render Issuer/selfsigned-issuer",
        seen="",
    ),
    "T2 the second may own": Case(f"{{{NOBODY}, kserve-llmisvc-resources: {{}}}}"),
    "T2 each owns a part": Case(
        "{kserve-resources: {kserve: {createSharedResources: false, certManager: {enabled: true}}}, "
        "kserve-llmisvc-resources: {kserve: {createSharedResources: false, inferenceServiceConfig: {enabled: true}}}}"
    ),
    "nobody owns": Case(
        f"{{{NOBODY}}}",
        "shared-missing",
        "kserve-resources.kserve.createSharedResources",
        "nothing renders ConfigMap/inferenceservice-config and Issuer/selfsigned-issuer",
    ),
    "nobody owns the Issuer": Case(
        "{kserve-resources: {kserve: {createSharedResources: false, inferenceServiceConfig: {enabled: true}}}}",
        "shared-missing",
        "kserve-resources.kserve.createSharedResources",
        "nothing renders Issuer/selfsigned-issuer",
    ),
    "somebody else promises to own": Case(
        f"{{{NOBODY}}}", prerequisites=("ConfigMap/kserve/inferenceservice-config", "Issuer/kserve/selfsigned-issuer")
    ),
    "T8 mode on the other chart": Case(
        "{kserve-resources: {}, kserve-llmisvc-resources: "
        "{kserve: {createSharedResources: false, controller: {deploymentMode: Standard}}}}",
        "not-owner",
        "kserve-llmisvc-resources.kserve.controller.deploymentMode",
        "Set kserve.controller.deploymentMode on kserve-resources.",
    ),
    "T8 gateway on the other chart": Case(
        "{kserve-resources: {kserve: {createSharedResources: false, controller: {gateway: {ingressGateway: "
        "{enableGatewayApi: true}}}}}, kserve-llmisvc-resources: {}}",
        "not-owner",
        "kserve-resources.kserve.controller.gateway.ingressGateway.enableGatewayApi",
        "kserve-llmisvc-resources renders ConfigMap/inferenceservice-config",
    ),
    "T8 the same on both charts": Case(
        "{kserve-resources: {kserve: {controller: {deploymentMode: Standard}}}, kserve-llmisvc-resources: "
        "{kserve: {createSharedResources: false, controller: {deploymentMode: Standard}}}}"
    ),
    "T4 local models on the other chart": Case(
        "{kserve-resources: {}, kserve-llmisvc-resources: "
        "{kserve: {createSharedResources: false, localmodel: {enabled: true}}}}",
        "not-owner",
        "kserve-llmisvc-resources.kserve.localmodel.enabled",
        "on kserve-resources",
    ),
    "T16 resources of the object that the other chart renders": Case(
        "{kserve-resources: {}, kserve-llmisvc-resources: "
        "{kserve: {createSharedResources: false, storage: {resources: {limits: {cpu: '4'}}}}}}",
        "not-owner",
        "kserve-llmisvc-resources.kserve.storage.resources.limits",
        "renders ClusterStorageContainer/default",
    ),
    "an image that ends up in two objects, of which one is ours": Case(
        "{kserve-resources: {kserve: {createSharedResources: false, inferenceServiceConfig: {enabled: true}, "
        "certManager: {enabled: true}}}, kserve-llmisvc-resources: {kserve: {createSharedResources: false, "
        "storagecontainer: {enabled: true}, storage: {image: registry.example.com/x}}}}"
    ),
    "the other chart's own controller": Case(
        "{kserve-resources: {}, kserve-llmisvc-resources: "
        "{kserve: {createSharedResources: false, llmisvc: {controller: {replicas: 2}}}}}"
    ),
    "T7 a created Gateway": Case(f"{{kserve-resources: {{kserve: {{{GATEWAY}}}}}}}"),
    "T7 a created Gateway elsewhere": Case(
        f"{{kserve-resources: {{kserve: {{{GATEWAY}}}}}}}",
        "create-gateway",
        "kserve-resources.kserve.controller.gateway.ingressGateway.createGateway",
        "creates the Gateway models/kserve-ingress-gateway, and its routes point at kserve/kserve-ingress-gateway",
        namespace="models",
        seen='"kserve/kserve-ingress-gateway"',
    ),
    "T7 a Gateway that is not created": Case(
        "{kserve-resources: {kserve: {controller: {gateway: {ingressGateway: {createGateway: true}}}}}}",
        namespace="models",
    ),
    "T7 a created Gateway beside the owner of the ConfigMap": Case(
        f"{{kserve-resources: {{kserve: {{createSharedResources: false, {GATEWAY}}}}}, kserve-llmisvc-resources: {{}}}}"
    ),
    "T7 an inert key is the other check's finding": Case(
        f"{{kserve-resources: {{kserve: {{{GATEWAY}}}}}, kserve-llmisvc-resources: {{kserve: "
        "{createSharedResources: false, controller: {gateway: {ingressGateway: {createGateway: false}}}}}}"
    ),
    "T15 the LLM controller elsewhere": Case(
        "{kserve-llmisvc-crd: {}, kserve-llmisvc-resources: {}}",
        "namespace",
        "kserve-llmisvc-crd",
        "kserve-llmisvc-crd and kserve-llmisvc-resources must be installed in namespace kserve",
        namespace="kserve-system",
        seen="kserve-system",
    ),
    "T15 presets elsewhere": Case(
        "{kserve-runtime-configs: {kserve: {llmisvcConfigs: {enabled: true}}}}",
        "namespace",
        "kserve-runtime-configs",
        "must be installed in namespace kserve",
        namespace="kserve-system",
        seen="kserve-system",
    ),
    "T15 runtimes elsewhere": Case(
        "{kserve-resources: {}, kserve-runtime-configs: {kserve: {servingruntime: {enabled: true}}}}",
        namespace="kserve-system",
    ),
    "T18 CRDs of somebody": Case(
        "{kserve-llmisvc-resources: {kserve: {llmisvc: {createGIECRDs: false}}}}",
        "foreign-crds",
        "kserve-llmisvc-resources.kserve.llmisvc.createGIECRDs",
        "List gateway-api-inference-extension under prerequisites",
    ),
    "T18 CRDs that are promised": Case(
        "{kserve-llmisvc-resources: {kserve: {llmisvc: {createGIECRDs: false}}}}",
        prerequisites=("gateway-api-inference-extension",),
    ),
    "T4 caches that nobody looks for": Case(
        "{kserve-resources: {}, kserve-localmodel-resources: {}}",
        "localmodel-off",
        "kserve-resources",
        "Set kserve.localmodel.enabled to true on kserve-resources.",
        seen="false",
    ),
    "T4 caches that are turned off": Case(
        "{kserve-resources: {kserve: {localmodel: {enabled: false}}}, kserve-localmodel-resources: {}}",
        "localmodel-off",
        "kserve-resources.kserve.localmodel.enabled",
        "use no cached model",
    ),
    "T4 caches that are looked for": Case(
        "{kserve-resources: {kserve: {localmodel: {enabled: true}}}, kserve-localmodel-resources: {}}"
    ),
    "runtime configs by default": Case(
        "{kserve-resources: {}, kserve-runtime-configs: {}}",
        "renders-nothing",
        "kserve-runtime-configs",
        "its two switches are off",
        seen="",
    ),
    "runtime configs turned off": Case(
        "{kserve-resources: {}, kserve-runtime-configs: {kserve: {servingruntime: {enabled: false}}}}",
        "renders-nothing",
        "kserve-runtime-configs.kserve.servingruntime.enabled",
        "to true, or leave the chart out",
        seen="",
    ),
    "charts that do not exist are somebody else's finding": Case("{kserve: {}, kserve-resources: {}}"),
    "nothing at all": Case("{}"),
}


def at(value: JsonValue, path: Path) -> JsonValue:
    for part in path:
        value = mapping(value)[str(part)]
    return value


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_charts_together(charts: Charts, case: Case) -> None:
    values = cast("dict[str, JsonObject]", yaml.safe_load(case.values))
    findings = check_release(charts, values, case.namespace, is_there=case.prerequisites.__contains__)
    has_switch = charts.by_name["kserve-llmisvc-resources"].reads(("kserve", "llmisvc", "createGIECRDs"))
    is_told = case.rule and (has_switch or case.rule != "foreign-crds")  # a chart without the switch brings them
    expected = [(f"kserve/chart-{case.rule}", case.path)] if is_told else []
    assert [(f.rule, format_path(f.path)) for f in findings] == expected
    for finding in findings:
        assert finding.seen == (json.dumps(at(dict(values), finding.path)) if case.seen is None else case.seen)
        assert case.text in finding.message or case.text in finding.hint
        assert not finding.message.endswith(".")
        assert finding.hint.endswith(".")


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("shared-owner", Severity.ERROR),
        ("shared-missing", Severity.ERROR),
        ("not-owner", Severity.ERROR),
        ("namespace", Severity.ERROR),
        ("foreign-crds", Severity.WARNING),
        ("localmodel-off", Severity.WARNING),
        ("renders-nothing", Severity.WARNING),
    ],
)
def test_what_can_be_right_is_a_warning(rule: str, severity: Severity) -> None:
    assert SEVERITY[f"kserve/chart-{rule}"] is severity


@pytest.mark.parametrize(
    ("values", "owner"),
    [
        (f"{{kserve-resources: {{}}, {OFF}}}", "kserve-resources"),
        (f"{{{NOBODY}, kserve-llmisvc-resources: {{}}}}", "kserve-llmisvc-resources"),
        (f"{{{NOBODY}}}", ""),
        ("{kserve-localmodel-resources: {}}", ""),
    ],
)
def test_the_owner_of_the_config_map(charts: Charts, values: str, owner: str) -> None:
    assert config_owner(charts, cast("dict[str, JsonObject]", yaml.safe_load(values))) == owner
