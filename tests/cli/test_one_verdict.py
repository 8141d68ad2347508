"""No report contradicts itself: verdicts of documents, findings, their counts in every form, and the exit code."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import pytest
from tests.support.platforms import RELEASES, release
from tests.support.reports import checked_report

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.manifests.reference import reference_cluster
from kservegen.checks.runner import Checker, open_checker
from kservegen.commands.result import Result
from kservegen.commands.simulate import SimulateOptions, simulate_paths
from kservegen.commands.validate_manifests import LintOptions, lint
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.settings import CONFIG_NAME
from kservegen.report.github import render_github
from kservegen.report.json_report import render_json
from kservegen.report.sarif import render_sarif
from kservegen.report.text import render_text

_RULES: Final = Path(__file__).parents[1] / "rules"
_AREAS: Final = sorted(path.name for path in _RULES.iterdir() if path.is_dir() and not path.name.startswith("_"))
_BUNDLES: Final = 25
_SCHEMAS: Final = SchemaStore([packaged_data() / "schemas"])


@lru_cache(maxsize=1)
def judge() -> Checker:
    return open_checker(BuiltinEngine(_SCHEMAS))


def linted(*paths: Path, mode: str = "Standard") -> Result:
    cluster = reference_cluster(release(RELEASES.newest_reviewed), mode, _SCHEMAS)
    return lint(judge(), LintOptions(paths=paths, cluster=cluster, schemas=_SCHEMAS, open_file=TemporaryFile))


def contradictions(result: Result) -> Iterator[str]:
    """Say where the forms of a result, or the parts of one, tell different things."""
    report = checked_report(render_json(result))
    findings = report["findings"]
    errors = [item for item in findings if item["severity"] == "error" and "waived" not in item]
    if (report["exitCode"] == 1) is not bool(errors):
        yield f"exit code {report['exitCode']} with {len(errors)} errors"
    told = {place for item in findings for place in _places(item)}
    for document in report["documents"]:
        yield from _contradictions_of(document, told)
    known = {place for document in report["documents"] for item in document["findings"] for place in _places(item)}
    files = {document["file"] for document in report["documents"]}
    for item in errors:
        if item["file"] in files and not known.issuperset(_places(item)):
            yield f"{item['rule']} at {item['file']}:{item['line']} is in no document"
    (run,) = json.loads(render_sarif(result))["runs"]
    if sum(each["level"] == "error" and "suppressions" not in each for each in run["results"]) != len(errors):
        yield "SARIF counts other errors"
    if sum(line.startswith("::error ") for line in render_github(result).splitlines()) != len(errors):
        yield "workflow commands count other errors"
    lines = render_text(result, lambda _: None, colour=False).splitlines()
    last = next(line for line in lines if line.startswith(f"{result.command}: "))
    wanted = f"{len(errors):,} error{'s' * (len(errors) != 1)}"
    if bool(errors) is not (wanted in last) or ("no problems" in last and findings):
        yield f"the summary tells other errors: {last}"


def _contradictions_of(document: dict[str, Any], told: set[tuple[object, ...]]) -> Iterator[str]:
    name = f"{document['file']} {document['document']}"
    verdicts = (document["admitted"], document["deployable"], document["runs"])
    errors = [item for item in document["findings"] if item["severity"] == "error"]
    if verdicts[0] is not None and (verdicts[2] is False) is not bool(errors):
        yield f"{name}: runs {verdicts[2]} with {len(errors)} errors"
    if (verdicts[0] is False and verdicts[1] is not False) or (verdicts[1] is False and verdicts[2] is not False):
        yield f"{name}: {verdicts}"
    for item in errors:
        if not told.issuperset(_places(item)):
            yield f"{name}: {item['rule']} is told of the document alone"


def _places(item: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    return ((item["rule"], item["severity"], p["file"], p["line"], p["column"]) for p in item["places"])


def _mode(path: Path) -> str:
    return "Knative" if "mode=Knative" in path.read_text("utf-8") else "Standard"


@pytest.mark.parametrize("area", _AREAS)
def test_the_reports_of_rule_cases(area: str) -> None:
    found = {
        str(path.relative_to(_RULES)): told
        for path in sorted((_RULES / area).glob("*/*.yaml"))
        if (told := list(contradictions(linted(path, mode=_mode(path)))))
    }
    assert found == {}


def test_the_reports_of_bundles_at_random(tmp_path: Path) -> None:
    """Files that stand side by side by chance help and harm each other."""
    cases = sorted(_RULES.glob("*/*/*.yaml"))
    chance = random.Random(36)  # noqa: S311 - which files stand together is no secret
    for number in range(_BUNDLES):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        chosen = chance.sample(cases, 8)
        for index, path in enumerate(chosen):
            (folder / f"{index}.yaml").write_bytes(path.read_bytes())
        assert list(contradictions(linted(folder))) == [], chosen


@pytest.mark.parametrize("area", _AREAS)
def test_simulate_says_the_same_of_what_runs(area: str) -> None:
    """Where both know, they agree; simulate takes less to be there than validate does, and then knows less.

    It alone reads the settings of KServe that stand among manifests.
    """
    options = SimulateOptions(
        release=release(RELEASES.newest_reviewed),
        deployment_mode="Standard",
        schemas=_SCHEMAS,
        open_file=TemporaryFile,
    )
    apart = []
    for path in sorted((_RULES / area).glob("*/*.yaml"))[::4]:
        if CONFIG_NAME in path.read_text("utf-8"):
            continue
        documents = linted(path).documents
        assert documents is not None
        for report, other in zip(documents.reports, simulate_paths([path], options, judge()), strict=True):
            if {report.runs, other.runs} == {True, False} or report.admitted != other.report.admitted:
                apart.append(f"{path.relative_to(_RULES)} {report.name}: {report.runs} and {other.runs}")
    assert apart == []


def test_a_defect_that_keeps_pods_from_serving_is_told_and_left_open(tmp_path: Path) -> None:
    """Who looks at a manifest has not chosen the release, so it is no error there and nothing says that it runs."""
    (tmp_path / "a.yaml").write_text(
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a, namespace: ns,"
        " annotations: {serving.kserve.io/autoscalerClass: none}}\nspec:\n  predictor:\n"
        "    model: {modelFormat: {name: huggingface}, storageUri: 'pvc://weights/a'}\n    workerSpec: {}\n"
    )
    result = linted(tmp_path)
    assert result.documents is not None
    (report,) = result.documents.reports
    assert (report.admitted, report.deployable, report.runs, result.exit_code) == (True, True, None, 0)
    assert [d.severity for d in result.diagnostics if d.rule.startswith("defect/")] == ["warning"]
