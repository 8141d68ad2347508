"""The engine against a real API server: every case of every shipped policy, and mutants; one verdict, one message.

Each policy and set of parameters has a binding of its own, which sees only the namespaces labelled for it; so all of
them are in force at once, and each request is judged by the one that it is meant for.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import yaml
from msgspec.structs import replace
from tests.cluster.conftest import ROOT, SHARED
from tests.cluster.control_plane import Answer, Client, Json, wait_for
from tests.cluster.objects import collection, make_namespace, url

from kservegen.checks.policy.admission import CREATE, DELETE, UPDATE, Admission
from kservegen.checks.policy.binding import Bound, bind_policies
from kservegen.checks.policy.cases import PolicyCase, read_cases
from kservegen.checks.policy.evaluate import evaluate_policies
from kservegen.checks.policy.files import read_policies
from kservegen.checks.policy.model import Policy
from kservegen.checks.policy.objects import policy_objects, with_waivers
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.defaulting import Installation, default
from kservegen.kubernetes.metadata import CLUSTER_SCOPED

VERSION = "v0.20.0"  # its kinds hold all that the cases say, canaries too
CRDS = SHARED / "kserve" / VERSION / "crds"
INSTALLATION = Installation(kserve_version=VERSION)
POLICIES = ROOT / "policies"
LABEL = "kservegen.test/binding"
MUTANTS = 2
LEAST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request to both: what is sent, and the binding that judges it."""

    name: str
    case: PolicyCase
    bound: Bound
    binding: str
    namespace: Json

    @property
    def doc(self) -> Json:
        """The object of the request."""
        return dict(self.case.admission.resource.doc)


def policies() -> tuple[Policy, ...]:
    files = read_policies([POLICIES], lambda path: path.relative_to(ROOT).as_posix())
    assert not files.diagnostics
    return files.policies


def cases(policy: Policy) -> Iterator[PolicyCase]:
    for path in sorted((POLICIES / "tests" / policy.name).glob("*.yaml")):
        found, problems = read_cases(path.read_bytes(), path.name, path.stem)
        assert not problems
        for case in found:
            yield case
            if case.expected and case.admission.operation == CREATE:  # what may not be made may always be removed
                deletion = replace(case.admission, operation=DELETE)
                yield replace(case, name=f"{case.name}~delete", admission=deletion, expected=())
            for number in range(MUTANTS):
                mutant = mutate(case, number)
                if mutant is not None:
                    yield mutant


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """List the places below `spec` that can be left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from leaves(item, (*path, key))


def mutate(case: PolicyCase, number: int) -> PolicyCase | None:
    """Leave out one place of the object, chosen by the case's name alone."""
    doc = copy.deepcopy(case.admission.resource.doc)
    places = list(leaves(doc.get("spec", {})))
    if case.admission.operation != CREATE or not places:
        return None
    digest = hashlib.sha256(f"{case.location.file}{case.name}{number}".encode()).digest()
    *parents, last = places[int.from_bytes(digest[:4], "big") % len(places)]
    target: Any = doc["spec"]
    for key in parents:
        target = target[key]
    del target[last]
    resource = replace(case.admission.resource, doc=doc)
    return replace(case, name=f"{case.name}~{number}", admission=replace(case.admission, resource=resource))


def tries() -> Iterator[Try]:
    for policy in policies():
        bindings: dict[str, tuple[str, Bound]] = {}
        namespaces: dict[str, Json] = {}
        for number, case in enumerate(cases(policy)):
            key = json.dumps(case.params, sort_keys=True)
            if key not in bindings:
                name = f"{policy.name}-{len(bindings)}"
                words: JsonObject = {
                    "bindings": {name: {"policyName": policy.name, "actions": ["Deny"], "params": case.params or None}}
                }
                found = bind_policies([policy], words, locate=lambda _: Location("x"))
                assert not found.diagnostics, found.diagnostics
                bindings[key] = (name, found.bound[0])
            binding, bound = bindings[key]
            space = json.dumps([binding, case.namespace], sort_keys=True)
            if space not in namespaces:
                namespaces[space] = namespace(f"{binding}-{len(namespaces)}", binding, case)
            yield Try(
                name=f"{policy.name}/{case.name}",
                case=settled(case, f"c{number}", namespaces[space], binding),
                bound=bound,
                binding=binding,
                namespace=namespaces[space],
            )


def namespace(name: str, binding: str, case: PolicyCase) -> Json:
    """Return the namespace that a case's objects live in."""
    metadata = mapping(mapping(case.namespace).get("metadata"))
    labels = {**mapping(metadata.get("labels")), LABEL: binding, "kubernetes.io/metadata.name": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {**metadata, "name": name, "labels": labels}}


def settled(case: PolicyCase, name: str, around: Json, binding: str) -> PolicyCase:
    """Give the object a name and a place of its own, in both states."""
    admission = case.admission

    def move(doc: Json) -> Json:
        metadata = {**doc["metadata"], "name": name}
        if doc["kind"] == "Namespace":  # a namespace is chosen by its own labels
            metadata["name"] = f"{around['metadata']['name']}-{name}"
            metadata["labels"] = {**(metadata.get("labels") or {}), LABEL: binding}
        elif doc["kind"] not in CLUSTER_SCOPED:
            metadata["namespace"] = around["metadata"]["name"]
        return {**doc, "metadata": metadata}

    doc = move(dict(admission.resource.doc))
    identity = ResourceId(doc["kind"], doc["metadata"].get("namespace", ""), doc["metadata"]["name"])
    resource = replace(admission.resource, id=identity, doc=doc)
    old = None if admission.old is None else move(dict(admission.old))
    return replace(case, admission=replace(admission, resource=resource, old=old), namespace=around)


def stored(doc: Json, resource: Resource) -> Json:
    return default(replace(resource, doc=doc), INSTALLATION).resource.doc


def verdict(attempt: Try) -> str:
    """Return our engine's message; blank where it lets the request through."""
    admission = attempt.case.admission
    resource = admission.resource
    ready: Admission = replace(
        admission,
        resource=replace(resource, doc=stored(attempt.doc, resource)),
        old=None if admission.old is None else stored(dict(admission.old), resource),
    )
    found = evaluate_policies([attempt.bound], ready, namespaces={resource.id.namespace: attempt.namespace})
    return found[0].message if found else ""


def ask(client: Client, attempt: Try) -> Answer:
    """Send the request to the server, which keeps nothing of it."""
    doc, operation = attempt.doc, attempt.case.admission.operation
    if operation == DELETE:
        return client.call("DELETE", url(doc), dryRun="All")
    if operation == UPDATE:
        standing = client.call("GET", url(doc)).body
        doc["metadata"] = {**doc["metadata"], "resourceVersion": standing["metadata"]["resourceVersion"]}
        return client.call("PUT", url(doc), doc, dryRun="All", fieldValidation="Strict")
    return client.call("POST", collection(doc), doc, dryRun="All", fieldValidation="Strict")


def denial(answer: Answer, attempt: Try) -> str | None:
    """Return the policy's message; blank for what was let through, None where something else refused the request."""
    if answer.accepted:
        return ""
    start = f"ValidatingAdmissionPolicy '{attempt.bound.name}' with binding '{attempt.binding}' denied request: "
    _, found, message = answer.message.partition(start)
    return message if found else None


@pytest.fixture(scope="module")
def attempts(cluster: Client) -> list[Try]:
    """Put up the newer kinds, the namespaces and what is to be updated or deleted; then the policies."""
    if not CRDS.is_dir():
        pytest.skip(f"KServe's CRDs are not at {CRDS}")
    upgrade(cluster)
    make_namespace(cluster, "kserve")
    found = list(tries())
    for space in {attempt.namespace["metadata"]["name"]: attempt.namespace for attempt in found}.values():
        answer = cluster.call("POST", "/api/v1/namespaces", space)
        assert answer.accepted, answer.message
    ready: list[Try] = []
    for attempt in found:
        admission = attempt.case.admission
        standing = attempt.doc if admission.operation == DELETE else admission.old
        if standing is not None:
            answer = cluster.call("POST", collection(dict(standing)), dict(standing), fieldValidation="Strict")
            if not answer.accepted:  # the schema refuses what is to be deleted: there is nothing to ask about
                assert admission.operation == DELETE, f"{attempt.name}: {answer.message}"
                continue
        ready.append(attempt)
    for attempt in {attempt.binding: attempt for attempt in ready}.values():
        bring_into_force(cluster, attempt)
    for binding in {attempt.binding for attempt in ready}:
        refused = next((a for a in ready if a.binding == binding and verdict(a) and is_judged(cluster, a)), None)
        if refused is not None:
            wait_for(f"binding {binding}", partial(is_denied, cluster, refused))
    return ready


def is_judged(client: Client, attempt: Try) -> bool:
    """Whether the request gets as far as the policies."""
    return denial(ask(client, attempt), attempt) is not None


def is_denied(client: Client, attempt: Try) -> bool:
    return bool(denial(ask(client, attempt), attempt))


def upgrade(client: Client) -> None:
    base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for path in sorted(CRDS.glob("*.yaml")):
        crd = yaml.safe_load(path.read_bytes())
        crd["spec"].pop("conversion", None)
        name = crd["metadata"]["name"]
        crd["metadata"]["resourceVersion"] = client.call("GET", f"{base}/{name}").body["metadata"]["resourceVersion"]
        answer = client.call("PUT", f"{base}/{name}", crd)
        assert answer.accepted, answer.message


def bring_into_force(client: Client, attempt: Try, waived: tuple[str, ...] = ()) -> None:
    """Apply a policy, its parameters, and its binding for the namespaces that are labelled for it."""
    bindings = with_waivers([attempt.bound.binding], {attempt.bound.name: waived} if waived else {}, "kserve")
    for resource in policy_objects(bindings):
        doc: Json = copy.deepcopy(dict(resource.doc))
        if doc["kind"] == "ValidatingAdmissionPolicyBinding":
            doc["spec"]["matchResources"] = {"namespaceSelector": {"matchLabels": {LABEL: attempt.binding}}}
        answer = client.call("PATCH", url(doc), doc, fieldManager="kservegen", fieldValidation="Strict", force="true")
        assert answer.accepted, f"{resource.id}: {answer.message}"
        assert answer.warnings == (), resource.id


def test_server_and_engine_agree(cluster: Client, attempts: list[Try]) -> None:
    differing, judged, operations = [], 0, set[str]()
    for attempt in attempts:
        answer = ask(cluster, attempt)
        said, ours = denial(answer, attempt), verdict(attempt)
        if said is None:
            continue  # the schema refuses the object before any policy is asked
        judged += 1
        operations.add(attempt.case.admission.operation)
        if said != ours:
            differing.append(f"{attempt.name}: the server says {said!r}, we say {ours!r}")
    print(f"{judged} requests judged by both, {len(attempts) - judged} refused before")  # noqa: T201 - the measure
    assert differing == []
    assert judged >= LEAST
    assert operations == {CREATE, UPDATE, DELETE}


def test_a_finalizer_may_always_be_changed(cluster: Client, attempts: list[Try]) -> None:
    """KServe's controller writes finalizers to objects that were there before the policy."""
    updates = [a for a in attempts if a.case.admission.operation == UPDATE]
    assert updates
    for attempt in updates:
        standing = cluster.call("GET", url(attempt.doc)).body
        standing["metadata"]["finalizers"] = ["inferenceservice.finalizers/x"]
        answer = cluster.call("PUT", url(attempt.doc), standing, dryRun="All")
        assert answer.accepted, f"{attempt.name}: {answer.message}"


@pytest.mark.parametrize("policy", ["pinned-revision", "storage-scheme"], ids=["without parameters", "with parameters"])
def test_what_is_waived_is_let_through_and_nothing_else(policy: str, cluster: Client, attempts: list[Try]) -> None:
    refused = [a for a in attempts if a.binding == f"{policy}-0" and is_denied(cluster, a)]
    waived, other = refused[0], next(a for a in refused if a.namespace == refused[0].namespace and a is not refused[0])
    identity = waived.case.admission.resource.id
    bring_into_force(cluster, waived, (f"{identity.kind}/{identity.namespace}/{identity.name}",))
    try:
        wait_for("the waiver", lambda: ask(cluster, waived).accepted)
        assert is_denied(cluster, other)
    finally:
        bring_into_force(cluster, waived)
        wait_for("the waiver's end", lambda: is_denied(cluster, waived))
    assert verdict(waived), "the engine finds it all the same"
