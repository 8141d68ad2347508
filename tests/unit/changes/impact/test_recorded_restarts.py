"""What restarts, held against what KServe v0.19.0's own controllers did with the same changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.sides import between, resource, side

from kservegen.changes.impact.model import Impact, Restart
from kservegen.core.document import mapping
from kservegen.core.resource import Resource, ResourceId

RECORDED = Path(__file__).parents[3] / "conformance" / "restarts.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_same_workloads_restart(case: dict[str, Any]) -> None:
    before = objects(case["before"])
    after = {identity: kept(found, before) for identity, found in objects(case["after"]).items()}
    found = between(side(before), side(after))
    assert sorted(workloads(found, after)) == case["restarted"]
    assert all(restart.causes for restart in found.restarts)


def objects(docs: list[Any]) -> dict[ResourceId, Resource]:
    return {found.id: found for found in map(resource, docs)}


def kept(found: Resource, before: dict[ResourceId, Resource]) -> Resource:
    old = before.get(found.id)
    return old if old is not None and old.doc == found.doc else found


def workloads(impact: Impact, after: dict[ResourceId, Resource]) -> Iterator[str]:
    """Name the Deployments and LeaderWorkerSets whose pods restart."""
    for restart in impact.certain:
        yield from {name(restart, role, after[restart.subject]) for role in restart.roles}


def name(restart: Restart, role: str, found: Resource) -> str:
    subject = restart.subject.name
    if found.kind == "InferenceService":
        return f"{subject}-{role.replace(' ', '-')}"
    if found.kind == "InferenceGraph":
        return subject
    spec = mapping(found.doc.get("spec"))
    part = role.removesuffix(" worker")
    if part == "scheduler":
        return f"{subject}-kserve-router-scheduler"
    workload = spec if part == "main" else mapping(spec.get(part))
    nodes = "-mn" if isinstance(workload.get("worker"), dict) else ""
    return f"{subject}-kserve{nodes}{'' if part == 'main' else '-prefill'}"
