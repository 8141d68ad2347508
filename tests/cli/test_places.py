"""One cause in many places is one finding: in each form of a report, beside waivers, and in the counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion
from tests.support.project import CLUSTER, Project

from kservegen.cli import cli

_MANY: Final = 40
_LLM: Final = "kind: LLMInferenceService, model: hf://a/b, router: true"


def _report(project: Project, form: str, command: str = "validate", *options: str) -> str:
    words = [command, *options, "--root", str(project.root), "--output", form]
    return CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False).stdout


def _findings(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_report(project, "json"))["findings"]
    return found


def _models(words: Callable[[int], str], count: int = _MANY) -> str:
    return "models:\n" + "".join(f"  m{number}: {{{words(number)}}}\n" for number in range(count))


def _predictive(number: int, words: str = "") -> str:
    return f"modelFormat: sklearn, storageUri: s3://b/m{number}{words}"


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_each_form_names_the_places(project: Project, snapshot: SnapshotAssertion, form: str) -> None:
    project.models(_models(lambda number: _predictive(number, ", profile: smal"), 6) + "profiles: {small: {}}\n")
    assert _report(project, form) == snapshot


@pytest.mark.parametrize(
    ("models", "rule", "places"),
    [
        pytest.param(
            _models(lambda n: _predictive(n, ", profile: smal")), "catalog/unknown-profile", _MANY, id="profile"
        ),
        pytest.param(
            _models(lambda n: _predictive(n, ", namespace: new")), "catalog/unknown-namespace", _MANY, id="namespace"
        ),
        pytest.param(
            _models(lambda n: _predictive(n, ", accelerator: {type: x}")),
            "catalog/unknown-accelerator",
            _MANY,
            id="accelerator",
        ),
        pytest.param(
            _models(lambda n: _predictive(n, ", runtime: none")), "kserve/runtime-reference", _MANY, id="runtime"
        ),
        pytest.param(
            _models(lambda n: _predictive(n).replace("sklearn", "sklern")), "kserve/no-runtime", _MANY, id="format"
        ),
        pytest.param(
            _models(lambda n: _predictive(n, ", serviceAccountName: sa")), "kubernetes/reference", _MANY, id="account"
        ),
        pytest.param(
            _models(lambda n: _predictive(n, ", profile: p"))
            + "profiles: {p: {resources: {requests: {cpu: 2}, limits: {cpu: 1}}}}\n",
            "kubernetes/requests-over-limits",
            1,
            id="a word of a profile",
        ),
    ],
)
def test_a_cause_is_told_once(project: Project, models: str, rule: str, places: int) -> None:
    project.models(models)
    project.write("environments/prod.yaml", CLUSTER.replace("dev", "prod"))
    (found,) = _findings(project)
    assert (found["rule"], len(found["places"]), len(found["entries"])) == (rule, places, _MANY)
    # What the catalog names and nobody wrote hangs on no environment.
    assert found["environments"] == ([] if rule == "catalog/unknown-profile" else ["dev", "prod"])


def test_what_is_promised_nowhere_is_told_once(project: Project) -> None:
    project.write("environments/dev.yaml", CLUSTER.replace("gateway-api, Gateway/kserve/kserve-ingress-gateway, ", ""))
    project.models(_models(lambda _: _LLM))
    found = _findings(project)
    assert [(item["rule"], len(item["places"])) for item in found] == [
        ("kserve/prerequisite", _MANY + 1),
        ("kserve/gateway-reference", _MANY),
    ]


def test_the_last_line_counts_findings_and_places(project: Project) -> None:
    project.models(_models(lambda number: _predictive(number, ", runtime: none, serviceAccountName: sa"), 3))
    assert "· 1 error in 3 places" in _report(project, "text")


def test_a_waiver_takes_one_model_out_of_a_finding(project: Project) -> None:
    project.models(_models(lambda number: _predictive(number, ", serviceAccountName: sa"), 4))
    waived = (
        "waivers: {w: {rule: kubernetes/reference, model: m1, reason: r, owner: o, expires: 2999-01-01}}\n"
        "severities: {kubernetes/reference: error}\n"
    )
    project.write("environments/dev.yaml", CLUSTER + waived)
    refused = [item for item in _findings(project) if item["rule"] == "kubernetes/reference"]
    assert [item["entries"] for item in refused] == [["m0", "m1", "m2", "m3"]]  # a fact of Kubernetes is not waived

    waived = waived.replace("kubernetes/reference", "kserve/runtime-reference").replace(": error", ": warning")
    project.models(_models(lambda number: _predictive(number, ", runtime: none"), 4))
    project.write("environments/dev.yaml", CLUSTER + waived)
    told = [(item["severity"], item["entries"], "waived" in item) for item in _findings(project)]
    assert told == [("warning", ["m0", "m2", "m3"], False), ("info", ["m1"], True)]


_BOUND: Final = CLUSTER + "policies: {bindings: {no-latest-image: {actions: [Deny]}}}\n"
_TAGLESS: Final = "modelFormat: sklearn, storageUri: s3://b/m"
_WAIVER: Final = "rule: policy/no-latest-image, owner: ml, reason: old, expires: 2999-01-01"


def _places(project: Project) -> list[tuple[str, list[list[str]]]]:
    found = _findings(project)
    return [(item["rule"], [place["entries"] for place in item["places"]]) for item in found]


def test_a_text_that_a_policy_refuses_is_one_cause(project: Project) -> None:
    """Other texts are other causes, and what is waived stays a finding of its own."""
    images = ("a:latest", "a:latest", "b:latest", "a:latest")
    project.models(_models(lambda number: f"{_TAGLESS}, image: '{images[number]}'", len(images)))
    project.write("environments/dev.yaml", _BOUND)
    rule = "policy/no-latest-image"
    assert _places(project) == [(rule, [["m0"], ["m1"], ["m3"]]), (rule, [["m2"]])]
    project.write("environments/dev.yaml", f"{_BOUND}waivers: {{w: {{{_WAIVER}, model: m1}}}}\n")
    assert _places(project) == [(rule, [["m0"], ["m3"]]), (rule, [["m1"]]), (rule, [["m2"]])]


def test_what_nothing_handles_is_one_cause(project: Project) -> None:
    schemes = ("ftp", "gopher", "gopher")
    project.models(_models(lambda number: f"modelFormat: sklearn, storageUri: {schemes[number]}://h/{number}", 3))
    assert _places(project) == [("kserve/storage-uri", [["m0"]]), ("kserve/storage-uri", [["m1"], ["m2"]])]


def test_one_line_of_many_models_names_them(project: Project) -> None:
    project.models(_models(lambda _: f"{_TAGLESS}, profile: p", 6) + "profiles: {p: {image: 'a:latest'}}\n")
    project.write("environments/dev.yaml", _BOUND)
    assert "  at:      models.m0.image and 5 more models: m1, m2, m3, m4, m5\n" in _report(project, "text")
    assert "%0Aat: models.m0.image and 5 more models: m1, m2, m3, m4, m5%0A" in _report(project, "github")


def test_each_waived_finding_says_whose_and_by_what(project: Project) -> None:
    project.models(_models(lambda _: f"{_TAGLESS}, profile: p", 2) + "profiles: {p: {image: 'a:latest'}}\n")
    waivers = "".join(f"  w{number}: {{{_WAIVER}, model: m{number}}}\n" for number in range(2))
    project.write("environments/dev.yaml", f"{_BOUND}waivers:\n{waivers}")
    assert "no-latest-image" not in _report(project, "github")
    assert "waived: 2 findings by 2 waivers: w0 1 (" in _report(project, "github")
    listed = _report(project, "text", "validate", "--show-waived")
    marks = [line.split("(")[-1] for line in listed.splitlines() if line.startswith("  waived:")]
    assert marks == ["w0)", "w1)"]
    sarif = json.loads(_report(project, "sarif"))
    marks = [json.dumps(result["partialFingerprints"]) for result in sarif["runs"][0]["results"]]
    assert len(marks) == len(set(marks)) == 2
