"""Kubernetes' laws and defaults against Kubernetes itself: its own Go code validates and defaults the same objects."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from tests.support.go_podspec import Answer, Ask, go_ask
from tests.support.pod_mutations import ABSENT, cases, odd

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, format_path
from kservegen.kubernetes.autoscalers import validate_autoscaler
from kservegen.kubernetes.defaults import fill_autoscaler, fill_deployment, fill_service
from kservegen.kubernetes.deployments import validate_deployment
from kservegen.kubernetes.fields import BrokenLaw
from kservegen.kubernetes.services import validate_service

_TABLE: Final = mapping(yaml.safe_load(Path(__file__).with_name("workloads.yaml").read_text(encoding="utf-8")))
_COMPONENT: Final = ("annotations", "deploymentStrategy", "labels")
_LABELS: Final[JsonObject] = {"app": "isvc.oracle"}
VALIDATE: Final = {
    "Deployment": validate_deployment,
    "HorizontalPodAutoscaler": validate_autoscaler,
    "Service": validate_service,
}
FILL: Final = {
    "Deployment": fill_deployment,
    "HorizontalPodAutoscaler": fill_autoscaler,
    "Service": fill_service,
}
KINDS: Final = tuple(VALIDATE)
DRAWN: Final = 200
ODD: Final = 600
SEED: Final = 7


@pytest.fixture(scope="module")
def ask() -> Ask:
    return go_ask()


def deployment(pod: JsonObject) -> JsonObject:
    metadata: JsonObject = {"labels": {**_LABELS, **mapping(pod.get("labels"))}, "annotations": pod.get("annotations")}
    template: JsonObject = {
        "metadata": metadata,
        "spec": {field: value for field, value in pod.items() if field not in _COMPONENT},
    }
    spec: JsonObject = {"selector": {"matchLabels": _LABELS}, "template": template}
    if "deploymentStrategy" in pod:
        spec["strategy"] = pod["deploymentStrategy"]
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}, "spec": spec}


def pods() -> list[tuple[str, JsonObject]]:
    """Make Deployments of the pods with known values, and of some rich ones with an odd value."""
    rich = list(odd())
    chosen = rich[:1] + random.Random(SEED).sample(rich[1:], ODD)  # noqa: S311 - the same pods on every run
    return [(name, deployment(pod)) for name, pod in (*cases(DRAWN), *chosen)]


def table(kind: str) -> list[tuple[str, JsonObject]]:
    """Make the object of the table as it is, and one for every set of values of it."""
    rows = mapping(_TABLE[kind])
    base = mapping(rows["base"])
    changed = [mapping(values) for values in sequence(rows["changes"])]
    return [(kind, base), *((str(values), _changed(base, values)) for values in changed)]


def _changed(base: JsonObject, values: JsonObject) -> JsonObject:
    out = copy.deepcopy(base)
    for path, value in values.items():
        *way, last = path.split("/")
        target: JsonValue = out
        for step in way:
            target = target[int(step)] if isinstance(target, list) else mapping(target)[step]
        mapping(target).pop(last, None)
        if value != ABSENT:
            mapping(target)[last] = value
    return out


def said(refusals: Iterable[BrokenLaw]) -> list[str]:
    return [f"{law} {format_path(problem.path)}: {problem.message}" for law, problem in refusals]


def differences(named: list[tuple[str, JsonObject]], answers: list[Answer]) -> Iterator[str]:
    for (name, document), answer in zip(named, answers, strict=True):
        validate = VALIDATE[str(document["kind"])]
        ours = said(validate(document))
        if bool(ours) != bool(answer.errors):
            theirs = [f"{e['field']}: {e['type']} {e['detail']}" for e in answer.errors]
            yield f"{name}\n  we: {ours}\n  Go: {theirs}"


def test_the_verdict_on_a_deployment_of_a_pod_is_kubernetes_own(ask: Ask) -> None:
    named = pods()
    answers = ask(document for _, document in named)
    assert list(differences(named, answers)) == []
    refused = sum(bool(answer.errors) for answer in answers)
    assert 300 < refused < len(named) - 300


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_on_an_object_is_kubernetes_own(kind: str, ask: Ask) -> None:
    named = table(kind)
    answers = ask(document for _, document in named)
    assert list(differences(named, answers)) == []
    refused = sum(bool(answer.errors) for answer in answers)
    assert 10 < refused < len(named) - 10


def test_a_refusal_stands_at_the_field_that_kubernetes_names(ask: Ask) -> None:
    named = [(name, document) for kind in KINDS for name, document in table(kind)]
    for (name, document), answer in zip(named, ask(document for _, document in named), strict=True):
        validate = VALIDATE[str(document["kind"])]
        ours = [_place(format_path(problem.path)) for _, problem in validate(document)]
        theirs = [_place(str(error["field"])) for error in answer.errors]
        assert all(any(field.startswith(path) or path.startswith(field) for field in theirs) for path in ours), name


def _place(path: str) -> str:
    """Cut a path before its first index; Go leaves the metadata of a template out of its paths."""
    return path.split("[", maxsplit=1)[0].replace("template.metadata.", "template.")


@pytest.mark.parametrize("kind", ["pods", *KINDS])
def test_defaults_are_kubernetes_own(kind: str, ask: Ask) -> None:
    named = pods() if kind == "pods" else table(kind)
    before = copy.deepcopy(named)
    fill = FILL.get(kind, fill_deployment)
    theirs = ask(document for _, document in named)
    ours = ask(fill(document) for _, document in named)
    assert named == before
    for (name, _), answer, other in zip(named, theirs, ours, strict=True):
        assert _without_status(other.written) == _without_status(answer.defaulted), name
        assert bool(other.errors) == bool(answer.errors), name


def _without_status(document: JsonObject | None) -> JsonObject:
    return {field: value for field, value in (document or {}).items() if field != "status"}
