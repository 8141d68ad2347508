"""A version of KServe that a user adds: what it takes, and that no command passes over what is not known of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.project import DEV, Project
from tests.support.reports import checked_report

from kservegen.cli import cli

ROOT = Path(__file__).parents[2]
NEW = "v0.99.0"
CAVEAT = f"KServe {NEW} is not reviewed: the rules of v0.20.0 were applied to it"
ASSUMED = f"KServe release {NEW} (not reviewed: the rules of v0.20.0 were applied to it)"


def run(project: Project, command: str, *words: str) -> tuple[int, str]:
    words = (command, "--root", str(project.root), *words)
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    code = result.return_value if isinstance(result.return_value, int) else 2
    return code, result.output + str(result.exception or "") + str(getattr(result.exception, "hint", ""))


def record(project: Project, **words: object) -> None:
    document = {"version": NEW, "status": "derived", "nearest": "v0.20.0", "provenance": {"schemas": "made up"}}
    project.write(f"schemas/releases/{NEW}.json", json.dumps(document | words))


@pytest.fixture
def schemas(tmp_path: Path) -> Project:
    """Return a project on a version that it has schemas of and no record."""
    project = Project(tmp_path)
    project.write("environments/dev.yaml", DEV.replace("v0.19.0", NEW))
    shutil.copytree(ROOT / "schemas/kserve/v0.20.0", tmp_path / "schemas/kserve" / NEW)
    return project


@pytest.fixture
def added(schemas: Project) -> Project:
    record(schemas)
    return schemas


def test_schemas_without_a_record_are_an_error_that_says_what_to_write(schemas: Project) -> None:
    (found,) = schemas.validate().diagnostics
    assert (f"{found.location}", found.rule) == ("environments/dev.yaml:3:19", "catalog/unknown-version")
    schemas.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    for line in (("validate", str(schemas.root / "a.yaml"), "--kserve-version", NEW), ("upgrade", "--to", NEW)):
        code, said = run(schemas, *line)
        assert code == 2
        assert found.hint in said
    file, _, record = found.hint.removeprefix("Add ").partition(", with ")
    schemas.write(file, record.partition(": ")[2].removesuffix("."))
    assert schemas.problems() == ["environments/dev.yaml:3:19 catalog/unreviewed-version"]


def test_a_record_without_schemas_is_an_error(added: Project) -> None:
    shutil.rmtree(added.root / "schemas/kserve")
    assert added.problems() == ["environments/dev.yaml:3:19 catalog/unknown-version"]
    code, said = run(added, "upgrade", "--to", NEW)
    assert code == 2
    assert f"schemas/kserve/{NEW}/" in said


def test_models_are_judged_by_the_rules_of_the_nearest_release(added: Project) -> None:
    added.models("models:\n  iris: {modelFormat: sklearn, storageUri: 'oci+native://r/i'}\n  a: {modelFormat: b}\n")
    assert added.problems() == [
        "environments/dev.yaml:3:19 catalog/unreviewed-version",
        "models.yaml:4:44 defect/native-image",
        "models.yaml:5:20 kserve/no-runtime",
    ]


@pytest.mark.parametrize("command", ["validate", "render", "plan"])
def test_every_command_says_what_was_applied(added: Project, command: str) -> None:
    _, text = run(added, command)
    assert f": {NEW} (not reviewed: the rules of v0.20.0 were applied to it)" in text
    assert "no problems" not in text
    _, said = run(added, command, "--output", "json")
    report = checked_report(said)
    assert [found["rule"] for found in report["findings"]] == ["catalog/unreviewed-version"]
    assert ASSUMED in report["assumptions"]


@pytest.mark.parametrize("more", ["severities: {catalog/unreviewed-version: 'off'}\n", ""])
def test_near_empty_schemas_do_not_come_out_green(added: Project, more: str) -> None:
    folder = added.root / "schemas/kserve" / NEW / "serving.kserve.io"
    shutil.rmtree(folder)
    for kind in ("inferenceservice_v1beta1", "clusterservingruntime_v1alpha1"):
        added.write(f"schemas/kserve/{NEW}/serving.kserve.io/{kind}.json", '{"type": "object"}')
    dev = (added.root / "environments/dev.yaml").read_text("utf-8")
    added.write("environments/dev.yaml", dev + more)
    _, said = run(added, "validate")
    assert CAVEAT in said
    assert "no problems" not in said


def test_a_preview_says_so(added: Project) -> None:
    record(added, status="preview", **{part: RECORD[part] for part in ("capabilities", "defects")})
    (found,) = added.validate().diagnostics
    assert found.message == (
        f"KServe {NEW} is not reviewed: the rules are those of a preview of it, and of v0.20.0 where that is silent"
    )


def test_manifests_are_judged_with_the_caveat(added: Project) -> None:
    added.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    manifest = str(added.root / "a.yaml")
    for words in (("--kserve-version", NEW), ("--env", "dev")):
        _, said = run(added, "validate", manifest, *words, "--output", "json")
        report = checked_report(said)
        assert [found["rule"] for found in report["findings"]] == ["catalog/unreviewed-version"]
        assert ASSUMED in report["assumptions"]
    _, said = run(added, "validate", manifest, "--output", "json")
    assert checked_report(said)["findings"] == [], "the newest reviewed release is the one that is taken"


def test_no_upgrade_to_it_is_called_safe(added: Project) -> None:
    added.write("environments/dev.yaml", DEV)
    code, said = run(added, "upgrade", "--to", NEW)
    assert code == 0
    assert said.startswith(f"dev: v0.19.0 to {NEW}: no error was found, and not all was looked at")
    assert f"\n  {ASSUMED}\n" in said
    assert "nothing stands in the way" not in said
    _, said = run(added, "upgrade", "--to", NEW, "--output", "json")
    assert ASSUMED in checked_report(said)["assumptions"]


# A model whose nodes KServe v0.19.0 never takes for ready and v0.20.0 deletes.
BIG = """big: {modelFormat: huggingface, storageUri: 'pvc://a/b', autoscalerClass: none,
    workerSpec: {pipelineParallelSize: 2, tensorParallelSize: 1}}"""
IRIS = "iris: {modelFormat: sklearn, storageUri: 's3://b/m'}"
LIGHTER = "severities: {defect/multi-node-churn: warning}\n"
UNSEEN = "no error was found, and not all was looked at"
CHURN = ["defect/multi-node-churn"]
# The model, the versions before and after, more words of the environment, the verdict, and the defects that are told.
MET = {
    "new": (BIG, "v0.19.0", "v0.20.0", "", "1 error stands in the way", CHURN),
    "new by the nearest": (BIG, "v0.19.0", NEW, "", "1 error stands in the way", CHURN),
    "not new": (BIG, "v0.20.0", NEW, "", UNSEEN, []),
    "weighs less": (BIG, "v0.19.0", "v0.20.0", LIGHTER, "no error stands in the way, 1 warning is new", CHURN),
    "not met": (IRIS, "v0.19.0", "v0.20.0", "", "nothing stands in the way", []),
}


@pytest.mark.parametrize("case", MET)
def test_a_defect_is_told_to_who_meets_it_and_does_not_have_it_yet(added: Project, case: str) -> None:
    model, before, after, more, verdict, defects = MET[case]
    added.write("environments/dev.yaml", DEV.replace("v0.19.0", before) + more)
    added.models(f"models:\n  {model}\n")
    _, said = run(added, "upgrade", "--to", after)
    assert said.startswith(f"dev: {before} to {after}: {verdict}")
    _, said = run(added, "upgrade", "--to", after, "--output", "json")
    assert [item["rule"] for item in checked_report(said)["findings"] if "defect/" in item["rule"]] == defects


def test_a_defect_is_waived_by_who_has_mended_it(added: Project) -> None:
    added.models(f"models:\n  {BIG}\n")
    waiver = "{rule: defect/multi-node-never-ready, model: big, reason: patched, owner: us, expires: 2999-01-01}"
    added.write("environments/dev.yaml", f"{DEV}waivers:\n  patched: {waiver}\n")
    (found,) = (each for each in added.validate().diagnostics if each.rule.startswith("defect/"))
    assert (found.rule, found.waived is not None) == ("defect/multi-node-never-ready", True)


RECORD = json.loads((ROOT / "facts/releases/v0.20.0.json").read_text("utf-8"))
OWN = {"status": "reviewed", "base": "v0.20.0", **{part: RECORD[part] for part in ("capabilities", "defects")}}


@pytest.mark.parametrize("command", ["validate", "render", "plan"])
def test_a_record_of_ones_own_is_told_and_no_warning(added: Project, command: str) -> None:
    told = f"KServe release {NEW} (it goes by a record of your own, schemas/releases/{NEW}.json)"
    record(added, **OWN)
    _, said = run(added, command)
    assert f": {NEW} (it goes by a record of your own, schemas/releases/{NEW}.json)" in said
    _, said = run(added, command, "--output", "json")
    report = checked_report(said)
    assert report["findings"] == []
    assert told in report["assumptions"]


def test_an_upgrade_to_a_release_by_ones_own_review_says_so(added: Project) -> None:
    record(added, **OWN)
    added.write("environments/dev.yaml", DEV)
    _, said = run(added, "upgrade", "--to", NEW)
    assert said.startswith(f"dev: v0.19.0 to {NEW}: nothing stands in the way")
    assert "goes by a record of your own" in said


def test_a_record_over_a_shipped_one_is_told(project: Project) -> None:
    shipped = json.loads((ROOT / "facts/releases/v0.19.0.json").read_text("utf-8"))
    project.write("schemas/releases/v0.19.0.json", json.dumps(shipped))
    _, said = run(project, "validate")
    assert "v0.19.0 (it goes by a record of your own, schemas/releases/v0.19.0.json)" in said


@pytest.mark.parametrize("command", ["validate", "render", "plan", "upgrade"])
def test_a_broken_record_is_an_operational_failure(added: Project, command: str) -> None:
    shutil.rmtree(added.root / "schemas/kserve")
    words = ("--to", NEW) if command == "upgrade" else ()
    for content in ("[" * 100_000, "{}", '{"presets": {"images": 3}}'):
        added.write(f"schemas/releases/{NEW}.json", content)
        code, said = run(added, command, *words)
        assert code == 2, "and before that there are no schemas of it"
        assert f"schemas/releases/{NEW}.json: " in said


def test_a_release_without_runtimes_ends_in_no_traceback(added: Project) -> None:
    record(added, charts={"kserve-runtime-configs": None}, runtimes={"kserve-sklearnserver": None})
    gpu = "template: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: '1'}}}]}"
    llm = f"  llm: {{kind: LLMInferenceService, model: {{uri: 'hf://a/b', name: a}}, {gpu}}}\n"
    added.models("models:\n  iris: {modelFormat: sklearn, storageUri: 's3://b/m'}\n" + llm)
    for command in ("validate", "plan", "render"):
        code, said = run(added, command)
        assert code == 1, said
        assert "kserve/no-runtime" in said
