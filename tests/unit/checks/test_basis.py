"""On what a named object counts as there: rendered, installed, made by an operator, promised, or missing."""

from __future__ import annotations

import pytest
from tests.support.platforms import reference

from kservegen.checks.basis import Basis, Directory
from kservegen.core.assumptions import Assumption
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId

PROMISES = frozenset(
    {
        "keda",
        "wva",
        "Secret/models/token",
        "ServiceAccount/reader",
        "Secret/team-*/registry",
        "ClusterServingRuntime/own",
    }
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


def directory(assumed: set[Assumption] | None = None) -> Directory:
    kept = set() if assumed is None else assumed
    objects = {each.id: each for each in OBJECTS}
    return Directory(objects, reference("v0.19.0"), PROMISES, {"wva": "--assume"}, kept)


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
    assumed = set[Assumption]()
    found = directory(assumed).look_up(kind=kind, namespace=namespace, name=name)
    assert (found.basis, found.entry) == (basis, entry)
    # What was promised is remembered, and so is that an operator runs which nobody sees in a catalog.
    full = f"{namespace}/{name}" if namespace else name
    expected = {Assumption(kind, full, "prerequisites")} if entry else set()
    if (kind, name, basis) == ("Secret", "hub", Basis.OPERATOR):
        expected = {Assumption("operator", "of ExternalSecret", "makes what it names")}
    assert assumed == expected


@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        ("keda", Assumption("operator", "keda", "prerequisites")),
        ("wva", Assumption("operator", "wva", "--assume")),
        ("Secret/models/token", Assumption("Secret", "models/token", "prerequisites")),
        ("ServiceAccount/reader", Assumption("ServiceAccount", "reader", "prerequisites")),
        ("istio", None),
        ("Secret/other/token", None),
    ],
)
def test_what_a_promise_would_be_called(entry: str, taken: Assumption | None) -> None:
    assumed = set[Assumption]()
    assert directory(assumed).look_up_promise(entry).is_there is (taken is not None)
    assert assumed == ({taken} if taken else set())


def test_any_of_a_kind_stands_on_all_that_are_promised() -> None:
    assumed = set[Assumption]()
    known = directory(assumed)
    assert not known.look_up_any("ServingRuntime")
    assert known.look_up_any("ServingRuntime", "ClusterServingRuntime")
    assert assumed == {Assumption("ClusterServingRuntime", "own", "prerequisites")}


def test_what_is_absent_or_unknown_can_be_assumed() -> None:
    assumed = set[Assumption]()
    known = directory(assumed)
    known.assume_absent("Gateway/infra/public")
    known.assume_absent("keda")
    known.assume_key(kind="Secret", namespace="models", name="hub", key="token")
    assert assumed == {
        Assumption("Gateway", "infra/public", "not among the manifests"),
        Assumption("operator", "keda", "not among the manifests"),
        Assumption("key", "token of Secret models/hub", "its maker names no keys"),
    }


@pytest.mark.parametrize(("name", "keys"), [("hub", frozenset({"HF_TOKEN"})), ("sealed", frozenset({"password"}))])
def test_operators_tell_keys(name: str, keys: frozenset[str]) -> None:
    (made,) = directory().outputs(kind="Secret", namespace="models", name=name)
    assert made.keys == keys


def test_names_are_those_of_a_namespace() -> None:
    known = directory()
    assert known.names(kind="Secret", namespace="models") == {"own", "hub", "sealed", "token"}
    assert known.names(kind="Secret", namespace="") == {"unplaced"}
