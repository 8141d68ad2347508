"""Layers: what is synced together, in which order, and what waits for what."""

from __future__ import annotations

import pytest

from kservegen.catalog.engines import ENGINES
from kservegen.core.resource import Resource, ResourceId
from kservegen.render.gitops.layers import LayerPart, SyncLayer, plan_layers
from kservegen.render.gitops.sync import WRITERS
from kservegen.render.objects.charts import ChartUse, PlannedCharts


def chart(name: str) -> ChartUse:
    return ChartUse(name=name, release=name, version="v0.19.0", values={})


def resource(file: str) -> Resource:
    return Resource(id=ResourceId("K", "", file), api_version="v1", doc={}, file=file)


CHARTS = ("kserve-crd", "kserve-llmisvc-crd", "kserve-resources", "kserve-llmisvc-resources", "kserve-runtime-configs")
FILES = (
    "cluster/namespace-a.yaml",
    "policies/p.yaml",
    "quotas/a/q.yaml",
    "runtimes/clusterservingruntime-r.yaml",
    "runtimes/b/servingruntime-r.yaml",
    "models/a/m.yaml",
    "models/a/n.yaml",
    "models/b/m.yaml",
)


def plan(charts: tuple[str, ...] = CHARTS, files: tuple[str, ...] = FILES) -> dict[str, SyncLayer]:
    platform = PlannedCharts(version="v0.19.0", charts=tuple(chart(name) for name in charts), missing=())
    return {layer.name: layer for layer in plan_layers(platform, [resource(file) for file in files])}


def test_layers_come_in_order() -> None:
    assert [(layer.order, layer.name) for layer in plan().values()] == [
        (-20, "kserve-crds"),
        (-10, "kserve-llmisvc-resources"),
        (-10, "kserve-resources"),
        (-5, "kserve-runtime-configs"),
        (0, "cluster"),
        (2, "policies"),
        (2, "quotas-a"),
        (5, "runtimes"),
        (5, "runtimes-b"),
        (10, "models-a"),
        (10, "models-b"),
    ]


NEEDS = {
    "kserve-crds": (),
    "kserve-resources": ("kserve-crds",),
    "kserve-runtime-configs": ("kserve-llmisvc-resources", "kserve-resources"),
    "cluster": ("kserve-llmisvc-resources", "kserve-resources"),
    "policies": ("cluster",),
    "runtimes-b": ("cluster",),
    # Another namespace's quotas and runtimes hold nobody up.
    "models-a": ("kserve-runtime-configs", "policies", "quotas-a", "runtimes"),
    "models-b": ("kserve-runtime-configs", "cluster", "policies", "runtimes", "runtimes-b"),
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_layer_waits_for_what_it_needs(name: str) -> None:
    assert plan()[name].needs == NEEDS[name]


def test_what_is_absent_is_stood_in_for_by_what_it_needs() -> None:
    layers = plan(charts=("kserve-crd", "kserve-resources"), files=("models/a/m.yaml",))
    assert layers["models-a"].needs == ("kserve-resources",)
    assert plan(charts=(), files=("models/a/m.yaml",))["models-a"].needs == ()


def test_a_layer_never_waits_for_one_of_its_own_order_or_later() -> None:
    layers = plan()
    for layer in layers.values():
        assert all(layers[name].order < layer.order for name in layer.needs)


def test_only_what_a_person_may_lose_is_pruned() -> None:
    assert {layer.part for layer in plan().values() if not layer.may_prune} == {
        LayerPart.CRDS,
        LayerPart.CONTROLLERS,
        LayerPart.RUNTIME_CONFIGS,
        LayerPart.CLUSTER,
    }


def test_a_layer_holds_the_objects_of_its_folder_alone() -> None:
    layers = plan()
    assert [r.file for r in layers["runtimes"].resources] == ["runtimes/clusterservingruntime-r.yaml"]
    assert [r.file for r in layers["models-a"].resources] == ["models/a/m.yaml", "models/a/n.yaml"]
    assert [(layers[n].folder, layers[n].namespace) for n in ("policies", "models-b")] == [
        ("policies", "kserve"),
        ("models/b", "b"),
    ]
    assert [use.name for use in layers["kserve-crds"].charts] == ["kserve-crd", "kserve-llmisvc-crd"]
    assert [name for name, layer in layers.items() if layer.is_models] == ["models-a", "models-b"]


def test_every_engine_has_a_writer() -> None:
    assert WRITERS.keys() == ENGINES.keys()
