"""What a Secret holds is never printed: a marker anywhere below its data, in any shape, in every form of a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.secret_data import without_data

MARK = "zebra7marker"
_HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns}\n"
SHAPES = {
    "text": f"{_HEAD}stringData: {{note: {MARK}}}\n",
    "base64": f"{_HEAD}data: {{note: emVicmE3bWFya2Vy, bad: [{MARK}]}}\n",
    "block": f"{_HEAD}data:\n  note: {MARK}\n  deep:\n    a: {MARK}\ntype: [1]\n",
    "scalar": f"{_HEAD}stringData: {MARK}\n",
    "list": f"{_HEAD}data:\n  - {MARK}\n",
    "flow not closed": f"{_HEAD}stringData: {{password: {MARK}\n",
    "quote not closed": f'{_HEAD}stringData:\n  a: "{MARK}\n',
    "quote over lines": f'{_HEAD}stringData:\n  a: "x\ntype: {MARK}\n',
    "tab": f"{_HEAD}stringData:\n  a:\n\t{MARK}: 1\n",
    "wrong indentation": f"{_HEAD}stringData:\n{MARK}: {{{MARK}\n",
    "block text": f"{_HEAD}stringData:\n  a: |\n    user: {MARK}\n  b: [yes, {MARK}]\n",
    "twice": f"{_HEAD}stringData:\n  a: {MARK}\n  a: {MARK}\n",
    "alias": f"x: &x {{a: {MARK}, a: {MARK}}}\n{_HEAD}data: *x\n",
    "unknown alias": f"{_HEAD}data:\n  a: *{MARK}\n",
    "escaped": f'{{"kind": "\\u0053ecret", "apiVersion": "v1", "data": {{"a": {MARK}}}}}\n',
    "json": f'{{"kind": "Secret", "apiVersion": "v1", "metadata": {{"name": "s"}}, "data": {{"a": ["{MARK}"]}}}}\n',
    "broken json": f'{{"kind": "Secret", "apiVersion": "v1",\n"stringData": {{"a": "{MARK}\n',
    "template": f"{_HEAD}stringData:\n  a: {{{{ {MARK} }}}}\n",
    "no kind": f"stringData:\n  a: [{MARK}\n",
    "list of Secrets": f"apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {{name: s}}\n  data: {{a: [{MARK}]}}\n",
    "in a List": f"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data: {{a: [{MARK}]}}\n",
}
# Values that are no words of their own: in a sentence they could stand by chance.
PIN = "739"
SHORT_SHAPES = {
    "a number": f"{_HEAD}stringData: {{pin: {PIN}}}\n",
    "a list": f"{_HEAD}data: {{pin: [{PIN}]}}\n",
    "a map": f"{_HEAD}stringData: {{pin: {{{PIN}: {PIN}}}}}\n",
    "a scalar": f"{_HEAD}stringData: {PIN}\n",
    "below a field that is no map": f"{_HEAD}immutable: {{data: {{pin: {PIN}}}}}\n",
    "below another field": f"{_HEAD}metadata2: {{labels: {{data: [{PIN}]}}}}\ntype: {{stringData: {PIN}}}\n",
    "in a list": f"apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Secret, data: {PIN}}}\n",
    "in a list of Secrets": f"apiVersion: v1\nkind: SecretList\nitems:\n- data: {{a: {PIN}}}\n",
    "misspelt": f"{_HEAD}dat: {{pin: {PIN}}}\nstringdata: {{pin: {PIN}}}\nstring-data: {PIN}\n",
}
SHORT_ENTRIES = {
    "a number": f"Secret/ns/s: {{stringData: {{pin: {PIN}}}}}",
    "a list": f"Secret/ns/s: {{data: [{PIN}]}}",
    "no map": f"Secret/ns/s: [{{data: {{pin: {PIN}}}}}]",
    "another spelling": f"secrets/ns/s: {{data: {{pin: {PIN}}}}}",
    "a version": f"v1/Secret/ns/s: {{data: {{pin: {PIN}}}}}",
    "a name with dots": f"Secret/ns/s.data.x: {{immutable: 1, data: {{pin: {PIN}}}}}",
    "no name": f"Secret: {{stringData: {{pin: {PIN}}}}}",
}
FORMS = ("text", "json", "github", "sarif")


@pytest.mark.parametrize("shape", SHAPES)
def test_no_form_of_a_report_shows_what_a_secret_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    project = Project(tmp_path)
    project.write("manifests/all/s.yaml", SHAPES[shape])
    monkeypatch.chdir(tmp_path)
    for target in ([], ["manifests/all/s.yaml"]):
        for form in FORMS:
            said = CliRunner().invoke(cli, ["validate", *target, "--output", form])
            assert "s.yaml" in said.output
            assert MARK not in said.output
            assert "emVicmE3" not in said.output


@pytest.mark.parametrize(
    "words",
    [f"data: {{a: [{MARK}]}}", f"stringData: {MARK}", f"stringData: {{a: {MARK}", f"data: {{a: {{b: {MARK}}}}}"],
)
def test_neither_does_one_of_an_entry_of_the_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    project = Project(tmp_path)
    project.write("models.yaml", f"version: 1\nextraManifests:\n  Secret/ns/s:\n    {words}\n")
    monkeypatch.chdir(tmp_path)
    for form in FORMS:
        said = CliRunner().invoke(cli, ["validate", "--output", form])
        assert "error" in said.output
        assert MARK not in said.output


def _said(project: Project) -> str:
    return "".join(
        CliRunner().invoke(cli, ["validate", "--root", str(project.root), "--output", form]).output for form in FORMS
    )


@pytest.mark.parametrize("shape", SHORT_SHAPES)
def test_neither_is_a_short_value_of_a_secret(tmp_path: Path, shape: str) -> None:
    project = Project(tmp_path)
    project.write("manifests/all/s.yaml", SHORT_SHAPES[shape])
    said = _said(project)
    assert "s.yaml" in said
    assert PIN not in said


@pytest.mark.parametrize("file", ["models.yaml", "environments/dev.yaml"])
@pytest.mark.parametrize("shape", SHORT_ENTRIES)
def test_neither_is_one_of_an_entry(tmp_path: Path, shape: str, file: str) -> None:
    project = Project(tmp_path)
    before = "version: 1\n" if file == "models.yaml" else DEV
    project.write(file, f"{before}extraManifests:\n  {SHORT_ENTRIES[shape]}\n")
    said = _said(project)
    assert "error" in said
    assert PIN not in said


def test_what_another_kind_calls_data_is_shown(tmp_path: Path) -> None:
    """A SealedSecret is there to stand in Git."""
    project = Project(tmp_path)
    project.write(
        "models.yaml",
        f"version: 1\nextraManifests:\n  bitnami.com/SealedSecret/ns/s: {{spec: {{template: {{data: [{MARK}]}}}}}}\n",
    )
    assert f'seen:    a list: ["{MARK}"]' in _said(project)


def test_a_line_of_spaces_is_read_once() -> None:
    lines = ["kind: Secret", "data:", f"  a: {' ' * 20_000}{{", "type: Opaque"]
    assert without_data(lines, "(hidden)") == ["kind: Secret", "data:", "  a: (hidden)", "(hidden)"]


def test_lines_around_the_data_of_a_secret_are_shown() -> None:
    lines = f"kind: Secret\ndata:\n  a: {MARK}\ntype: Opaque\n---\nkind: ConfigMap\ndata: {{a: b}}".split("\n")
    shown = ["kind: Secret", "data:", "  a: (hidden)", "type: Opaque", "---", "kind: ConfigMap", "data: {a: b}"]
    assert without_data(lines, "(hidden)") == shown
