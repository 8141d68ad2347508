"""The verdicts of a real API server: what it admitted has no finding, what its decoder or schema refused has one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.unit.formats.jsonschema.schema_samples import REPOSITORY, STORE

from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonValue
from kservegen.formats.jsonschema.cel_rules import FAILED, UNSUPPORTED

SHARED = Path(os.environ.get("KSERVEGEN_SHARED", REPOSITORY.parent / "shared"))
SETS = {"v0.19.0": "admission.jsonl", "v0.20.0": "admission-v0.20.0.jsonl"}
# The longest name that the API server takes; names have rules of their own.
LONGEST_NAME = 253


def cases(version: str) -> list[dict[str, Any]]:
    path = SHARED / "conformance" / SETS[version]
    if not path.is_file():
        pytest.skip(f"the recorded verdicts are not here: set KSERVEGEN_SHARED to the folder that holds {path.name}")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def findings(case: dict[str, Any], version: str) -> tuple[Finding, ...]:
    manifest = case["manifest"]
    validator = STORE.validator(manifest["apiVersion"], manifest["kind"], kserve_version=version)
    return validator.check(manifest)


def rules_found(case: dict[str, Any], version: str) -> list[str]:
    return [finding.rule for finding in findings(case, version)]


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
    return case["code"] == 400 or not ("metadata.name" in message or len(name) > LONGEST_NAME)


@pytest.mark.parametrize("version", SETS)
def test_no_refusal_of_decoder_or_schema_is_missed(version: str) -> None:
    refused = [case for case in cases(version) if is_refused_by_schema(case)]
    assert len(refused) > 250
    assert [case["id"] for case in refused if not rules_found(case, version)] == []


def messages_of_rules(node: JsonValue) -> set[str]:
    if isinstance(node, dict):
        rules = node.get("x-kubernetes-validations")
        own = {str(rule["message"]) for rule in rules if isinstance(rule, dict)} if isinstance(rules, list) else set()
        return own.union(*map(messages_of_rules, node.values()))
    return set().union(*map(messages_of_rules, node)) if isinstance(node, list) else set()


def is_refused_by_cel(case: dict[str, Any], version: str) -> bool:
    manifest = case["manifest"]
    if case["code"] != 422 or "admission webhook" in case["message"]:
        return False
    known = messages_of_rules(STORE.get(manifest["apiVersion"], manifest["kind"], kserve_version=version))
    return any(message in case["message"] for message in known)


@pytest.mark.parametrize("version", SETS)
def test_no_refusal_by_a_rule_in_cel_is_missed(version: str) -> None:
    refused = [case for case in cases(version) if is_refused_by_cel(case, version)]
    told = {case["id"]: findings(case, version) for case in refused}
    assert [name for name, found in told.items() if not found] == []
    said = {case["id"]: [f.message for f in told[case["id"]] if f.rule == FAILED] for case in refused}
    assert sum(map(bool, said.values())) >= 12
    # A record's message breaks off after 300 characters: what fits into it has to be there.
    whole = [case for case in refused if said[case["id"]] and len(case["message"]) < 300]
    assert [case["id"] for case in whole if not all(text in case["message"] for text in said[case["id"]])] == []


@pytest.mark.parametrize("version", SETS)
def test_every_rule_of_every_kind_can_be_judged(version: str) -> None:
    judged = [case for case in cases(version) if case["accept"] or case["code"] == 422]
    assert len(judged) > 600
    assert [case["id"] for case in judged if UNSUPPORTED in rules_found(case, version)] == []
