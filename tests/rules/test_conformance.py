"""The rules against what real API servers, webhooks and controllers said of recorded manifests: no false alarm.

What the rules catch of the refused ones is counted too, with a floor, so that a rule that goes blind is noticed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from tests.support.platforms import reference, release
from tests.unit.formats.jsonschema.schema_samples import STORE

from kservegen.checks.rules.base import Context, Scope, Stage
from kservegen.checks.rules.discover import discover
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.defaulting import Installation, default
from kservegen.kserve.platform import reference_promises

SHARED = Path(os.environ.get("KSERVEGEN_SHARED", Path(__file__).parents[3] / "shared"))
RECORDED = SHARED / "conformance"
ADMISSION = (("admission.jsonl", "v0.19.0", 318), ("admission-v0.20.0.jsonl", "v0.20.0", 328))


class Case(NamedTuple):
    """A manifest and what became of it."""

    id: str
    manifest: JsonObject
    good: bool
    message: str


@lru_cache(maxsize=3)
def recorded(file: str, verdict: str) -> tuple[Case, ...]:
    if not RECORDED.is_dir():
        pytest.skip("the recorded verdicts (KSERVEGEN_SHARED) are not here")
    lines = (RECORDED / file).read_text(encoding="utf-8").splitlines()
    records = (json.loads(line) for line in lines)
    return tuple(Case(r["id"], r["manifest"], bool(r.get(verdict)), r.get("message") or "") for r in records)


def errors(
    manifest: JsonObject, version: str, *stages: Stage, scopes: tuple[Scope, ...] = tuple(Scope)
) -> Iterator[Finding]:
    metadata = manifest.get("metadata")
    names = metadata if isinstance(metadata, dict) else {}
    identity = ResourceId(str(manifest["kind"]), str(names.get("namespace") or ""), str(names.get("name") or ""))
    written = Resource(id=identity, api_version=str(manifest["apiVersion"]), doc=manifest, file="a.yaml")
    resource = default(written, Installation(kserve_version=version)).resource
    context = Context(
        environment="recorded",
        release=release(version),
        deployment_mode="Standard",
        platform=reference(version),
        resources={identity: resource},
        prerequisites=reference_promises(reference(version)),
    )
    metas = {found.id: found.meta for found in discover().rules}
    found = [discover().at(*stages).within(scope).run([resource], context) for scope in scopes]
    for _, finding in chain.from_iterable(found):
        if (finding.severity or metas[finding.rule].severity) is Severity.ERROR:
            yield finding


def refused_by_schema(manifest: JsonObject, version: str) -> bool:
    """Tell what comes before every rule: a mount path that stands twice, for one."""
    validator = STORE.validator(str(manifest["apiVersion"]), str(manifest["kind"]), kserve_version=version)
    return validator.check(manifest) != ()


def told(case: Case, findings: list[Finding]) -> str:
    return f"{case.id}: " + "; ".join(f"{f.rule} {format_path(f.path)}: {f.message}" for f in findings)


@pytest.mark.parametrize(("file", "version", "_floor"), ADMISSION)
def test_what_was_admitted_gets_no_admission_error(file: str, version: str, _floor: int) -> None:
    judged = [
        (case, list(errors(case.manifest, version, Stage.ADMISSION))) for case in recorded(file, "accept") if case.good
    ]
    assert len(judged) > 400
    assert [told(case, found) for case, found in judged if found] == []


@pytest.mark.parametrize(("file", "version", "floor"), ADMISSION)
def test_what_was_refused_is_still_caught(file: str, version: str, floor: int) -> None:
    refused = [case for case in recorded(file, "accept") if not case.good]
    caught = [case for case in refused if any(errors(case.manifest, version, Stage.ADMISSION))]
    assert len(caught) >= floor


# What keeps the controller from creating the workload; what goes wrong in its pods is another matter.
BEFORE_THE_PODS = (Stage.ADMISSION, Stage.DEPLOYMENT)


def test_what_was_deployed_gets_no_error_that_comes_before_the_pods() -> None:
    deployed = [case for case in recorded("controller.jsonl", "deployed") if case.good]
    judged = [(case, list(errors(case.manifest, "v0.19.0", *BEFORE_THE_PODS))) for case in deployed]
    assert len(judged) > 50
    assert [told(case, found) for case, found in judged if found] == []


# Every one that rules can tell: a volume mounted twice at one path is refused by the schema, before them.
@pytest.mark.parametrize(
    ("group", "floor"), [("select", 101), ("runtime", 1), ("uri", 4), ("tmpl", 1), ("llm", 12), ("pod", 19)]
)
def test_what_was_not_deployed_is_caught(group: str, floor: int) -> None:
    idle = [c for c in recorded("controller.jsonl", "deployed") if not c.good and c.id.startswith(f"{group}/")]
    caught = [
        case
        for case in idle
        if refused_by_schema(case.manifest, "v0.19.0") or any(errors(case.manifest, "v0.19.0", *BEFORE_THE_PODS))
    ]
    assert len(caught) >= floor


# Decoding is said of Go's types, and templates by Go's parser; our own words are about the document.
GO_SPEAKS = ("cannot unmarshal", "quantities must match", "template")


@pytest.mark.parametrize(("file", "version", "_floor"), ADMISSION)
def test_a_finding_quotes_what_the_webhook_said(file: str, version: str, _floor: int) -> None:
    silent: list[str] = []
    refused = [(case, said) for case in recorded(file, "accept") if (said := words_of_a_webhook(case))]
    for case, said in refused:
        found = list(errors(case.manifest, version, Stage.ADMISSION))
        if not any(quotes(finding.message, said) for finding in found):
            silent.append(told(case, found))
    assert len(refused) > 150
    # A record keeps the beginning of an answer, and what was said of one of them comes later.
    assert len(silent) <= 1, silent


def words_of_a_webhook(case: Case) -> str:
    _, _, said = case.message.partition("denied the request: ")
    return "" if case.good or any(part in said for part in GO_SPEAKS) else said


def quotes(ours: str, theirs: str) -> bool:
    longest = SequenceMatcher(None, ours, theirs, autojunk=False).find_longest_match().size
    return longest >= min(18, len(theirs) - 4)


# Upstream's samples that no cluster takes, and the rule that says so; what they refer to in other files is left out.
REFUSED_SAMPLES = {
    "explanation/alibi": "kserve/implementation",
    "gcp-iap": "kubernetes/object-name",
    "multimodelserving/sklearn/inferenceservice.yaml": "kserve/model-name-field",
    "rollout-strategy-example.yaml": "kserve/implementation",
    "storage/pvc/mnist-pvc.yaml": "kserve/implementation",  # of an API version that is gone
}


def test_upstream_samples_get_no_error_but_the_known_ones() -> None:
    samples = SHARED / "kserve" / "samples"
    if not samples.is_dir():
        pytest.skip("upstream's samples (KSERVEGEN_SHARED) are not here")
    told_of: list[str] = []
    judged = 0
    for path in sorted(samples.rglob("*.yaml")):
        try:
            documents = [doc for doc in yaml.safe_load_all(path.read_text(encoding="utf-8")) if doc]
        except yaml.YAMLError:
            continue  # some hold {placeholders} that are no YAML
        place = path.relative_to(samples).as_posix()
        for doc in documents:
            judged += 1
            known = {rule for part, rule in REFUSED_SAMPLES.items() if part in place}
            found = errors(doc, "v0.19.0", Stage.ADMISSION, Stage.DEPLOYMENT, Stage.RUN, scopes=(Scope.OBJECT,))
            told_of.extend(f"{place}: {f.rule} {format_path(f.path)}" for f in found if f.rule not in known)
    assert judged > 30
    assert told_of == []


@pytest.mark.parametrize(("file", "version", "_floor"), ADMISSION)
def test_no_recorded_manifest_makes_a_rule_crash(file: str, version: str, _floor: int) -> None:
    found = [f for case in recorded(file, "accept") for f in errors(case.manifest, version, *Stage)]
    assert [f.message for f in found if f.rule == "internal/rule-crashed"] == []
