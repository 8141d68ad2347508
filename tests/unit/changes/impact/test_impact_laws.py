"""What holds of every change: nothing comes of nothing, and a larger change restarts no less."""

from __future__ import annotations

import copy

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.sides import between, joined, llm, resources, service, side

from kservegen.changes.impact.comparing import differences
from kservegen.core.jsontypes import JsonValue
from kservegen.core.resource import Resource, ResourceId

GRAPH = "kind: InferenceGraph\nmetadata: {name: g, namespace: ns}\nspec: {nodes: {}}"
RUNTIME = (
    "kind: ServingRuntime\nmetadata: {name: r, namespace: ns}\n"
    "spec: {supportedModelFormats: [{name: r, autoSelect: true}], containers: [{name: kserve-container, image: i}]}\n"
)
BEFORE = resources(
    joined(
        service("model: {modelFormat: {name: sklearn}, storageUri: 's3://b/m'}", name="a"),
        service("model: {modelFormat: {name: r}}", name="b"),
        llm("router: {scheduler: {}}"),
        GRAPH,
        RUNTIME,
    )
)


def changed(words: str, identity: ResourceId) -> Resource:
    """Return an object with words added, as `path=value`."""
    path, _, value = words.partition("=")
    found = BEFORE[identity]
    doc = copy.deepcopy(found.doc)
    node: JsonValue = doc
    *above, last = path.split(".")
    for part in above:
        assert isinstance(node, (dict, list))
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    assert isinstance(node, dict)
    node[last] = value
    return Resource(id=found.id, api_version=found.api_version, doc=doc, file=found.file)


# Changes of different objects, which do not undo each other.
CHANGES = {
    ResourceId("InferenceService", "ns", "a"): ("spec.predictor.model.storageUri=s3://c", "metadata.labels.a=b"),
    ResourceId("InferenceService", "ns", "b"): ("spec.predictor.schedulerName=x", "spec.predictor.timeout=3"),
    ResourceId("LLMInferenceService", "ns", "m"): ("spec.model.uri=hf://c/d", "spec.annotations.a=b"),
    ResourceId("InferenceGraph", "ns", "g"): ("spec.serviceAccountName=x", "metadata.annotations.a=b"),
    ResourceId("ServingRuntime", "ns", "r"): ("spec.containers.0.image=j", "spec.schedulerName=y"),
}
choices = st.dictionaries(st.sampled_from(sorted(CHANGES)), st.sampled_from((0, 1)), max_size=len(CHANGES))


def after(chosen: dict[ResourceId, int]) -> dict[ResourceId, Resource]:
    return {**BEFORE, **{identity: changed(CHANGES[identity][index], identity) for identity, index in chosen.items()}}


@settings(max_examples=examples(40))
@given(choices)
def test_nothing_comes_of_nothing(chosen: dict[ResourceId, int]) -> None:
    objects = after(chosen)
    copied = {
        identity: Resource(id=r.id, api_version=r.api_version, doc=copy.deepcopy(r.doc), file=r.file)
        for identity, r in objects.items()
    }
    for other in (objects, copied):
        found = between(side(objects), side(other))
        assert (found.restarts, found.scaled, found.refused) == ((), (), ())


@settings(max_examples=examples(40))
@given(choices, choices)
def test_a_larger_change_restarts_no_less(chosen: dict[ResourceId, int], more: dict[ResourceId, int]) -> None:
    small = {r.subject for r in between(side(BEFORE), side(after(chosen))).restarts}
    large = {r.subject for r in between(side(BEFORE), side(after({**more, **chosen}))).restarts}
    assert small <= large


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(("", "a", "1000m", "1")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("name", "limits", "labels", "env", "x")), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(values)
def test_nothing_differs_from_itself(value: JsonValue) -> None:
    assert list(differences(value, copy.deepcopy(value))) == []


@given(values, values)
def test_a_difference_is_one_from_both_sides(one: JsonValue, other: JsonValue) -> None:
    assert bool(list(differences(one, other))) == bool(list(differences(other, one)))
