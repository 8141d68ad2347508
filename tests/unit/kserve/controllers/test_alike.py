"""What is made of services that differ in little equals, to the byte and its order, what is made of each alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support.llm_services import NEWER, OLDER, beside, llm_config, llm_service, plane_of, stored

from kservegen.core.document import as_json
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.controllers.alike import make_alike
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.llm.controller import make_llm_service
from kservegen.kserve.controllers.llm.free import FREE_IN_SERVICES
from kservegen.kserve.controllers.made import Made

_GPU: Final = {"limits": {"nvidia.com/gpu": "1"}}
_MAIN: Final[Mapping[str, object]] = {"template": {"containers": [{"name": "main", "resources": _GPU}]}}
_ROUTED: Final[Mapping[str, object]] = {"router": {"route": {}, "gateway": {}, "scheduler": {}}}
_NAMES: Final = ("qwen", "llama3-with-adapters", "zz", "a" * 36)


def in_full(made: Made) -> str:
    """Write all that was made, with the order of its fields."""
    objects = [(item.doc, item.origins) for item in made.objects]
    pods = [(item.of, item.pod, item.refused, item.origins) for item in made.pods]
    return json.dumps([objects, pods, made.outcome, made.never_ready, made.workloads_stand])


def pointing_at(pool: str) -> dict[str, object]:
    """Return a route of one's own to a pool, which the controller replaces where it is the service's default one."""
    backend = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": pool, "port": 8000}
    return {"router": {"route": {"http": {"spec": {"rules": [{"backendRefs": [backend]}]}}}}}


class Counted:
    """The controller, and how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, doc: JsonObject, plane: ControlPlane) -> Made:
        self.times += 1
        return make_llm_service(doc, plane)


def services(
    spec: Mapping[str, object], namespaces: Iterable[str] = ("team", "models", "team", "n" * 14)
) -> list[JsonObject]:
    """Return four services of one shape, in namespaces of their own."""
    found = []
    for number, (name, namespace) in enumerate(zip(_NAMES, namespaces, strict=True)):
        model = {"uri": f"hf://acme/{name}.v{number}", **({"name": f"Acme/{name}"} if number else {})}
        metadata = {"name": name, "namespace": namespace}
        found.append(llm_service({**spec, "model": model, "replicas": number + 1}, metadata=metadata))
    return found


def made_twice(docs: Iterable[JsonObject], *planes: ControlPlane) -> int:
    """Hold what is made of each against what is made of it alone; return how often the controller was asked."""
    controller = Counted()
    for doc, plane in product(docs, planes):
        assert in_full(make_alike(doc, plane, controller, FREE_IN_SERVICES)) == in_full(make_llm_service(doc, plane))
    return controller.times


@pytest.mark.parametrize(
    "spec",
    [
        _MAIN,
        {**_MAIN, **_ROUTED},
        {**_MAIN, **_ROUTED, "prefill": {"replicas": 2}},
        {"worker": {}, "parallelism": {"data": 4, "dataLocal": 2}},
        {"template": {"containers": [{"name": "main", "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}]}},
    ],
    ids=["plain", "routed", "prefill", "groups", "refused"],
)
@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_services_of_one_shape_are_made_once(spec: Mapping[str, object], version: str) -> None:
    docs = [stored(doc, version) for doc in services(spec)[1:]]
    plane = plane_of(version)
    # The first of a shape is made as it is, the second for all that follow, in this environment and in others.
    assert made_twice([*docs, *docs], plane) == 2


@pytest.mark.parametrize(
    "spec",
    [
        {"template": {"containers": [{"name": "main", "args": ["--served-model-name=zz"]}]}},
        {"template": {"containers": [{"name": "main", "args": ["--x={{ len .Name }}"]}]}},
        pointing_at("zz-inference-pool"),
        {"router": {"route": {"group": "g", "weight": 1}}},
        {"baseRefs": [{"name": "base"}]},
    ],
    ids=["text with a name", "template", "derived name", "group", "base with a name"],
)  # fmt: skip
def test_what_follows_from_a_name_is_made_of_each(spec: Mapping[str, object]) -> None:
    base = pointing_at("zz-inference-pool")
    stopped = llm_service(
        {"model": {"uri": "hf://a/b", "name": "Acme/zz"}, "router": {"route": {"group": "g", "weight": 1}}},
        metadata={"name": "peer", "namespace": "team", "annotations": {"serving.kserve.io/stop": "true"}},
    )
    docs = [stored(doc, NEWER) for doc in services(spec, ("team",) * 4)]
    plane = plane_of(NEWER, [llm_config("base", base, "team"), stopped, *docs])
    made_twice([*docs, *docs, *docs], plane)


def test_names_that_are_cut_are_made_of_each() -> None:
    docs = [stored(llm_service(_ROUTED, metadata={"name": letter * 50}), NEWER) for letter in "abcd"]
    assert made_twice(docs, plane_of(NEWER)) == len(docs)


def test_what_stands_beside_counts() -> None:
    docs = [stored(doc, NEWER) for doc in services({}, ("one", "two", "one", "two"))]
    around = [
        beside("ServiceAccount", "default", "two", secrets=[{"name": "token"}]),
        beside("Secret", "token", "two", data={"HF_TOKEN": "eA=="}),
    ]
    made_twice([*docs, *docs], plane_of(NEWER, around))


def test_another_cluster_has_other_settings() -> None:
    doc = stored(services(_MAIN)[1], NEWER)
    plain = plane_of(NEWER)
    tls = replace(
        plain,
        settings=replace(
            plain.settings, sections={**plain.settings.sections, "ingress": {"enableLLMInferenceServiceTLS": True}}
        ),
    )
    made_twice([doc, doc], plain, tls, plain, tls)


def test_a_namespace_that_settings_name_is_a_case_of_its_own() -> None:
    """The cluster's own Gateway is taken to be there, and any other is looked for."""
    plain = plane_of(NEWER)
    ingress = {**plain.settings.sections["ingress"], "kserveIngressGateway": "team/public"}
    settings = replace(plain.settings, sections={**plain.settings.sections, "ingress": ingress})
    docs = services({"router": {"route": {}, "gateway": {"refs": [{"name": "public"}]}}}, ("team", "models") * 2)
    made_twice([stored(doc, NEWER) for doc in docs * 2], replace(plain, settings=settings))


VALUES = st.recursive(
    st.sampled_from([None, "null", "a", "\u00e9", "\ud800", 1, True, 0.5, float("nan"), 1 << 70]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(VALUES, VALUES)
def test_a_text_stands_for_one_document(one: JsonValue, other: JsonValue) -> None:
    texts, plainly = ([write({"a": value}) for value in (one, other)] for write in (as_json, json.dumps))
    assert (texts[0] == texts[1]) == (plainly[0] == plainly[1])
