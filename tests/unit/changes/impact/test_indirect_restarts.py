"""What restarts an object that did not change: runtimes, configurations, charts, releases, who syncs it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.support.sides import RUNTIMES_ON, between, joined, llm, resources, said, service, side

from kservegen.catalog.merge import merge_values
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.releases import ReviewStatus

SKLEARN = service("model: {modelFormat: {name: sklearn}, storageUri: 's3://b/m'}")
NAMED = service("model: {modelFormat: {name: ours}, runtime: ours}")
RUNTIME = """
kind: {kind}
metadata: {{name: ours{namespace}}}
spec:
  supportedModelFormats: [{{name: ours, version: '1', autoSelect: true}}]
  containers: [{{name: kserve-container, image: i:1, env: [{{name: A, value: a}}]}}]
"""
CLUSTER = RUNTIME.format(kind="ClusterServingRuntime", namespace="")
LOCAL = RUNTIME.format(kind="ServingRuntime", namespace=", namespace: ns")


def values(**more: JsonObject) -> dict[str, JsonObject]:
    found = dict(RUNTIMES_ON)
    for chart, words in more.items():
        name = chart.replace("_", "-")
        found[name] = merge_values(found.get(name, {}), words)
    return found


# name -> (the model, the runtime before, the runtime after, who restarts and why)
RUNTIMES = {
    "an image": (NAMED, CLUSTER, CLUSTER.replace("i:1", "i:2"), "ClusterServingRuntime ours[spec.containers[0].image]"),
    "an image of the namespace": (
        NAMED,
        LOCAL,
        LOCAL.replace("i:1", "i:2"),
        "ServingRuntime ns/ours[spec.containers[0].image]",
    ),
    "nobody's": (SKLEARN, CLUSTER, CLUSTER.replace("i:1", "i:2"), None),
    "whom it serves": (NAMED, CLUSTER, CLUSTER.replace("autoSelect: true", "autoSelect: true, priority: 2"), None),
    "what the model says itself": (
        NAMED.replace("runtime: ours", "runtime: ours, image: own"),
        CLUSTER,
        CLUSTER.replace("i:1", "i:2"),
        None,
    ),
    "a variable that the model says itself": (
        NAMED.replace("runtime: ours", "runtime: ours, env: [{name: A, value: own}]"),
        CLUSTER,
        CLUSTER.replace("value: a", "value: b"),
        None,
    ),
    "a tag, where the model has its own": (
        NAMED.replace("runtime: ours", "runtime: ours, runtimeVersion: '7'"),
        CLUSTER,
        CLUSTER.replace("i:1", "i:2"),
        None,
    ),
    "arguments are added to": (
        NAMED.replace("runtime: ours", "runtime: ours, args: [--own]"),
        CLUSTER,
        CLUSTER.replace("image: i:1", "image: i:1, args: [--new]"),
        "ClusterServingRuntime ours[spec.containers[0].args]",
    ),
    "workers, for a model without": (NAMED, CLUSTER, CLUSTER + "  workerSpec: {containers: []}\n", None),
    "the same amount": (
        NAMED,
        CLUSTER.replace("image: i:1", "image: i:1, resources: {limits: {cpu: 1000m}}"),
        CLUSTER.replace("image: i:1", "image: i:1, resources: {limits: {cpu: '1'}}"),
        None,
    ),
    "disabled: the pods stay": (NAMED, CLUSTER, CLUSTER + "  disabled: true\n", None),
    "kept out": (
        NAMED.replace("namespace: ns", "namespace: ns, annotations: {serving.kserve.io/disable-auto-update: 'true'}"),
        CLUSTER,
        CLUSTER.replace("i:1", "i:2"),
        "ClusterServingRuntime ours[spec.containers[0].image]?",
    ),
}


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_of_the_catalog(name: str) -> None:
    model, before, after, expected = RUNTIMES[name]
    shared = resources(model)
    found = between(side({**shared, **resources(before)}), side({**shared, **resources(after)}))
    assert said(found.restarts) == ([] if expected is None else [f"m predictor: {expected}"])


def test_a_new_runtime_takes_over_some_day() -> None:
    better = LOCAL.replace("name: ours, version: '1', autoSelect: true", "name: sklearn, autoSelect: true")
    shared = resources(SKLEARN)
    found = between(side(shared), side({**shared, **resources(better)}))
    assert said(found.restarts) == ["m predictor: ClusterServingRuntime kserve-sklearnserver -> ServingRuntime ours[]?"]
    assert not found.restarts[0].certain
    assert "next looks at the model" in found.restarts[0].causes[0].note


@pytest.mark.parametrize(
    ("chart", "words", "expected"),
    [
        (
            "kserve_runtime_configs",
            {"kserve": {"servingruntime": {"sklearnserver": {"image": "own/sklearn"}}}},
            "ClusterServingRuntime kserve-sklearnserver[spec.containers[0].image]",
        ),
        (
            "kserve_runtime_configs",
            {"kserve": {"servingruntime": {"sklearnserver": {"imagePullPolicy": "Always"}}}},
            "ClusterServingRuntime kserve-sklearnserver[spec.containers[0].imagePullPolicy]",
        ),
        (
            "kserve_runtime_configs",
            {"kserve": {"servingruntime": {"sklearnserver": {"imagePullSecrets": [{"name": "x"}]}}}},
            "ClusterServingRuntime kserve-sklearnserver[spec.imagePullSecrets]",
        ),
        (
            "kserve_runtime_configs",
            {"kserve": {"servingruntime": {"sklearnserver": {"securityContext": {"runAsUser": 7}}}}},
            "ClusterServingRuntime kserve-sklearnserver[spec.containers[0].securityContext.runAsUser]",
        ),
        ("kserve_runtime_configs", {"kserve": {"servingruntime": {"xgbserver": {"tag": "v9"}}}}, None),
        ("kserve_runtime_configs", {"kserve": {"servingruntime": {"sklearnserver": {"tag": "v0.19.0"}}}}, None),
        # pods get it when they are made
        ("kserve_resources", {"kserve": {"storage": {"tag": "v9"}, "agent": {"tag": "v9"}}}, None),
        ("kserve_resources", {"kserve": {"controller": {"gateway": {"domain": "x.y"}, "tag": "v9"}}}, None),
        ("kserve_resources", {"kserve": {"inferenceservice": {"resources": {"limits": {"cpu": "2"}}}}}, None),
    ],
)
def test_values_of_charts(chart: str, words: JsonObject, expected: str | None) -> None:
    shared = resources(SKLEARN)
    found = between(side(shared), side(shared, values=values(**{chart: words})))
    assert said(found.restarts) == ([] if expected is None else [f"m predictor: {expected}"])


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ({"hostIPC": {"enabled": True}}, None),  # KServe hands it on to no pod
        ({"devShm": {"enabled": True}}, "spec.volumes spec.containers[0].volumeMounts"),
        ({"lmcacheUseExperimental": "False"}, "spec.containers[0].env[0].value"),
        ({"devShm": {"sizeLimit": "1Gi"}}, None),  # it is off
    ],
)
def test_values_of_the_runtime_of_hugging_face(words: JsonObject, paths: str | None) -> None:
    shared = resources(service("model: {modelFormat: {name: huggingface}}"))
    chart: JsonObject = {"kserve": {"servingruntime": {"huggingfaceserver": words}}}
    found = between(side(shared), side(shared, values=values(kserve_runtime_configs=chart)))
    expected = f"m predictor: ClusterServingRuntime kserve-huggingfaceserver[{paths}]"
    assert said(found.restarts) == ([] if paths is None else [expected])


def test_a_runtime_of_a_canary() -> None:
    canary = (
        "  canary: [{predictor: {name: next, model: {modelFormat: {name: ours}, runtime: ours}}, trafficPercent: 10}]\n"
    )
    shared = resources(service("model: {modelFormat: {name: sklearn}}", more=canary))
    before, after = (resources(LOCAL.replace("i:1", image)) for image in ("i:1", "i:2"))
    found = between(side({**shared, **before}, version="v0.20.0"), side({**shared, **after}, version="v0.20.0"))
    assert said(found.restarts) == ["m canary: ServingRuntime ns/ours[spec.containers[0].image]"]


def test_values_that_a_controller_writes_wait_for_it() -> None:
    several = service("model: {modelFormat: {name: sklearn}}, storageUris: [{uri: 's3://a'}]")
    graph = "kind: InferenceGraph\nmetadata: {name: g, namespace: ns}\nspec: {nodes: {}}"
    shared = resources(joined(several, graph))
    words: JsonObject = {"kserve": {"storage": {"tag": "v9"}, "router": {"tag": "v9"}}}
    found = between(side(shared), side(shared, values=values(kserve_resources=words)))
    assert said(found.restarts) == [
        "m predictor: chart values[kserve.storage.tag]?",
        "g router: chart values[kserve.router.tag]?",
    ]


S3_MODEL = llm("").replace("hf://a/b", "s3://a/b")
CAR = llm("").replace("hf://a/b", "oci://a/b")
BUNDLE = "kind: ConfigMap\nmetadata: {name: x, namespace: kserve}\ndata: {cabundle.crt: x}"


@pytest.mark.parametrize(
    ("model", "words", "expected"),
    [
        (S3_MODEL, {"caBundleConfigMapName": "x"}, "caBundleConfigMapName"),
        (llm(""), {"caBundleConfigMapName": "x"}, None),  # of models of Hugging Face's hub alone no bundle is read
        (S3_MODEL, {"s3": {"region": "x"}}, None),  # without credentials nobody reads it
        (S3_MODEL, {"tag": "v9"}, None),  # the image of what downloads is kept
        (CAR, {"uidModelcar": 9}, "uidModelcar"),
        (CAR, {"memoryModelcar": "9Gi"}, "memoryModelcar"),
        (S3_MODEL, {"memoryModelcar": "9Gi"}, None),
    ],
)
def test_values_of_the_storage_that_reach_an_llm(model: str, words: JsonObject, expected: str | None) -> None:
    shared = resources(joined(model, BUNDLE))
    found = between(side(shared), side(shared, values=values(kserve_resources={"kserve": {"storage": words}})))
    assert said(found.restarts) == ([] if expected is None else [f"m main: chart values[kserve.storage.{expected}]?"])


def test_a_release_restarts_those_whose_image_is_its_own() -> None:
    mlserver = service("model: {modelFormat: {name: sklearn}, protocolVersion: v2}", name="other")
    custom = service("containers: [{name: kserve-container, image: i}]", name="custom")
    graph = "kind: InferenceGraph\nmetadata: {name: g, namespace: ns}\nspec: {nodes: {}}"
    shared = resources(joined(SKLEARN, mlserver, custom, graph))
    found = between(side(shared), side(shared, version="v0.20.0"))
    assert said(found.restarts) == [
        "m predictor: ClusterServingRuntime kserve-sklearnserver[spec.containers[0].image]",
        "g router: chart values[kserve.router.tag]",
    ]


def test_a_release_that_is_not_reviewed_may_restart_all() -> None:
    shared = resources(service("containers: [{name: kserve-container, image: i}]"))
    before, after = side(shared), side(shared, version="v0.20.0")
    derived = replace(after.release, version="v0.99.0", status=ReviewStatus.DERIVED, nearest="v0.20.0")
    assert between(before, after).restarts == ()
    found = between(before, replace(after, release=derived))
    assert said(found.restarts) == ["m predictor: KServe v0.19.0 -> v0.99.0[]?"]


def test_a_release_brings_other_presets() -> None:
    shared = resources(llm("router: {scheduler: {}, route: {}}"))
    found = between(side(shared), side(shared, version="v0.20.0"))
    preset = "LLMInferenceServiceConfig kserve/kserve-config-llm-{} of KServe v0.19.0 -> v0.20.0[]"
    assert said(found.restarts) == [
        f"m main+scheduler: {preset.format('template')}, {preset.format('scheduler')}",
    ]


def test_without_presets_nothing_runs_that_could_restart() -> None:
    shared = resources(llm(""))
    bare: dict[str, JsonObject] = {"kserve-resources": {}}
    found = between(side(shared, values=bare), side(shared, values=bare, version="v0.20.0"))
    assert found.restarts == ()


BASE = "kind: LLMInferenceServiceConfig\nmetadata: {name: base, namespace: ns}\nspec: {%s}\n"
TEMPLATE = "template: {containers: [{name: main, image: %s}]}"
ON_BASE = llm("baseRefs: [{name: base}]")


@pytest.mark.parametrize(
    ("model", "before", "after", "expected"),
    [
        (
            ON_BASE,
            TEMPLATE % "a",
            TEMPLATE % "b",
            "main: LLMInferenceServiceConfig ns/base[spec.template.containers[0].image]",
        ),
        (ON_BASE, "replicas: 1", "replicas: 2", None),
        (llm(""), TEMPLATE % "a", TEMPLATE % "b", None),
        (llm("baseRefs: [{name: base}], " + TEMPLATE % "own"), TEMPLATE % "a", TEMPLATE % "b", None),
    ],
)
def test_a_base(model: str, before: str, after: str, expected: str | None) -> None:
    shared = resources(model)
    found = between(side({**shared, **resources(BASE % before)}), side({**shared, **resources(BASE % after)}))
    assert said(found.restarts) == ([] if expected is None else [f"m {expected}"])


def test_a_base_that_changes_what_a_deployment_selects() -> None:
    shared = resources(ON_BASE)
    before, after = (resources(BASE % f"labels: {{team: {team}}}") for team in "ab")
    found = between(side({**shared, **before}), side({**shared, **after}))
    assert found.restarts == ()
    assert [(item.finding.rule, item.finding.path) for item in found.refused] == [
        ("kserve/llm-selector-change", ("spec", "baseRefs"))
    ]


@pytest.mark.parametrize("namespace", ["kserve", "opendatahub"])
def test_a_preset_of_ones_own(namespace: str) -> None:
    preset = (
        "kind: LLMInferenceServiceConfig\n"
        f"metadata: {{name: kserve-config-llm-template, namespace: {namespace}}}\nspec: {{%s}}\n"
    )
    shared = resources(llm(""))
    before, after = (resources(preset % (TEMPLATE % image)) for image in "ab")
    sides = (replace(side({**shared, **objects}), namespace=namespace) for objects in (before, after))
    found = between(*sides)
    assert said(found.restarts) == [
        f"m main: LLMInferenceServiceConfig {namespace}/kserve-config-llm-template[spec.template.containers[0].image]"
    ]


FOLDER = "models/ns"


@pytest.mark.parametrize(
    ("before", "after", "restarts"),
    [
        (("argocd", "Application a"), ("argocd", "Application b"), True),
        (("argocd", "Application a"), ("argocd", "Application a"), False),
        (("argocd", "Application a"), ("flux", "Kustomization a"), True),
        (("none", ""), ("argocd", "Application a"), True),
        (("argocd", "Application a"), ("none", ""), False),
    ],
)
def test_who_syncs_it(before: tuple[str, str], after: tuple[str, str], *, restarts: bool) -> None:
    shared = resources(joined(SKLEARN, llm("").replace("name: m", "name: chat")))
    found = between(
        side(shared, engine=before[0], synced_by={FOLDER: before[1]}),
        side(shared, engine=after[0], synced_by={FOLDER: after[1]}),
    )
    assert [restart.subject.name for restart in found.restarts] == (["m"] if restarts else [])
