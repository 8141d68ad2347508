"""What KEDA's and LeaderWorkerSet's webhooks refuse, against these projects' own Go code: the same verdicts."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml
from tests.support.go_programs import go_binary
from tests.support.tried_values import tried_objects

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kubernetes.scaled_objects import rival_scalers, unrequested, validate_scaled_object
from kservegen.kubernetes.worker_sets import validate_worker_set

_TABLE: Final = mapping(yaml.safe_load(Path(__file__).with_name("gatekeepers.yaml").read_text(encoding="utf-8")))
_SEED: Final = 14
_RANDOM: Final = 3000
_FEWEST: Final = 100


def _told(questions: list[JsonObject]) -> list[str]:
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([go_binary("go_gatekeepers")], input=lines, capture_output=True, text=True, check=True)
    return [str(json.loads(line)) for line in done.stdout.splitlines()]


def _hold(questions: list[JsonObject], ours: list[list[str]]) -> None:
    told = _told(questions)
    differences = [
        f"{json.dumps(question)}\n  we: {own}\n  they: {theirs}"
        for question, own, theirs in zip(questions, ours, told, strict=True)
        if bool(own) != bool(theirs)
    ]
    assert differences == []
    assert _FEWEST < sum(map(bool, told)) < len(told) - _FEWEST


def test_the_verdict_on_a_worker_set_is_its_webhooks_own() -> None:
    shape = SchemaStore([packaged_data() / "schemas"]).shape(
        "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", kserve_version="v0.20.0"
    )
    objects = [apply_defaults(item, shape) for item in tried_objects(_TABLE["LeaderWorkerSet"], _RANDOM, _SEED)]
    ours = [[law.problem.message for law in validate_worker_set(item)] for item in objects]
    _hold([{"object": item} for item in objects], ours)


def _scaled() -> Iterator[tuple[JsonObject, list[JsonValue], list[JsonValue]]]:
    """Give ScaledObjects, the containers of their target, and what stands beside them."""
    table = mapping(_TABLE["ScaledObject"])
    dice = random.Random(_SEED)  # noqa: S311 - the same inputs every time
    containers, beside = (list(map(sequence, sequence(table[word]))) for word in ("containers", "beside"))
    for item in tried_objects(table, _RANDOM, _SEED):
        yield item, list(containers[0]), []
        yield item, list(dice.choice(containers)), list(dice.choice(beside))


def test_the_verdict_on_a_scaled_object_is_kedas_own() -> None:
    questions: list[JsonObject] = []
    ours: list[list[str]] = []
    for item, containers, beside in _scaled():
        names = "iris-predictor", "other"
        pod: JsonObject = {"containers": containers}
        targets: list[JsonValue] = [
            {"kind": "Deployment", "metadata": {"name": name}, "spec": {"template": {"spec": pod}}} for name in names
        ]
        questions.append({"object": item, "beside": [*targets, *beside]})
        own = [law.problem.message for law in validate_scaled_object(item)]
        own += [f"beside {other['kind']}" for other in rival_scalers(item, map(mapping, beside))]
        limits = [sequence(mapping(mapping(doc)["spec"]).get("limits")) for doc in beside]
        if not any(mapping(limit).get("type") == "Container" for of in limits for limit in of):
            own += [f"no {resource}" for _, resource in unrequested(item, containers)]
        ours.append(own)
    _hold(questions, ours)
