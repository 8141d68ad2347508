"""What is said of one chart's values: one row for each kind of mistake and for each trap of a single chart."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import NamedTuple, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.manual import written_manuals
from kservegen.kserve.charts.model import Charts
from kservegen.kserve.charts.values import check_values
from kservegen.kserve.releases import Releases

R, L, M, C = "kserve-resources", "kserve-llmisvc-resources", "kserve-localmodel-resources", "kserve-runtime-configs"
GATEWAY = "kserve.controller.gateway.ingressGateway"
SEVERITY = {rule: meta.severity for rule, meta in written_manuals().items()}


def nest(path: str, value: JsonValue) -> JsonObject:
    head, _, rest = path.partition(".")
    return {head: nest(rest, value) if rest else value}


def load(text: str) -> JsonObject:
    return cast("JsonObject", yaml.safe_load(text))


def severity(finding: Finding) -> Severity:
    return finding.severity or SEVERITY[finding.rule]


class Bad(NamedTuple):
    """A key set on a chart, and the one finding that it gets. `at` is the finding's path, the key itself if blank."""

    chart: str
    key: str
    value: JsonValue
    rule: str
    hint: str
    at: str = ""
    severity: Severity = Severity.ERROR


UNKNOWN = [
    Bad(R, "kserve.controller.deploymentMod", "Standard", "unknown-key", "kserve.controller.deploymentMode?"),
    Bad(R, "kserve.controller.DeploymentMode", "Standard", "unknown-key", "kserve.controller.deploymentMode?"),
    Bad(R, "kserve.controler", {"deploymentMode": "Standard"}, "unknown-key", "Did you mean kserve.controller?"),
    Bad(R, "kserve.nonsense", 1, "unknown-key", ""),
    Bad(R, "controller", {"deploymentMode": "Standard"}, "unknown-key", "Did you mean kserve.controller?"),
    Bad(C, "controller", {"deploymentMode": "Standard"}, "unknown-key", f"kserve.controller of {R} or {L}?"),
    Bad(R, "kserve.deploymentMode", "Standard", "unknown-key", "Did you mean kserve.controller.deploymentMode?"),
    Bad(R, "kserve.llmisvc.createGIECRDs", False, "unknown-key", f"belongs to {L}: set", "kserve.llmisvc"),
    Bad(R, "commonLabels", {"a": "b"}, "unknown-key", f"commonLabels belongs to {L}: set it there."),
    Bad(R, "kserve.localmodelnode.controller.tag", "v1", "unknown-key", f"belongs to {M}", "kserve.localmodelnode"),
    Bad(C, f"{GATEWAY}.className", "x", "unknown-key", f"belongs to {R} or {L}: set it there.", "kserve.controller"),
    Bad(C, "kserve.controller.replicas", 2, "unknown-key", f"belongs to {R} or {L}", "kserve.controller"),
    Bad(C, "kserve.controller.image", "x", "unknown-key", f"belongs to {R}: set it there.", "kserve.controller"),
    Bad(
        R, "kserve.localmodel.defaultJobImageTag", "v1", "unknown-key", "Did you mean kserve.localmodel.defaultJobTag?"
    ),
    Bad(R, "kserve.inferenceService.resource", {"cpuLimit": "1"}, "unknown-key", "", "kserve.inferenceService"),
    Bad(R, "kserve.inferenceservice.resource", {"cpuLimit": "1"}, "unknown-key", "kserve.inferenceservice.resources?"),
    Bad(
        R, "kserve.storageContainer.enabled", True, "unknown-key", "kserve.storagecontainer?", "kserve.storageContainer"
    ),
    Bad(R, "kserve.storage.ociModelMode", "native", "unknown-key", "No value sets the OCI model mode."),
    Bad(R, "kserve.agent.resources", {"limits": {"cpu": "1"}}, "unknown-key", "No value sets the agent's resources"),
    Bad(C, "kserve.servingruntime.sklearnserver.resources", {}, "unknown-key", "bring a ClusterServingRuntime"),
    Bad(C, "kserve.servingruntime.huggingfaceserver_multinode.image", "x", "unknown-key", "takes image and tag of"),
    Bad(C, "kserve.servingruntime.sklearn", {}, "unknown-key", "Did you mean kserve.servingruntime.sklearnserver?"),
    Bad(R, "kserve.servingruntime.sklearnserver", {"tag": "x"}, "unknown-key", f"belongs to {C}: set it there."),
    Bad(R, "kserve.inferenceservice.resources.limits.nvidia", "1", "unknown-key", "Only cpu and memory are read"),
    Bad("kserve-crd", "kserve.version", "v0.19.0", "unknown-key", "kserve-crd takes no values at all.", "kserve"),
    Bad("kserve-crd-minimal", "x", 1, "unknown-key", "takes no values"),
]
INERT = [
    Bad(M, "kserve.certManager.enabled", False, "inert-key", f"Set it on {R} or {L}."),
    Bad(M, "kserve.localmodel.enabled", True, "inert-key", f"inferenceservice-config: {R} or {L}."),
    Bad(R, "kserve.localmodel.controller.image", "x", "inert-key", f"Set it on {M}."),
    Bad(L, "kserve.localmodel.controller.tag", "x", "inert-key", f"Set it on {M}."),
    Bad(R, "kserve.localmodel.agent.nodeSelector", {}, "inert-key", f"localmodelnode.controller.nodeSelector of {M}."),
    Bad(M, "kserve.localmodel.agent.image", "x", "inert-key", f"kserve.localmodelnode.controller.image of {M}."),
    Bad(L, "kserve.localmodel.agent.hostPath", "/x", "inert-key", "fixed at /models"),
    Bad(L, f"{GATEWAY}.createGateway", True, "inert-key", f"Set it on {R}."),
    Bad(
        C, "kserve.servingruntime.huggingfaceserver_multinode.disabled", True, "inert-key", "huggingfaceserver.disabled"
    ),
    Bad(C, "kserve.autoscaler.scaleUpStabilizationWindowSeconds", "5", "inert-key", f"{R} or {L}."),
    Bad(C, "kserve.inferenceservice.resources.limits", {"cpu": "2"}, "inert-key", f"{R} or {L}."),
    Bad(R, "nameOverride", "x", "inert-key", "names no object"),
]
TYPES = [
    Bad(R, "kserve", None, "value-type", "Leave the key out"),
    Bad(R, "kserve.inferenceservice.resources", None, "value-type", "a template reads below it and fails on null"),
    Bad(R, "kserve.controller.resources", "1", "value-type", ""),
    Bad(R, "kserve.controller", "x", "value-type", ""),
    Bad(R, "kserve.storage", [], "value-type", ""),
    Bad(R, "kserve.createSharedResources", "false", "value-type", 'takes the text "false" for true'),
    Bad(R, "kserve.createSharedResources", "true", "value-type", "without quotes", severity=Severity.WARNING),
    Bad(R, "kserve.createSharedResources", 0, "value-type", ""),
    Bad(C, "kserve.servingruntime.enabled", "false", "value-type", 'takes the text "false" for true'),
    Bad(R, "kserve.service.serviceClusterIPNone", "true", "value-type", "quotes", severity=Severity.WARNING),
    Bad(L, "kserve.llmisvc.createGIECRDs", "true", "value-type", "Write true without quotes."),
    Bad(R, "kserve.certManager.enabled", "false", "value-type", 'takes the text "false" for true'),
    Bad(R, "kserve.certManager.enabled", "true", "value-type", "without quotes", severity=Severity.WARNING),
    Bad(R, "kserve.metricsaggregator.enableMetricAggregation", True, "value-type", '"true"', severity=Severity.WARNING),
    Bad(R, "kserve.autoscaler.scaleUpStabilizationWindowSeconds", 0, "value-type", '"0"', severity=Severity.WARNING),
    Bad(L, "kserve.llmisvc.controller.metricsBindPort", 8443, "value-type", '"8443"', severity=Severity.WARNING),
    Bad(L, "kserve.llmisvc.controller.tag", 1, "value-type", 'Write "1", in quotes.'),
    Bad(R, "kserve.service.serviceClusterIPNone", "false", "value-type", "false without", severity=Severity.WARNING),
    Bad(R, "kserve.controller.metricsBindPort", 8080, "value-type", '"8080"', severity=Severity.WARNING),
    Bad(R, "kserve.controller.deploymentMode", ["Standard"], "value-type", ""),
    Bad(R, "kserve.agent.tag", 1.10, "value-type", "1.10 becomes 1.1"),
    Bad(R, "kserve.agent.image", {"repository": "x"}, "value-type", ""),
    Bad(R, "kserve.agent.image", None, "value-type", 'default "kserve/agent"'),
    Bad(L, "kserve.llmisvc.controller.replicas", "2", "value-type", "Write 2 without quotes."),
    Bad(L, "kserve.llmisvc.controller.replicas", True, "value-type", ""),
    Bad(R, "kserve.localmodel.jobTTLSecondsAfterFinished", "60", "value-type", "60", severity=Severity.WARNING),
    Bad(L, "kserve.llmisvc.controller.service.targetPort", True, "value-type", ""),
    Bad(R, "kserve.storage.cpuModelcar", "10 m", "value-type", ""),
    Bad(R, "kserve.storage.cpuModelcar", "", "value-type", ""),
    Bad(R, "kserve.controller.resources.limits", "1", "value-type", ""),
    Bad(
        R,
        "kserve.controller.resources.limits",
        {"cpu": "x"},
        "value-type",
        "",
        "kserve.controller.resources.limits.cpu",
    ),
    Bad(R, "kserve.storage.resources.limits.cpu", True, "value-type", ""),
    Bad(L, "kserve.llmisvc.controller.resources.limits.cpu", 1, "value-type", "own schema refuses a number"),
    Bad(R, "kserve.controller.podLabels.team", 7, "value-type", 'Write "7", in quotes.'),
    Bad(R, "kserve.controller.nodeSelector.gpu", True, "value-type", 'Write "true", in quotes.'),
    Bad(R, "kserve.controller.labels", [], "value-type", ""),
    Bad(R, "kserve.controller.affinity", [], "value-type", ""),
    Bad(R, "kserve.controller.tolerations", {}, "value-type", ""),
    Bad(R, "kserve.controller.tolerations", ["x"], "value-type", "", "kserve.controller.tolerations[0]"),
    Bad(R, "kserve.controller.imagePullSecrets", ["x"], "value-type", "{name", "kserve.controller.imagePullSecrets[0]"),
    Bad(
        C,
        "kserve.servingruntime.mlserver.imagePullSecrets",
        ["x"],
        "value-type",
        "",
        "kserve.servingruntime.mlserver.imagePullSecrets[0]",
    ),
    Bad(
        L,
        "kserve.llmisvc.controller.imagePullSecrets",
        [{"name": "x"}],
        "value-type",
        "plain",
        "kserve.llmisvc.controller.imagePullSecrets[0]",
    ),
    Bad(L, "kserve.llmisvc.controller.extraArgs", [1], "value-type", "", "kserve.llmisvc.controller.extraArgs[0]"),
]
NOT_ALLOWED = [
    Bad(R, "kserve.controller.deploymentMode", "RawDeployment", "value-not-allowed", "write Standard."),
    Bad(L, "kserve.controller.deploymentMode", "Serverless", "value-not-allowed", "write Knative."),
    Bad(R, "kserve.controller.deploymentMode", "standard", "value-not-allowed", "write Standard."),
    Bad(R, "kserve.controller.deploymentMode", "Raw", "value-not-allowed", ""),
    Bad(R, "kserve.controller.gateway.urlScheme", "ftp", "value-not-allowed", ""),
    Bad(R, "kserve.controller.imagePullPolicy", "Sometimes", "value-not-allowed", ""),
    Bad(R, "kserve.metricsaggregator.enableMetricAggregation", "yes", "value-not-allowed", ""),
    Bad(R, "kserve.version", "0.19.0", "value-not-allowed", ""),
    Bad(R, "kserve.autoscaler.scaleDownStabilizationWindowSeconds", "5m", "value-not-allowed", ""),
    Bad(R, f"{GATEWAY}.gateway", "", "value-not-allowed", "blank"),
    Bad(L, "kserve.llmisvc.controller.replicas", 0, "value-not-allowed", ""),
    Bad(L, "kserve.llmisvc.controller.strategy.type", "Recreate", "value-not-allowed", "rollingUpdate to null"),
    Bad(C, "kserve.servingruntime.tensorflow.tag", "", "value-not-allowed", "Nothing stands in"),
    Bad(C, "kserve.servingruntime.tritonserver.imagePullPolicy", "always", "value-not-allowed", "write Always."),
]
TRAPS = [
    Bad(R, "kserve.certManager.enabled", False, "powerless-switch", "createSharedResources to false"),
    Bad(L, "kserve.inferenceServiceConfig.enabled", False, "powerless-switch", "createSharedResources to false"),
    Bad(R, "kserve.localmodel.defaultJobImageTag", "v0.19.0", "unknown-key", "kserve.localmodel.defaultJobTag?"),
    Bad(R, f"{GATEWAY}.createGateway", True, "create-gateway", "enableGatewayApi to true"),
    Bad(R, "kserve.router.imagePullSecrets", [{"name": "x"}], "broken-config", "only [] is valid JSON"),
    Bad(R, "kserve.router.imagePullSecrets", None, "broken-config", "only [] is valid JSON"),
    Bad(R, "kserve.storage.uidModelcar", None, "broken-config", "prints nothing for null"),
    Bad(R, "kserve.localmodel.enabled", None, "broken-config", "prints nothing for null"),
    Bad(R, "kserve.controller.gateway.domainTemplate", '{{ printf "%s" .Name }}', "broken-config", "no double quotes"),
    Bad(L, "kserve.controller.gateway.pathTemplate", "/a\n/b", "broken-config", "line breaks"),
    Bad(R, "kserve.controller.gateway.domain", "a\\d", "broken-config", "backslashes"),
    Bad(
        L,
        "kserve.llmisvc.controller.serviceAccount.name",
        "x",
        "service-account",
        "RoleBinding",
        severity=Severity.WARNING,
    ),
    Bad(R, "kserve.controller.metricsBindPort", "9090", "metrics-port", "Leave", severity=Severity.WARNING),
    Bad(
        C,
        "kserve.servingruntime.huggingfaceserver_multinode.shm.enabled",
        False,
        "no-effect",
        "",
        severity=Severity.WARNING,
    ),
    Bad(
        C, "kserve.servingruntime.huggingfaceserver.devShm.sizeLimit", "8Gi", "no-effect", "", severity=Severity.WARNING
    ),
    Bad(R, "kserve.agent.image", "kserve/agent:v0.19.0", "image-reference", "write the tag to kserve.agent.tag."),
    Bad(R, "kserve.controller.image", f"kserve/c@sha256:{'0' * 64}", "image-reference", "kserve.controller.tag"),
    Bad(C, "kserve.servingruntime.mlserver.tag", "sha256:0123", "image-reference", "name@sha256"),
]


@pytest.mark.parametrize(
    "bad", [*UNKNOWN, *INERT, *TYPES, *NOT_ALLOWED, *TRAPS], ids=lambda bad: f"{bad.rule}-{bad.chart}-{bad.key}"
)
def test_a_mistake_gives_one_finding_in_its_place(charts: Charts, bad: Bad) -> None:
    if bad.rule != "unknown-key" and not knows(charts, bad.chart, bad.key):
        pytest.skip(f"{bad.chart} has no {bad.key} in this version")
    findings = check_values(charts, bad.chart, nest(bad.key, bad.value))
    assert [(f.rule, format_path(f.path), severity(f)) for f in findings] == [
        (f"kserve/chart-{bad.rule}", bad.at or bad.key, bad.severity)
    ]
    assert findings[0].seen == (str(findings[0].path[-1]) if bad.rule == "unknown-key" else shown(bad, findings[0]))
    assert bad.hint in findings[0].hint
    assert findings[0].message[0].islower() or findings[0].message.startswith("KServe")
    assert not findings[0].message.endswith(".")
    assert not findings[0].hint or findings[0].hint[-1] in ".?"


def knows(charts: Charts, chart: str, key: str) -> bool:
    """Say whether a version of a chart has a key, or something in or around it."""
    path, known = tuple(key.split(".")), charts.by_name[chart].keys
    return any(each[: len(path)] == path or path[: len(each)] == each for each in known)


def shown(bad: Bad, finding: Finding) -> str:
    """Write what stands at the finding's path, cut to sixty characters."""
    text = json.dumps(value_at(nest(bad.key, bad.value), finding.path))
    return text if len(text) <= 60 else f"{text[:57]}..."


def value_at(value: JsonValue, path: Path) -> JsonValue:
    for part in path:
        value = value[part] if isinstance(value, list) and isinstance(part, int) else mapping(value)[str(part)]
    return value


LLM = "kserve.llmisvc.controller"
HUGGINGFACE = "kserve.servingruntime.huggingfaceserver"

HARMLESS: dict[str, tuple[str, str, JsonValue]] = {
    "free maps": (R, "kserve.controller.affinity", {"nodeAffinity": {"x": [1]}}),
    "free security contexts": (R, "kserve.controller.securityContext", {"runAsUser": 7, "x": {"y": None}}),
    "texts in free maps": (R, "kserve.controller", {"nodeSelector": {"a.b/c": "d"}, "podLabels": {"a": None}}),
    "numbers as quantities": (R, "kserve.controller.resources.limits", {"cpu": 1, "memory": "2Gi", "x.y/gpu": 1}),
    "null takes a collection's default away": (M, "kserve.localmodelnode.controller.nodeSelector", None),
    "null where the default is blank": (R, "kserve", {"agent": {"tag": None}, "certManager": {"enabled": None}}),
    "null takes one limit away": (L, f"{LLM}.resources.limits", {"cpu": None}),
    "null where a branch is printed as a whole": (R, "kserve.controller.resources", None),
    "null where nothing is read": (M, "kserve.storage", None),
    "an empty branch": (R, "kserve.controller", {}),
    "a switch beside the master switch": (
        R,
        "kserve",
        {
            "createSharedResources": False,
            "certManager": {"enabled": False},
            "inferenceServiceConfig": {"enabled": True},
        },
    ),
    "pull secrets as objects": (R, "kserve.controller.imagePullSecrets", [{"name": "x"}]),
    "pull secrets as texts": (L, f"{LLM}.imagePullSecrets", ["x"]),
    "a port by number": (L, f"{LLM}.service.targetPort", 8443),
    "a registry with a port": (R, "kserve.agent", {"image": "registry.example.com:5000/kserve/agent", "tag": "v1"}),
    "a digest": (R, "kserve.agent", {"image": "kserve/agent@sha256", "tag": "a" * 64}),
    "a whole reference": (R, "kserve.controller.rbacProxyImage", "registry.example.com/proxy:v1"),
    "domains that the template quotes": (R, "kserve.controller.gateway.additionalIngressDomains", ['a"b']),
    "a text that is escaped for JSON": (R, "kserve.controller.gateway.domainTemplate", '{{ printf \\"%s\\" .Name }}'),
    "a Gateway of one's own": (R, GATEWAY, {"enableGatewayApi": True, "kserveGateway": "a/b", "className": "x"}),
    "a created Gateway": (R, GATEWAY, {"enableGatewayApi": True, "createGateway": True, "className": "envoy"}),
    "no Gateway without the Gateway API": (R, f"{GATEWAY}.kserveGateway", ""),
    "shared memory of a size": (C, f"{HUGGINGFACE}.devShm", {"enabled": True, "sizeLimit": "8Gi"}),
    "Recreate alone": (L, f"{LLM}.strategy", {"type": "Recreate", "rollingUpdate": None}),
    "probes of one's own": (L, f"{LLM}.livenessProbe", {"httpGet": {"path": "/x", "port": 1}, "periodSeconds": 3}),
    "a runtime's own tag": (C, "kserve.servingruntime.sklearnserver", {"tag": "v0.19.0", "disabled": True}),
}


@pytest.mark.parametrize(("chart", "key", "value"), HARMLESS.values(), ids=HARMLESS)
def test_what_the_templates_take_gives_no_finding(charts: Charts, chart: str, key: str, value: JsonValue) -> None:
    if not knows(charts, chart, key):
        pytest.skip(f"{chart} has no {key} in this version")
    assert check_values(charts, chart, nest(key, value)) == ()


@pytest.mark.parametrize(("version", "will_do"), [("v1", True), ("", True), ("1", False), ("\u0663", False)])
def test_a_release_tag_begins_with_no_digit_of_any_script(oldest: Charts, version: str, *, will_do: bool) -> None:
    assert (check_values(oldest, R, nest("kserve.version", version)) == ()) == will_do


def test_a_pattern_takes_time_by_the_length_of_the_text(oldest: Charts) -> None:
    # Python's own engine would be at this for years.
    chart, path = oldest.by_name[R], ("kserve", "version")
    keys = {**chart.keys, path: replace(chart.keys[path], pattern="^(a+)+$", form="one letter, many times")}
    own = replace(oldest, by_name={R: replace(chart, keys=keys)})
    (finding,) = check_values(own, R, nest("kserve.version", "a" * 60 + "!"))
    assert (finding.path, finding.allowed) == (path, "one letter, many times")


WINDOW = "kserve.autoscaler.scaleUpStabilizationWindowSeconds"
SEVERAL: dict[str, tuple[JsonObject, set[tuple[str, str]]]] = {
    "a created Gateway of another class and a broken name": (
        nest(GATEWAY, {"enableGatewayApi": True, "createGateway": True, "className": "x", "kserveGateway": "y"}),
        {(f"{GATEWAY}.kserveGateway", "value-not-allowed"), (f"{GATEWAY}.className", "create-gateway")},
    ),
    "a warning does not hide a refusal": (
        nest(WINDOW, value=True),
        {(WINDOW, "value-type"), (WINDOW, "value-not-allowed")},
    ),
    "dots in a key": (
        {"kserve.controller.deploymentMode": "Standard"},
        {('["kserve.controller.deploymentMode"]', "unknown-key")},
    ),
    "mistakes do not hide each other": (
        {"kserve": {"agent": {"tag": {}}, "router": {"tagg": "x"}, "storage": {"enableModelcar": "maybe"}}},
        {
            ("kserve.agent.tag", "value-type"),
            ("kserve.router.tagg", "unknown-key"),
            ("kserve.storage.enableModelcar", "value-type"),
        },
    ),
}


@pytest.mark.parametrize(("values", "expected"), SEVERAL.values(), ids=SEVERAL)
def test_several_findings(oldest: Charts, values: JsonObject, expected: set[tuple[str, str]]) -> None:
    findings = check_values(oldest, R, values)
    assert {(format_path(f.path), f.rule.removeprefix("kserve/chart-")) for f in findings} == expected
    assert len(findings) == len(expected)


@pytest.mark.parametrize("key", ["kserve.nonsense", "kserve.image", "kserve.controller.enabled"])
def test_nothing_is_guessed_where_nothing_or_too_much_fits(oldest: Charts, key: str) -> None:
    (finding,) = check_values(oldest, R, nest(key, "x"))
    assert finding.hint == ""


def test_dots_in_a_key_are_explained(oldest: Charts) -> None:
    (finding,) = check_values(oldest, R, {"kserve.controller.deploymentMode": "Standard"})
    assert finding.hint.startswith("Write kserve.controller.deploymentMode as nested maps")
    assert finding.at_key


def test_an_unknown_chart_is_named_with_the_one_that_was_meant(charts: Charts) -> None:
    (finding,) = check_values(charts, "kserve-resource", {})
    assert (finding.rule, finding.path, finding.hint) == ("kserve/chart-unknown", (), f"Did you mean {R}?")
    assert R in finding.allowed


def test_versions_differ(releases: Releases) -> None:
    values = nest("kserve.servingruntime.vllmserver.tag", "v0.9.0")
    assert [f.rule for f in check_values(releases.get("v0.19.0").charts, C, values)] == ["kserve/chart-unknown-key"]
    assert check_values(releases.get("v0.20.0").charts, C, values) == ()


def test_checking_leaves_the_values_alone(oldest: Charts) -> None:
    values = load("{kserve: {controller: {deploymentMode: RawDeployment, tolerations: [{}]}, x: {y: 1}}}")
    before = copy.deepcopy(values)
    check_values(oldest, R, values)
    assert values == before


def test_upstreams_values_give_inert_findings_only(
    charts: Charts, upstream_values: Callable[[str, str], JsonObject]
) -> None:
    for name, chart in charts.by_name.items():
        findings = check_values(charts, name, upstream_values(charts.version, name))
        inert = {path for path, key in chart.keys.items() if key.declared and not key.live}
        assert {f.rule for f in findings} <= {"kserve/chart-inert-key"}, name
        assert {f.path for f in findings} == inert, name


@given(data=st.data())
def test_live_keys_with_their_defaults_give_no_finding(releases: Releases, data: st.DataObject) -> None:
    charts = releases.get(data.draw(st.sampled_from(releases.versions))).charts
    chart = data.draw(st.sampled_from([chart for chart in charts.by_name.values() if chart.info.has_values]))
    live = [key for key in chart.keys.values() if key.live]
    values: JsonObject = {}
    for key in data.draw(st.lists(st.sampled_from(live), unique_by=lambda key: key.path)):
        node = values
        for name in key.path[:-1]:
            node = cast("JsonObject", node.setdefault(name, {}))
        node[key.path[-1]] = key.default
    assert check_values(charts, chart.name, values) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
def test_any_value_at_any_key_is_judged_at_or_below_the_key(releases: Releases, data: st.DataObject) -> None:
    charts = releases.get("v0.20.0").charts
    chart = charts.by_name[data.draw(st.sampled_from([R, L, M, C]))]
    places = [path for path in (*chart.keys, *chart.branches) if path]
    path = data.draw(st.sampled_from(places))
    for finding in check_values(charts, chart.name, nest(".".join(path), data.draw(JSON))):
        assert finding.rule in SEVERITY
        assert finding.path[: len(path)] == path or finding.path[:-1] == path[:-1]


@given(values=st.dictionaries(st.sampled_from(["kserve", "global", "x"]), JSON))
def test_no_document_makes_the_check_fail(releases: Releases, values: JsonObject) -> None:
    for name in (R, L, M, C, "kserve-crd"):
        assert all(finding.rule in SEVERITY for finding in check_values(releases.get("v0.19.0").charts, name, values))
