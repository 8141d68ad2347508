"""On what a named object counts as there: rendered, installed, made by an operator, promised, or missing."""

from __future__ import annotations

import pytest
from tests.support.platforms import reference

from kservegen.checks.basis import Assumed, Basis, Directory
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId

PROMISES = frozenset(
    {"keda", "Secret/models/token", "ServiceAccount/reader", "Secret/team-*/registry", "ClusterServingRuntime/own"}
)


def resource(kind: str, namespace: str, name: str, **body: JsonObject) -> Resource:
    doc: JsonObject = {"kind": kind, "metadata": {"namespace": namespace, "name": name}, **body}
    return Resource(id=ResourceId(kind, namespace, name), api_version="v1", doc=doc, file="a.yaml")


OBJECTS = (
    resource("Secret", "models", "own", data={"a": ""}),
    resource("Secret", "", "unplaced"),
    resource("ExternalSecret", "models", "hub", spec={"data": [{"secretKey": "HF_TOKEN"}]}),
    resource("SealedSecret", "models", "sealed", spec={"encryptedData": {"password": "x"}}),
    resource("LocalModelCache", "", "llama", spec={"nodeGroups": ["l4"]}),
)


def directory() -> Directory:
    return Directory({each.id: each for each in OBJECTS}, reference("v0.19.0"), PROMISES)


@pytest.mark.parametrize(
    ("named", "basis", "entry"),
    [
        ("Secret/models/own", Basis.RENDERED, ""),
        ("Secret/default/unplaced", Basis.RENDERED, ""),
        ("Secret/models/hub", Basis.OPERATOR, ""),
        ("Secret/other/hub", Basis.MISSING, ""),
        ("PersistentVolumeClaim/anywhere/llama-l4", Basis.OPERATOR, ""),
        ("Secret/models/token", Basis.PROMISED, "Secret/models/token"),
        ("Secret/other/token", Basis.MISSING, ""),
        ("ServiceAccount/anywhere/reader", Basis.PROMISED, "ServiceAccount/reader"),
        ("Secret/team-a/registry", Basis.PROMISED, "Secret/team-*/registry"),
        ("Secret/models/registry", Basis.MISSING, ""),
        ("ClusterServingRuntime//kserve-sklearnserver", Basis.INSTALLED, ""),
        ("ClusterServingRuntime//own", Basis.PROMISED, "ClusterServingRuntime/own"),
        ("LLMInferenceServiceConfig/kserve/kserve-config-llm-template", Basis.INSTALLED, ""),
        ("LLMInferenceServiceConfig/models/kserve-config-llm-template", Basis.MISSING, ""),
    ],
)
def test_basis_of_a_name(named: str, basis: Basis, entry: str) -> None:
    kind, namespace, name = named.split("/")
    known = directory()
    found = known.look_up(kind=kind, namespace=namespace, name=name)
    assert (found.basis, found.entry) == (basis, entry)
    # What was promised is remembered with its promise, and nothing else is.
    assert known.assumed == ({Assumed(kind, namespace, name, entry)} if entry else set())


def test_operators_are_promised_by_their_name() -> None:
    known = directory()
    assert known.look_up_operator("keda").is_there
    assert not known.look_up_operator("wva").is_there
    assert known.assumed == {Assumed("", "", "keda", "keda")}


def test_any_of_a_kind_stands_on_all_that_are_promised() -> None:
    known = directory()
    assert not known.look_up_any("ServingRuntime")
    assert known.look_up_any("ServingRuntime", "ClusterServingRuntime")
    assert known.assumed == {Assumed("ClusterServingRuntime", "", "own", "ClusterServingRuntime/own")}


@pytest.mark.parametrize(("name", "keys"), [("hub", frozenset({"HF_TOKEN"})), ("sealed", frozenset({"password"}))])
def test_operators_tell_keys(name: str, keys: frozenset[str]) -> None:
    (made,) = directory().outputs(kind="Secret", namespace="models", name=name)
    assert made.keys == keys


def test_names_are_those_of_a_namespace() -> None:
    known = directory()
    assert known.names(kind="Secret", namespace="models") == {"own", "hub", "sealed", "token"}
    assert known.names(kind="Secret", namespace="") == {"unplaced"}
