"""`kservegen policy test` as people run it: exit codes, table, JSON by its schema, JUnit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]

POLICY = """apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few, annotations: {kservegen.io/path: spec.replicas}}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]
  variables:
    - {name: idle, expression: '1'}
  validations:
    - {expression: object.spec.replicas < 3, message: too many}
"""
THING = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x, namespace: models}\nspec: {replicas: %d}\n"
PASS = "# expect: pass\n" + THING % 1
FAIL = "# expect: fail spec.replicas | too many\n" + THING % 3
PASS_CALLED_FAIL = PASS.replace("pass", "fail spec | few")


def repository(root: Path, **cases: str) -> Path:
    folder = root / "policies" / "tests" / "few"
    folder.mkdir(parents=True)
    (root / "models.yaml").write_text("version: 1\n", "utf-8")
    (root / "policies" / "few.yaml").write_text(POLICY, "utf-8")
    for name, text in cases.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return root


def run(root: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "kservegen", "policy", "test", "--root", str(root), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_sound_policy(tmp_path: Path) -> None:
    code, out, _ = run(repository(tmp_path, both=PASS + "---\n" + FAIL))
    assert code == 0
    assert out.splitlines()[:2] == [
        "policy  pass  fail  wrong  not tested",
        "few        1     1      0           1",
    ]
    assert "nothing that a case evaluates uses it [policy/unexercised]" in out
    assert out.splitlines()[-1] == "policy test: 1 policy · 2 cases · 1 warning"


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ({"p": PASS}, ["policies/few.yaml:3:18 policy/untested", "policies/few.yaml:10:20 policy/unexercised"]),
        ({"f": FAIL}, ["policies/few.yaml:3:18 policy/untested", "policies/few.yaml:10:20 policy/unexercised"]),
        ({"p": PASS, "f": f"{FAIL}---\n{PASS_CALLED_FAIL}"}, ["policies/tests/few/f.yaml:7:1 policy/case"]),
        ({"p": PASS, "f": FAIL.replace("too", "so")}, ["policies/tests/few/f.yaml:1:1 policy/case"]),
        ({"p": PASS, "f": FAIL, "n": THING % 1}, ["policies/tests/few/n.yaml:1:1 policy/case"]),
        ({"p": PASS, "f": FAIL, "n": PASS.replace("pass", "maybe")}, ["policies/tests/few/n.yaml:1:1 policy/case"]),
        ({"p": PASS, "f": FAIL, "n": PASS.replace("x,", "[")}, ["policies/tests/few/n.yaml:4:37 yaml/syntax"]),
    ],
)
def test_what_is_wrong_with_cases(tmp_path: Path, cases: dict[str, str], expected: list[str]) -> None:
    code, out, _ = run(repository(tmp_path, **cases), "--output", "json")
    report = json.loads(out)
    found = [f"{f['file']}:{f['line']}:{f['column']} {f['rule']}" for f in report["findings"]]
    assert [line for line in found if ":8:" not in line] == expected
    assert code == report["exitCode"] == 1


def test_json_follows_the_schema_of_reports(tmp_path: Path) -> None:
    _, out, _ = run(repository(tmp_path, p=PASS, f=FAIL.replace("too", "so")), "--output", "json")
    report = json.loads(out)
    schema = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_bytes())
    jsonschema.validate(report, schema)
    assert [(c["name"], c["expects"], c["ok"]) for c in report["policyTests"][0]["cases"]] == [
        ("f", "fail", False),
        ("p", "pass", True),
    ]


def test_junit(tmp_path: Path) -> None:
    code, out, _ = run(repository(tmp_path, p=PASS, f=FAIL.replace("too", "so")), "--output", "junit")
    (suite,) = ET.fromstring(out)  # noqa: S314 - written here
    assert (code, suite.attrib) == (1, {"name": "few", "tests": "2", "failures": "1"})
    failed, passed = suite
    assert (failed.attrib["name"], len(failed)) == ("f", 1)
    assert "expected: fail spec.replicas | so many" in (failed[0].text or "")
    assert (passed.attrib["name"], len(passed)) == ("p", 0)


def test_paths(tmp_path: Path) -> None:
    root = repository(tmp_path, p=PASS, f=FAIL)
    for path, cases in ((root / "policies" / "few.yaml", 2), (root / "policies" / "tests" / "few" / "p.yaml", 1)):
        code, out, _ = run(root, str(path))
        assert (code, f"1 policy · {cases} case" in out) == (0, True)
    code, _, complaint = run(root, str(root / "nowhere"))
    assert (code, "no such file or folder" in complaint) == (2, True)
    code, _, complaint = run(root, str(root / "models.yaml"))
    assert (code, "no policy is meant by that" in complaint) == (2, True)


BOUND_AS_STRICT = """version: 1
cluster: {name: dev, server: https://kubernetes.default.svc, kubernetesVersion: "1.34"}
kserve: {version: v0.19.0, deploymentMode: Standard}
prerequisites: [cert-manager]
namespaces: {models: {}}
gitops: {engine: none}
policies: {bindings: {strict: {policyName: maxreplicas-set, actions: [Deny]}}}
waivers: {w: {rule: policy/maxreplicas-set, model: iris, reason: tutorial, owner: a, expires: 2999-01-01}}
"""


def test_a_binding_of_another_name_speaks_and_is_waived_as_its_policy(tmp_path: Path) -> None:
    model = '{modelFormat: sklearn, storageUri: "s3://m/iris", minReplicas: 2}'
    catalog = f"version: 1\ndefaults: {{namespace: models, owner: a}}\nmodels:\n  iris: {model}\n"
    (tmp_path / "models.yaml").write_text(catalog, "utf-8")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.yaml").write_text(BOUND_AS_STRICT, "utf-8")
    command = [sys.executable, "-m", "kservegen", "validate", "--root", str(tmp_path), "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 0
    assert [(f["rule"], f["severity"], f["file"], f["line"]) for f in findings] == [
        ("policy/maxreplicas-set", "info", "models.yaml", 4)
    ]
