"""Manifests from disk: what is found where, what becomes of each document, and nothing that ends in a traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.unit.checks.manifests.conftest import Folder

from kservegen.core.errors import GeneratorError
from kservegen.formats.yaml.text import LARGEST_FILE

GOOD = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: ns}
spec:
  predictor:
    model: {modelFormat: {name: sklearn}, storageUri: s3://models/iris}
"""
BAD = GOOD.replace("iris", "bad").replace("predictor:", "predictors:")
IDLE = GOOD.replace("name: iris", "name: idle").replace("sklearn}", "sklearn}, runtime: nope")
GRAPH = """\
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: graph, namespace: ns}
spec: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
"""

# What a file holds -> what is found in it when the user names it.
FILES: dict[str, tuple[str | bytes, list[str]]] = {
    "good": (GOOD, []),
    "two documents": (GOOD + "---\n" + BAD, ["12:3 error schema/unknown-field"]),
    "comments only": ("# nothing\n---\n", ["1:1 warning yaml/no-documents"]),
    "empty": ("", ["1:1 warning yaml/no-documents"]),
    "old group": (GOOD.replace("serving.kserve.io", "serving.kubeflow.org"), ["1:13 error schema/not-found"]),
    "old version": (GOOD.replace("v1beta1", "v1alpha2"), ["1:13 error schema/not-found"]),
    "unknown KServe kind": (GOOD.replace("InferenceService", "InferencService"), ["2:7 error schema/not-found"]),
    "another kind": ("apiVersion: a.io/v1\nkind: Foo\nmetadata: {name: a}\n", ["2:7 info schema/not-found"]),
    "no kind": ("apiVersion: v1\nmetadata: {name: a}\n", ["1:1 error schema/not-an-object"]),
    "kind is a list": ("apiVersion: v1\nkind: [a]\n", ["2:7 error schema/not-an-object"]),
    "a value": ("just text\n", ["1:1 error schema/not-an-object"]),
    "a list": ("- op: remove\n  path: /spec\n", ["1:1 error schema/not-an-object"]),
    "broken": ("a: [1\nb: }\n", ["2:2 error yaml/syntax"]),
    "broken, then good": ("a: [1\n---\n" + GOOD, ["2:1 error yaml/syntax"]),
    "a key twice": (GOOD + "kind: InferenceService\n", ["7:1 error yaml/duplicate-key"]),
    "template": ("{{- if .Values.on }}\n" + GOOD + "{{- end }}\n", ["1:1 error yaml/template"]),
    "template in a value": (GOOD.replace("iris,", "{{ .Values.name }},"), ["3:18 error yaml/template"]),
    "braces in quotes": (
        GOOD.replace("s3://models/iris", '"s3://models/{{.Name}}"'),
        ["6:55 warning kserve/unfilled-uri"],
    ),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\xff", ["1:1 error yaml/encoding"]),
    "NUL": (b"a: \x00\n", ["1:4 error yaml/character"]),
    "deep": ("[" * 1000 + "]" * 1000, ["1:129 error yaml/too-deep"]),
    "deep JSON": ('{"a":' * 1000 + "1" + "}" * 1000, ["1:641 error yaml/too-deep"]),
    "too large": (b"a" * (LARGEST_FILE + 1), ["1:1 error yaml/too-big"]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file(name: str, folder: Folder) -> None:
    content, expected = FILES[name]
    folder.write("a.yaml", content)
    assert folder.problems("a.yaml") == [f"a.yaml:{line}" for line in expected]


def test_verdicts_are_read_off_the_stages(folder: Folder) -> None:
    folder.write("a.yaml", f"{GOOD}---\n{BAD}---\n{IDLE}---\napiVersion: v1\nkind: Foo\nmetadata: {{name: s}}\n")
    assert folder.verdicts() == [("iris", True, True), ("bad", False, False), ("idle", True, False), ("s", None, None)]
    documents = folder.lint().documents
    assert documents is not None
    assert (documents.files, documents.not_admitted, documents.not_deployable, documents.not_checked) == (1, 1, 1, 1)
    assert [report.number for report in documents.reports] == [1, 2, 3, 4]


def test_what_cannot_be_read_is_a_document_that_is_not_admitted(folder: Folder) -> None:
    folder.write("a.yaml", GOOD + "---\na: [1\n---\n" + GOOD.replace("iris", "b") + "kind: InferenceService\n")
    assert folder.verdicts() == [("iris", True, True), ("", False, False), ("b", False, False)]


def test_a_document_is_judged_with_the_others_around(folder: Folder) -> None:
    folder.write("graph.yaml", GRAPH)
    alone = folder.lint("graph.yaml")
    assert [d.rule for d in alone.diagnostics] == ["kserve/graph-target"]
    assert alone.documents is not None
    folder.write("iris.yaml", GOOD)
    together = folder.lint()
    assert together.diagnostics == ()
    assert together.documents is not None
    (before, *_), (after, *_) = alone.documents.reports, together.documents.reports
    assert [d.rule for d in before.diagnostics] == ["kserve/graph-target"]
    assert (before.runs, after.runs, after.diagnostics) == (False, True, ())


def test_lists_are_taken_apart_as_kubectl_does(folder: Folder) -> None:
    item = "\n".join(f"  {line}" for line in BAD.splitlines())
    folder.write("a.yaml", f"apiVersion: v1\nkind: List\nitems:\n-{item[1:]}\n")
    folder.write("b.yaml", "apiVersion: v1\nkind: List\nitems: [3]\n")
    folder.write(
        "c.json",
        json.dumps({"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {}, "data": {"a": 1}}]}),
    )
    assert folder.problems() == [
        "a.yaml:8:5 error schema/unknown-field",
        "b.yaml:3:9 error schema/not-an-object",
        "c.json:1:88 error schema/wrong-type",
    ]
    (found, *_) = folder.lint("a.yaml").diagnostics
    assert found.path == "items[0].spec.predictors"


def test_a_folder_is_walked_in_order_without_what_is_hidden(folder: Folder) -> None:
    for path in ("b/z.yml", "a.yaml", ".git/x.yaml", ".hidden.yaml", "b/.h/x.yaml", "b/a.json", "notes.txt"):
        folder.write(path, "apiVersion: v1\n")
    assert [line.partition(":")[0] for line in folder.problems()] == ["a.yaml", "b/a.json", "b/z.yml"]
    assert [line.partition(":")[0] for line in folder.problems("b/z.yml", "b")] == ["b/a.json", "b/z.yml"]


def test_links_that_lead_in_circles_are_left(folder: Folder) -> None:
    folder.write("a/iris.yaml", GOOD)
    (folder.root / "a" / "up").symlink_to(folder.root)
    (folder.root / "a" / "self.yaml").symlink_to(folder.root / "a" / "self.yaml")
    (folder.root / "gone.yaml").symlink_to(folder.root / "nowhere")
    assert folder.problems() == [
        "a/self.yaml:1:1 error yaml/unreadable-file",
        "gone.yaml:1:1 error yaml/unreadable-file",
    ]


def test_a_pipe_is_not_waited_for(folder: Folder) -> None:
    os.mkfifo(folder.root / "a.yaml")
    assert folder.problems() == ["a.yaml:1:1 error yaml/unreadable-file"]


def test_a_path_that_is_not_there(folder: Folder) -> None:
    with pytest.raises(GeneratorError, match="there is no such file or folder"):
        folder.lint("nope")


def test_other_yaml_in_a_folder_is_no_mistake(folder: Folder) -> None:
    folder.write("values.yaml", "replicas: 2\n")
    folder.write("half.yaml", "kind: InferenceService\n")
    assert folder.problems() == [
        "half.yaml:1:1 error schema/not-an-object",
        "values.yaml:1:1 info schema/not-an-object",
    ]
    assert len(folder.verdicts()) == 1


def test_charts_and_kustomizations_are_left_to_their_tools(folder: Folder) -> None:
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: a\n")
    folder.write("chart/values.yaml", "a: 1\n")
    folder.write("chart/templates/a.yaml", "name: {{ .Values.a }}\n")
    folder.write("chart/crds/a.yaml", BAD)
    folder.write("k/kustomization.yaml", "resources: [iris.yaml]\npatches: [{path: p.yaml}, {patch: '- op: a'}]\n")
    folder.write("k/iris.yaml", GOOD)
    folder.write("k/p.yaml", "- {op: remove, path: /spec}\n")
    assert folder.problems() == [
        "chart/Chart.yaml:1:1 info gitops/not-rendered",
        "chart/crds/a.yaml:5:3 error schema/unknown-field",
        "k/kustomization.yaml:1:1 info gitops/not-rendered",
    ]


def test_a_chart_alone_is_something(folder: Folder) -> None:
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: a\n")
    assert folder.problems() == ["chart/Chart.yaml:1:1 info gitops/not-rendered"]


def test_objects_that_stand_twice(folder: Folder) -> None:
    folder.write("a.yaml", GOOD + "---\n" + GOOD)
    folder.write("b.yaml", GOOD)
    folder.write("other/b.yaml", GOOD)
    assert folder.problems() == [
        "a.yaml:10:18 warning kubernetes/duplicate-object",
        "b.yaml:3:18 info kubernetes/duplicate-object",
    ]
    found = folder.lint().diagnostics[0]
    assert [str(related.location) for related in found.related] == [f"{folder.root / 'a.yaml'}:3:18"]


def test_a_kind_that_is_not_checked_is_said_once(folder: Folder) -> None:
    for name in "abc":
        folder.write(f"{name}.yaml", f"apiVersion: v1\nkind: Foo\nmetadata: {{name: {name}}}\n")
    (found,) = folder.lint().diagnostics
    assert found.message == "Foo of v1 is not checked: there is no schema of it (3 documents)"


def test_standard_input(folder: Folder) -> None:
    (found,) = folder.lint(stdin=BAD.encode()).diagnostics
    assert str(found.location) == "<stdin>:5:3"
    assert [d.rule for d in folder.lint(stdin=b"").diagnostics] == ["yaml/no-documents"]


def test_the_version_decides(folder: Folder) -> None:
    folder.write("a.yaml", GOOD.replace("  predictor:", "  canary: []\n  predictor:"))
    rules = {version: [d.rule for d in folder.lint(version=version).diagnostics] for version in ("v0.19.0", "v0.20.0")}
    assert rules["v0.19.0"] == ["schema/unknown-field"]
    assert "schema/unknown-field" not in rules["v0.20.0"]


def test_an_unreadable_folder(folder: Folder, tmp_path: Path) -> None:
    folder.write("a/b.yaml", GOOD)
    if os.geteuid() == 0:
        pytest.skip("root may read every folder")
    (tmp_path / "a").chmod(0)
    with pytest.raises(GeneratorError, match="cannot be read"):
        folder.lint("a")


def test_a_wave_orders_manifests(folder: Folder) -> None:
    folder.write(
        "a.yaml",
        """
        apiVersion: serving.kserve.io/v1beta1
        kind: InferenceService
        metadata: {name: iris, namespace: models, annotations: {argocd.argoproj.io/sync-wave: "2"}}
        spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: "s3://a/b"}}}
        """,
    )
    assert folder.problems() == []
