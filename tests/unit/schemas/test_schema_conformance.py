"""The verdicts of a real API server: what it admitted has no finding, what its decoder or schema refused has one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.unit.schemas.schema_samples import REPOSITORY, STORE

SHARED = Path(os.environ.get("KSERVEGEN_SHARED", REPOSITORY.parent / "shared"))
SETS = {"v0.19.0": "admission.jsonl", "v0.20.0": "admission-v0.20.0.jsonl"}
# CEL rules are evaluated by the rules that know CEL.
CEL = 'Invalid value: "object"'
# The longest name that the API server takes; names have rules of their own.
LONGEST_NAME = 253


def cases(version: str) -> list[dict[str, Any]]:
    path = SHARED / "conformance" / SETS[version]
    if not path.is_file():
        pytest.skip(f"the recorded verdicts are not here: set KSERVEGEN_SHARED to the folder that holds {path.name}")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def rules_found(case: dict[str, Any], version: str) -> list[str]:
    manifest = case["manifest"]
    validator = STORE.validator(manifest["apiVersion"], manifest["kind"], kserve_version=version)
    return [finding.rule for finding in validator.check(manifest)]


@pytest.mark.parametrize("version", SETS)
def test_no_false_alarm(version: str) -> None:
    admitted = [case for case in cases(version) if case["accept"]]
    alarms = {case["id"]: found for case in admitted if (found := rules_found(case, version))}
    assert len(admitted) > 500
    assert alarms == {}


def is_refused_by_schema(case: dict[str, Any]) -> bool:
    message, name = str(case["message"]), str(case["manifest"].get("metadata", {}).get("name", ""))
    if case["code"] not in {400, 422} or "admission webhook" in message:
        return False
    return case["code"] == 400 or not ("metadata.name" in message or CEL in message or len(name) > LONGEST_NAME)


@pytest.mark.parametrize("version", SETS)
def test_no_refusal_of_decoder_or_schema_is_missed(version: str) -> None:
    refused = [case for case in cases(version) if is_refused_by_schema(case)]
    assert len(refused) > 250
    assert [case["id"] for case in refused if not rules_found(case, version)] == []
