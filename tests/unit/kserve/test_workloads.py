"""Where containers stand in every kind that has pods."""

from __future__ import annotations

import pytest
import yaml

from kservegen.core.jsontypes import JsonValue, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.workloads import containers, pod_specs


def resource(kind: str, spec: str) -> Resource:
    doc = {"kind": kind, "spec": yaml.safe_load(spec)}
    return Resource(id=ResourceId(kind, "models", "a"), api_version="serving.kserve.io/v1", doc=doc, file="a.yaml")


# Kind, spec, and of each container: path, role, then S for the serving one and I for an init container.
CASES = (
    ("InferenceService", "predictor: {model: {}}", ("spec.predictor.model predictor S",)),
    ("InferenceService", "predictor: {sklearn: {}}", ("spec.predictor.sklearn predictor S",)),
    (
        "InferenceService",
        "predictor: {model: {}, containers: [{name: kserve-container}], initContainers: [{name: i}]}",
        (
            "spec.predictor.model predictor S",
            "spec.predictor.containers[0] predictor",
            "spec.predictor.initContainers[0] predictor I",
        ),
    ),
    (
        "InferenceService",
        "predictor: {containers: [{name: side}, {name: kserve-container}]}",
        ("spec.predictor.containers[0] predictor", "spec.predictor.containers[1] predictor S"),
    ),
    ("InferenceService", "predictor: {containers: [{name: any}]}", ("spec.predictor.containers[0] predictor S",)),
    (
        "InferenceService",
        "predictor: {containers: [{}, {name: side}]}",
        ("spec.predictor.containers[0] predictor S", "spec.predictor.containers[1] predictor"),
    ),
    (
        "InferenceService",
        "predictor: {model: {}, workerSpec: {containers: [{name: worker-container}]}}",
        ("spec.predictor.model predictor S", "spec.predictor.workerSpec.containers[0] worker S"),
    ),
    (
        "InferenceService",
        "transformer: {containers: [{name: a}, {name: b}]}",
        ("spec.transformer.containers[0] transformer S", "spec.transformer.containers[1] transformer"),
    ),
    ("InferenceService", "explainer: {art: {}}", ("spec.explainer.art explainer S",)),
    (
        "InferenceService",
        "canary: [{predictor: {model: {}}}, {predictor: {model: {}}}]",
        ("spec.canary[0].predictor.model predictor S", "spec.canary[1].predictor.model predictor S"),
    ),
    (
        "LLMInferenceService",
        """
        template: {containers: [{name: side}, {name: main}], initContainers: [{name: main}]}
        worker: {containers: [{name: main}]}
        prefill: {template: {containers: [{name: main}]}, worker: {containers: [{name: main}]}}
        router: {scheduler: {template: {containers: [{name: main}]}}}
        """,
        (
            "spec.template.containers[0] main",
            "spec.template.containers[1] main S",
            "spec.template.initContainers[0] main I",
            "spec.worker.containers[0] worker S",
            "spec.prefill.template.containers[0] prefill S",
            "spec.prefill.worker.containers[0] prefill-worker S",
            "spec.router.scheduler.template.containers[0] scheduler S",
        ),
    ),
    ("LLMInferenceServiceConfig", "template: {containers: [{name: main}]}", ("spec.template.containers[0] main S",)),
    (
        "ClusterServingRuntime",
        "{containers: [{name: kserve-container}], workerSpec: {containers: [{name: worker-container}]}}",
        ("spec.containers[0] runtime S", "spec.workerSpec.containers[0] worker S"),
    ),
    ("ServingRuntime", "containers: [{name: other}]", ("spec.containers[0] runtime",)),
    ("ClusterStorageContainer", "container: {name: c}", ("spec.container storage S I",)),
    ("InferenceGraph", "resources: {}", ("spec graph S",)),
    ("InferenceGraph", "nodes: {}", ()),
    ("Namespace", "{}", ()),
)


@pytest.mark.parametrize(("kind", "spec", "expected"), CASES)
def test_containers_are_found_where_they_stand(kind: str, spec: str, expected: tuple[str, ...]) -> None:
    found = containers(resource(kind, spec))
    marks = (("S" if at.serving else "", "I" if at.init else "") for at in found)
    told = tuple(" ".join(w for w in (format_path(a.path), a.role, *m) if w) for a, m in zip(found, marks, strict=True))
    assert told == expected


@pytest.mark.parametrize(("kind", "spec", "_expected"), CASES)
def test_a_path_leads_to_its_container(kind: str, spec: str, _expected: tuple[str, ...]) -> None:
    holder = resource(kind, spec)
    for path, value in [(a.path, a.container) for a in containers(holder)] + [
        (p.path, p.spec) for p in pod_specs(holder)
    ]:
        found: JsonValue = holder.doc
        for part in path:
            found = found[part]  # type: ignore[index]
        assert found is value


def test_pod_specs_are_found_where_they_stand() -> None:
    service = resource("InferenceService", "{predictor: {workerSpec: {}}, transformer: {}, explainer: {}}")
    assert [(format_path(p.path), p.role) for p in pod_specs(service)] == [
        ("spec.predictor", "predictor"),
        ("spec.predictor.workerSpec", "worker"),
        ("spec.transformer", "transformer"),
        ("spec.explainer", "explainer"),
    ]
    assert [p.role for p in pod_specs(resource("LLMInferenceService", "{template: {}, prefill: {worker: {}}}"))] == [
        "main",
        "prefill-worker",
    ]
    assert pod_specs(resource("ConfigMap", "{}")) == ()


@pytest.mark.parametrize(
    "spec", ["null", "[]", "text", "{predictor: [1]}", "{predictor: {containers: [1, null]}}", "{canary: 1}"]
)
def test_odd_shapes_have_no_containers(spec: str) -> None:
    assert containers(resource("InferenceService", spec)) == ()
