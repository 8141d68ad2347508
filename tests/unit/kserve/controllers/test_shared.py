"""One making for several clusters: when it holds, and when it does not."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support.controllers import OLDEST, control_plane, field, service
from tests.support.project import DEV, Project

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.control_plane import ControlPlane, InstalledObjects
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.controllers.reconcile import make_objects
from kservegen.kserve.controllers.shared import SharedMade

STORED = service()
ACCOUNT: JsonObject = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "default", "namespace": "models"},
}
OTHER: JsonObject = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x", "namespace": "models"}}
RUNTIME: JsonObject = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ServingRuntime",
    "metadata": {"name": "own", "namespace": "models"},
    "spec": {"supportedModelFormats": [], "containers": []},
}


@pytest.mark.parametrize(
    ("cluster", "alike"),
    [
        (control_plane(STORED), True),
        (control_plane(STORED, OTHER), True),
        (control_plane(STORED, ACCOUNT), False),
        (control_plane(STORED, RUNTIME), False),
        (control_plane(STORED, config={"ingress": {"ingressDomain": "b.example"}}), False),
        (control_plane(STORED, version=OLDEST), False),
        (control_plane(STORED, mode="Knative"), False),
        (replace(control_plane(STORED), installed=InstalledObjects(())), False),
    ],
    ids=["the same", "none looked at", "account", "runtime", "settings", "release", "mode", "installed"],
)
def test_an_object_is_made_once_where_all_that_was_looked_at_is_the_same(cluster: ControlPlane, alike: bool) -> None:
    shared = SharedMade()
    made = [shared.make(STORED, lambda: STORED, plane)[0] for plane in (control_plane(STORED), cluster)]
    assert (made[0] is made[1]) == alike
    assert shared.make(STORED, lambda: STORED, cluster)[0] is made[1]


@pytest.mark.parametrize(("cluster", "times"), [(control_plane(STORED, OTHER), 1), (control_plane(STORED, RUNTIME), 2)])
def test_what_follows_from_what_is_made_is_found_out_once_where_the_same_is_made(
    cluster: ControlPlane, times: int
) -> None:
    shared, asked = SharedMade(), list[Made]()

    def labels(made: Made) -> list[str]:
        asked.append(made)
        return [item.label for item in made.objects]

    for plane in (control_plane(STORED), cluster):
        made, _ = shared.make(STORED, lambda: STORED, plane)
        assert made is not None
        assert shared.derived(STORED, made, "labels", partial(labels, made)) == [item.label for item in made.objects]
    assert len(asked) == times


def test_another_object_is_made_anew() -> None:
    shared, twin = SharedMade(), service(name="other")
    shared.make(STORED, lambda: STORED, control_plane(STORED))
    made, _ = shared.make(twin, lambda: twin, control_plane(twin))
    assert made is not None
    assert field(made, "Service/other-predictor", "metadata", "name") == "other-predictor"


def test_environments_that_agree_make_an_entry_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(stored: JsonObject, plane: ControlPlane) -> Made | None:
        calls.append(str(mapping(stored["metadata"])["name"]))
        return make_objects(stored, plane)

    monkeypatch.setattr("kservegen.kserve.controllers.shared.make_objects", counted)
    project = Project(tmp_path)
    project.write("environments/prod.yaml", DEV.replace("{name: dev}", "{name: prod}"))
    project.write("environments/test.yaml", DEV.replace("v0.19.0", "v0.20.0"))
    project.validate()
    assert calls == ["iris", "iris"]
