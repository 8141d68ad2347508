"""Updates that nobody carries out, and what they leave as it is."""

from __future__ import annotations

import pytest
from tests.support.sides import between, llm, resources, service, side

from kservegen.core.jsontypes import format_path

MODEL = "model: {modelFormat: {name: sklearn}, storageUri: 's3://b/m'}"
RUNTIME = "kind: ServingRuntime\nmetadata: {name: r, namespace: ns}\nspec: {containers: [{name: kserve-container}]%s}\n"
WORKER = ", workerSpec: {containers: [{name: worker-container}]}"
TRAINED = "kind: TrainedModel\nmetadata: {name: t, namespace: ns}\nspec: {model: {memory: %s}}\n"
CACHE = "kind: LocalModelCache\nmetadata: {name: c}\nspec: {sourceModelUri: '%s', modelSize: 1Gi, nodeGroups: [a]}\n"
MODE = "annotations: {serving.kserve.io/deploymentMode: %s}"

# name -> (before, after, rule, path)
CASES = {
    "another mode": (
        service(MODEL, metadata=MODE % "Standard"),
        service(MODEL, metadata=MODE % "Knative"),
        "kserve/deployment-mode-change",
        'metadata.annotations["serving.kserve.io/deploymentMode"]',
    ),
    "another number of nodes": (
        llm("parallelism: {data: 8, dataLocal: 8}"),
        llm("parallelism: {data: 16, dataLocal: 8}"),
        "kserve/llm-size-change",
        "spec.parallelism",
    ),
    "a label in a selector": (llm(""), llm("labels: {a: b}"), "kserve/llm-selector-change", "spec.labels.a"),
    "prefill comes": (llm(""), llm("prefill: {}"), "kserve/llm-selector-change", "spec.prefill"),
    "workers go": (RUNTIME % WORKER, RUNTIME % "", "kserve/worker-spec-removal", "spec.workerSpec"),
    "more memory for a trained model": (
        TRAINED % "1Gi",
        TRAINED % "2Gi",
        "kserve/trained-model-memory",
        "spec.model.memory",
    ),
    "another model in a cache (CEL)": (
        CACHE % "s3://a",
        CACHE % "s3://b",
        "schema/cel-rule",
        "spec.sourceModelUri",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_update_is_refused_and_restarts_nothing(name: str) -> None:
    before, after, rule, path = CASES[name]
    found = between(side(before), side(after))
    told = [(item.finding.rule, format_path(item.finding.path)) for item in found.refused]
    assert told == [(rule, path)]
    assert (found.restarts, found.scaled) == ((), ())


@pytest.mark.parametrize("name", CASES)
def test_creating_it_so_is_not_refused(name: str) -> None:
    _, after, _, _ = CASES[name]
    assert between(side({}), side(after)).refused == ()


@pytest.mark.parametrize(("version", "metadata"), [("v0.19.0", ""), ("v0.20.0", MODE % "Knative")])
def test_a_new_service_of_knative_is_recorded_as_such(version: str, metadata: str) -> None:
    before, after = (service(MODEL.replace("s3", s), metadata=metadata) for s in ("s3", "gs"))
    found = between(side(before, version=version, mode="Knative"), side(after, version=version, mode="Knative"))
    assert found.refused == ()
    assert len(found.restarts) == 1


def test_a_cache_in_use_is_removed() -> None:
    uses = resources(service("model: {modelFormat: {name: sklearn}, storageUri: 's3://a'}"))
    found = between(side({**uses, **resources(CACHE % "s3://a")}), side(uses))
    assert [item.finding.rule for item in found.refused] == ["kserve/cache-removal"]


def test_a_preset_that_changes_is_only_warned_of() -> None:
    preset = (
        "kind: LLMInferenceServiceConfig\nmetadata: {name: kserve-config-llm-template, namespace: kserve}\n"
        "spec: {template: {containers: [{name: main, image: %s}]}}\n"
    )
    shared = resources(llm(""))
    found = between(side({**shared, **resources(preset % "a")}), side({**shared, **resources(preset % "b")}))
    assert [item.finding.rule for item in found.refused] == ["kserve/preset-change"]
    assert len(found.restarts) == 1
