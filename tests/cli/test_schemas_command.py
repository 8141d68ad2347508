"""`kservegen schemas add`: definitions of kinds in files, packed charts and a cluster, as schemas of a repository."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.support.api_server import serve_api
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError
from kservegen.formats.jsonschema.definitions import expanded

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared")) / "kserve"
SIZE = {"type": "integer", "format": "int32", "description": "Left behind."}
TALL = {
    "type": "object",
    "required": ["size"],
    "properties": {"size": SIZE, "unit": {"type": "string", "enum": ["m", "ft"]}},
}
SPEC = {"type": "object", "properties": {"front": TALL, "back": TALL, "any": {"x-kubernetes-int-or-string": True}}}
SCHEMA = {
    "openAPIV3Schema": {
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": SPEC, "status": {"type": "object"}},
    }
}


def version(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "served": True, "schema": SCHEMA, **more}


def definition(kind: str = "Widget", group: str = "example.com", *versions: Mapping[str, object]) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.lower()}s.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind},
            "versions": [dict(v) for v in versions or (version("v1"),)],
        },
    }


def packed(files: Mapping[str, str | bytes], *, link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        if link:
            member = tarfile.TarInfo("chart/templates/link.yaml")
            member.type, member.linkname = tarfile.SYMTYPE, link
            archive.addfile(member)
    return stream.getvalue()


def sparse() -> bytes:
    """Make an archive of a file that takes no room: a gigabyte of nothing, as GNU tar writes it."""
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 30)}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("chart/crds/a.yaml")
        member.pax_headers = {**headers, "GNU.sparse.name": "chart/crds/a.yaml"}
        member.size = 512
        archive.addfile(member, io.BytesIO(b"0\n".ljust(512, b"\0")))
    return stream.getvalue()


def heads_of_heads() -> bytes:
    """Make an archive whose heads each only say how the next one is called."""
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 2
    return gzip.compress((head.tobuf(tarfile.GNU_FORMAT) + b"a".ljust(512, b"\0")) * 5000)


def run(project: Project, *words: str, given: str | None = None) -> tuple[int, list[str]]:
    done = CliRunner().invoke(
        cli, ["schemas", "add", "--root", str(project.root), *words], standalone_mode=False, input=given
    )
    if isinstance(done.exception, GeneratorError):
        return 2, [str(done.exception), done.exception.hint]
    if done.exception is not None:
        raise done.exception
    return int(done.return_value or 0), done.output.splitlines()


def put(project: Project, *documents: object, name: str = "crds.yaml") -> str:
    project.write(name, yaml.safe_dump_all(documents))
    return str(project.root / name)


WIDGET = "schemas/crds/example.com/widget_v1.json"


def test_a_kind_is_compiled_and_judged(project: Project) -> None:
    file = put(project, definition(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})
    assert run(project, file) == (
        0,
        [
            f"{WIDGET}: new",
            f"skipped: Namespace/a: {file}: no CustomResourceDefinition",
            "nothing was written: --write does",
        ],
    )
    assert not (project.root / WIDGET).exists()
    assert run(project, file, "--write")[1][-1] == "1 file written"
    schema = json.loads((project.root / WIDGET).read_text("utf-8"))
    assert schema["required"] == ["apiVersion", "kind", "metadata", "spec"]
    assert "x-kservegen-scope" not in schema
    assert schema["properties"]["status"] == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = schema["properties"]["spec"]["properties"]
    assert spec["front"] == spec["back"] == {"$ref": "#/definitions/shape1"}
    assert spec["any"]["type"] == ["integer", "string"]
    assert schema["definitions"]["shape1"]["properties"]["size"] == {
        "type": "integer",
        "format": "int32",
        "minimum": -(2**31),
        "maximum": 2**31 - 1,
    }
    assert schema["definitions"]["shape1"]["additionalProperties"] is False
    project.write(
        "w.yaml", "{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}, spec: {front: {size: tall}}}"
    )
    done = CliRunner().invoke(cli, ["validate", "--root", str(project.root), str(project.root / "w.yaml")])
    assert "spec.front.size" in done.output


def test_what_is_there_is_written_over_with_consent_alone(project: Project) -> None:
    run(project, put(project, definition()), "--write")
    before = (project.root / WIDGET).read_bytes()
    assert run(project, put(project, definition()), "--write") == (0, [f"{WIDGET}: same", "0 files written"])
    other = put(
        project, definition("Widget", "example.com", version("v1", schema={"openAPIV3Schema": {"type": "object"}}))
    )
    told = "nothing was written: 1 file is there and says otherwise; --write --replace writes over them"
    assert run(project, other, "--write") == (1, [f"{WIDGET}: changed", told])
    assert (project.root / WIDGET).read_bytes() == before
    assert run(project, other, "--write", "--replace")[0] == 0
    assert (project.root / WIDGET).read_bytes() != before


def test_a_kind_of_the_cluster_says_so(project: Project) -> None:
    whole = definition()
    run(project, put(project, {**whole, "spec": {**whole["spec"], "scope": "Cluster"}}), "--write")
    assert json.loads((project.root / WIDGET).read_text("utf-8"))["x-kservegen-scope"] == "Cluster"


@pytest.mark.parametrize(
    ("versions", "files"),
    [
        ([version("v1"), version("v1beta1")], ["v1", "v1beta1"]),
        ([version("v1"), version("v1alpha1", served=False), version("v1beta1", deprecated=True)], ["v1"]),
    ],
)
def test_versions_that_are_served(project: Project, versions: list[dict[str, object]], files: list[str]) -> None:
    _, lines = run(project, put(project, definition("Widget", "example.com", *versions)))
    assert lines[:-1] == [f"schemas/crds/example.com/widget_{each}.json: new" for each in files]


KSERVE = definition("InferenceService", "serving.kserve.io", version("v1beta1"))
CHART = {"chart/Chart.yaml": "{name: kserve-crd, version: v0.18.0}", "chart/crds/a.yaml": yaml.safe_dump(KSERVE)}
OWN = "schemas/kserve/v0.18.0/serving.kserve.io/inferenceservice_v1beta1.json"


def test_kserves_own_kinds_become_a_version(project: Project) -> None:
    (project.root / "kserve.tgz").write_bytes(packed(CHART))
    code, lines = run(project, str(project.root / "kserve.tgz"), "--write")
    assert (code, lines[1:]) == (0, [f"{OWN}: new", "schemas/releases/v0.18.0.json: new", "2 files written"])
    assert lines[0].startswith("KServe v0.18.0 is not reviewed: it goes by the rules of v0.17.0, the nearest one (")
    record = json.loads((project.root / "schemas/releases/v0.18.0.json").read_text("utf-8"))
    assert (record["status"], record["nearest"]) == ("derived", "v0.17.0")
    project.write("environments/dev.yaml", DEV.replace("v0.19.0", "v0.18.0"))
    project.write("models.yaml", "version: 1\n")
    done = CliRunner().invoke(cli, ["validate", "--root", str(project.root)])
    assert (done.exit_code, "not reviewed: the rules of v0.17.0 were applied to it" in done.output) == (0, True)


@pytest.mark.parametrize(
    ("document", "words", "said"),
    [
        ({"kind": "Namespace", "metadata": {"name": "a"}}, (), "no CustomResourceDefinition is among them"),
        (KSERVE, (), "--version v0.18.0"),
        (KSERVE, ("--version", "v0.19.0"), "KServe v0.19.0 is reviewed, and its schemas travel with kservegen"),
        (KSERVE, ("--version", "latest"), "latest is no version of KServe"),
        (
            {**definition(), "apiVersion": "apiextensions.k8s.io/v1beta1"},
            (),
            "widgets.example.com is not of apiextensions.k8s.io/v1",
        ),
        (
            definition("Widget", "example.com", version("v1", served=False)),
            (),
            "no CustomResourceDefinition is among them",
        ),
        ("a text", (), "no CustomResourceDefinition is among them"),
        (definition(), ("--group", "other.io"), "no CustomResourceDefinition is among them"),
    ],
)
def test_what_cannot_be_added(project: Project, document: object, words: tuple[str, ...], said: str) -> None:
    code, told = run(project, put(project, document), "--write", *words)
    assert (code, said in " ".join(told)) == (2, True), told
    assert not (project.root / "schemas").exists()


def _with_spec(**fields: object) -> dict[str, Any]:
    return definition("Widget", "example.com", version("v1", schema=_schema({"type": "object", "properties": fields})))


def _schema(spec: object) -> dict[str, object]:
    return {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}


_AT = "spec.versions[0].schema.openAPIV3Schema"
_IN = f"{_AT}.properties.spec.properties.a"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (definition("../x"), "spec.names.kind is no name of a kind, such as Widget"),
        (definition("Widget", "../x"), "spec.group is no API group: "),
        ({**definition(), "spec": []}, "spec.versions lists no version"),
        ({**definition(), "spec": {**definition()["spec"], "scope": "Namespace"}}, "spec.scope is neither Namespaced"),
        ({**definition(), "spec": {**definition()["spec"], "versions": []}}, "spec.versions lists no version"),
        (definition("Widget", "example.com", version("V1")), "spec.versions[0].name is no name of a version"),
        (definition("Widget", "example.com", version("v1"), version("v1")), "spec.versions[1] is v1 a second time"),
        (definition("Widget", "example.com", version("v1", schema={})), f"{_AT} holds no schema"),
        (definition("Widget", "a.io", version("v1", schema={"openAPIV3Schema": {}})), f"{_AT}.type is not object"),
        (_with_spec(a={}), f"{_IN} says no type"),
        (_with_spec(a={"type": "objekt"}), f"{_IN}.type is none of object, array"),
        (_with_spec(a={"type": ["string"]}), f"{_IN}.type is none of object, array"),
        (_with_spec(a="string"), f"{_IN} is no schema"),
        (_with_spec(a={"type": "array"}), f"{_IN} is an array that says no schema of its items"),
        (_with_spec(a={"type": "array", "items": [{"type": "string"}]}), f"{_IN} is an array that says no schema"),
        (_with_spec(a={"type": "object", "properties": ["b"]}), f"{_IN}.properties is no map"),
        (_with_spec(a={"type": "object", "properties": {}, "additionalProperties": {}}), "which exclude each other"),
        (_with_spec(a={"type": "object", "additionalProperties": "x"}), f"{_IN}.additionalProperties is no schema"),
        (_with_spec(a={"$ref": "#/definitions/b"}), f'{_IN}["$ref"] may not stand in a definition'),
        (_with_spec(a={"type": "object", "required": "b"}), f"{_IN}.required is no list of names"),
        (_with_spec(a={"type": "string", "enum": "b"}), f"{_IN}.enum is no list"),
        (_with_spec(a={"type": "string", "pattern": 3}), f"{_IN}.pattern is no text"),
        (_with_spec(a={"type": "string", "maxLength": "3"}), f"{_IN}.maxLength is no whole number from 0"),
        (_with_spec(a={"type": "integer", "minimum": "3"}), f"{_IN}.minimum is no number"),
        (_with_spec(a={"type": "string", "anyOf": {}}), f"{_IN}.anyOf is no list"),
        (_with_spec(a={"type": "string", "not": "b"}), f"{_IN}.not is no schema"),
    ],
)
def test_what_no_api_server_takes_is_refused(project: Project, document: object, said: str) -> None:
    code, told = run(project, put(project, document), "--write")
    assert code == 1
    assert any(line.startswith("refused: ") and said in line for line in told), told
    assert told[-1].startswith("nothing was written: no API server takes these definitions")
    assert not (project.root / "schemas").exists()


def test_the_first_of_many_mistakes_of_a_definition_are_told(project: Project) -> None:
    _, told = run(project, put(project, _with_spec(**{f"a{number}": {} for number in range(9)})))
    assert len(told) == 7
    assert told[5] == "refused: widgets.example.com: 4 more of these"


TEMPLATE = "{{- if .Values.crds }}\n" + yaml.safe_dump(definition()) + "{{- end }}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            packed({"chart/templates/a.yaml": TEMPLATE}),
            "line 1 is a Helm template ({{), and a CustomResourceDefinition stands",
        ),
        (packed({"../a.yaml": "x"}), "the archive holds a path that leads out of it"),
        (packed({"/a.yaml": "x"}), "the archive holds a path that leads out of it"),
        (packed({}, link="/etc/passwd"), "the archive holds a link, which no chart needs"),
        (sparse(), "the archive holds a sparse file, which no chart needs"),
        (heads_of_heads(), "the archive is no packed chart"),
        (packed({"chart/a.yaml": "a: {"}), "chart/a.yaml"),
        (packed(CHART)[:-20], "the archive is cut off"),
        (b"no archive", "the archive is no packed chart"),
        (gzip.compress(b"no archive" * 100), "the archive is no packed chart"),
        (gzip.compress(bytes((128 << 20) + 1)), "the archive unpacks to more than 128 MiB"),
    ],
    ids=["template", "above", "absolute", "link", "sparse", "heads", "no yaml", "cut off", "no gzip", "no tar", "bomb"],
)
def test_what_no_chart_is(project: Project, content: bytes, said: str) -> None:
    (project.root / "c.tgz").write_bytes(content)
    code, told = run(project, str(project.root / "c.tgz"))
    assert (code, said in " ".join(told)) == (2, True), told


def test_templates_without_a_definition_are_passed_over(project: Project) -> None:
    (project.root / "c.tgz").write_bytes(packed({**CHART, "chart/templates/d.yaml": "a: 1\nb: {{ .Values.b }}\n"}))
    _, lines = run(project, str(project.root / "c.tgz"))
    assert f"skipped: {project.root / 'c.tgz'}: chart/templates/d.yaml: a Helm template: {{{{ in line 2" in lines


def test_what_helm_renders_is_read_from_standard_input(project: Project) -> None:
    _, lines = run(project, "-", given=yaml.safe_dump_all([definition(), definition()]))
    assert lines[0] == f"{WIDGET}: new"
    other = definition("Widget", "example.com", version("v2"))
    assert run(project, "-", given=yaml.safe_dump_all([definition(), other]))[1][0].endswith(
        "is defined twice, and otherwise"
    )


def test_definitions_of_a_cluster(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with serve_api() as api:
        api.add("apiextensions.k8s.io", "v1", "CustomResourceDefinition", definition(), KSERVE)
        words = ("--from-cluster", "--kubeconfig", str(api.kubeconfig(project.root.parent)), "--version", "v0.18.0")
        code, lines = run(project, *words)
        assert (code, lines[1]) == (0, f"{OWN}: new")
        assert "skipped: widgets.example.com: not of a group that was asked for" in lines
        assert run(project, *words, "--group", "example.com")[1][0] == f"{WIDGET}: new"
        assert {method for method, _, _ in api.asked} == {"GET"}
        api.forbidden.add("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        assert run(project, *words)[1][0] == "the cluster does not give its CustomResourceDefinitions: forbidden"


def same(ours: dict[str, Any], theirs: dict[str, Any], known: dict[str, Any], at: str) -> list[str]:
    """Say where two compiled schemas part, whatever their shapes are called."""
    left: Any = expanded(ours, known["ours"])
    right: Any = expanded(theirs, known["theirs"])
    found = [
        f"{at} {key}"
        for key in sorted((left.keys() | right.keys()) - {"x-kservegen-scope"})
        if type(left.get(key)) is not type(right.get(key))
    ]
    for key in left.keys() & right.keys() - {"definitions"}:
        one, other = left[key], right[key]
        if key == "properties":
            found += [f"{at}.{name}" for name in one.keys() ^ other.keys()]
            found += [
                line
                for name in one.keys() & other.keys()
                for line in same(one[name], other[name], known, f"{at}.{name}")
            ]
        elif isinstance(one, dict) and key in ("items", "additionalProperties"):
            found += same(one, other, known, f"{at}[]") if isinstance(other, dict) else [f"{at} {key}"]
        elif key in ("required", "enum", "x-kubernetes-validations"):
            found += [] if sorted(map(str, one)) == sorted(map(str, other)) else [f"{at} {key}"]
        elif one != other:
            found.append(f"{at} {key}")
    return found


@pytest.mark.skipif(not SHARED.is_dir(), reason="upstream's CRDs (KSERVEGEN_SHARED) are not here")
def test_kserves_definitions_come_to_the_schemas_that_travel_with_the_package(project: Project) -> None:
    files = [
        str(SHARED / "v0.17.0/crds" / f"serving.kserve.io_{name}.yaml")
        for name in ("inferenceservices", "localmodelnodegroups")
    ]
    code, lines = run(project, *files, "--version", "v0.16.0", "--write")
    assert (code, lines[0]) == (
        0,
        "KServe v0.16.0 is not reviewed: it goes by the rules of v0.17.0, the nearest one (no field differs)",
    )
    for name in ("inferenceservice_v1beta1.json", "localmodelnodegroup_v1alpha1.json"):
        ours, theirs = (
            json.loads((root / f"schemas/kserve/{version}/serving.kserve.io" / name).read_text("utf-8"))
            for root, version in ((project.root, "v0.16.0"), (ROOT, "v0.17.0"))
        )
        known = {"ours": ours["definitions"], "theirs": theirs["definitions"]}
        assert same(ours, theirs, known, name) == []
