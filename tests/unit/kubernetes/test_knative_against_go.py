"""What Knative's webhook refuses, against Knative itself: its own Go code judges the same Services."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from tests.support.go_programs import go_binary

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.jsontypes import Path as FieldPath
from kservegen.kubernetes.knative_services import knative_bounds, validate_knative_service

_TABLE: Final = mapping(yaml.safe_load(Path(__file__).with_name("knative.yaml").read_text(encoding="utf-8")))
_ANNOTATIONS: Final[FieldPath] = ("spec", "template", "metadata", "annotations")
_OWNERS: Final[dict[str, FieldPath]] = {
    "metadata": ("metadata",),
    "annotations": _ANNOTATIONS,
    "pod": ("spec", "template", "spec"),
    "container": ("spec", "template", "spec", "containers", 0),
}


def services() -> Iterator[tuple[str, JsonObject]]:
    yield "base", mapping(_TABLE["base"])
    for owner, path in _OWNERS.items():
        for field, values in mapping(_TABLE[owner]).items():
            for value in sequence(values):
                yield f"{owner} {field}: {value}", _with(path, {field: value})
    for values in sequence(_TABLE["pairs"]):
        yield str(values), _with(_ANNOTATIONS, mapping(values))
    for traffic in sequence(_TABLE["traffic"]):
        yield str(traffic), _with(("spec",), {"traffic": traffic})


def _with(path: FieldPath, values: JsonObject) -> JsonObject:
    service = copy.deepcopy(mapping(_TABLE["base"]))
    owner = service
    for step in path:
        owner = owner[step]  # type: ignore[assignment, index]
    owner.update(values)
    return service


def test_the_verdict_on_a_knative_service_is_knatives_own() -> None:
    named = list(services())
    lines = "".join(json.dumps(service) + "\n" for _, service in named)
    done = subprocess.run([go_binary("go_knative")], input=lines, capture_output=True, text=True, check=True)
    told = [str(json.loads(line)) for line in done.stdout.splitlines()]
    differences = []
    for (name, service), theirs in zip(named, told, strict=True):
        ours = [f"{format_path(law.problem.path)}: {law.problem.message}" for law in validate_knative_service(service)]
        if bool(ours) != bool(theirs):
            differences.append(f"{name}\n  we: {ours}\n  Knative: {theirs}")
    assert differences == []
    assert 60 < sum(map(bool, told)) < len(named) - 60


@pytest.mark.parametrize("field", ["timeoutSeconds", "containerConcurrency"])
@pytest.mark.parametrize("number", [1, 599, 600, 601, 999, 1000, 1001, 3600])
def test_the_usual_bounds_are_knatives_own(field: str, number: int) -> None:
    service = _with(_OWNERS["pod"], {field: number})
    asked = [str(go_binary("go_knative")), "usual"]
    done = subprocess.run(asked, input=json.dumps(service) + "\n", capture_output=True, text=True, check=True)
    assert bool(list(knative_bounds(service))) == bool(json.loads(done.stdout)), done.stdout
