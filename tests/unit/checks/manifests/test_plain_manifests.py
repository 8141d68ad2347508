"""The files of `manifests/`: which environments take them, and what each file that cannot be used is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import DEV, IRIS, Project

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}, namespace: ns}}\ndata: {{from: {0}}}\n"
SERVICE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: wine, namespace: ns}
spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://m/wine}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("environments/dev.yaml", DEV)
    made.write("environments/bases/prod.yaml", "version: 1\n")
    for name in ("prod-eu", "prod-us"):
        own = DEV.replace("{name: dev}", f"{{name: {name}, server: 'https://{name}'}}")
        made.write(f"environments/{name}.yaml", f"{own}extends: [prod]\n")
    return made


def _maps(project: Project, environment: str) -> set[str]:
    built = project.built(environment)
    return {key.partition("/")[2] for key in built if key.startswith("ConfigMap/")}


def test_an_environment_takes_what_is_for_all_for_its_bases_and_for_itself(project: Project) -> None:
    for folder in ("all/deep/er", "prod", "prod-eu", "dev"):
        project.write(f"manifests/{folder}/map.yaml", MAP.format(folder.replace("/", "-")))
    assert project.problems() == []
    assert _maps(project, "dev") == {"all-deep-er", "dev"}
    assert _maps(project, "prod-eu") == {"all-deep-er", "prod", "prod-eu"}
    assert _maps(project, "prod-us") == {"all-deep-er", "prod"}


def test_lists_and_several_documents_become_one_file_each(project: Project) -> None:
    items = "".join(f"- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: {n}, namespace: ns}}}}\n" for n in "ab")
    project.write("manifests/all/list.yml", f"apiVersion: v1\nkind: List\nitems:\n{items}---\n{MAP.format('c')}---\n")
    json = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d", "namespace": "ns"}}'
    project.write("manifests/all/one.json", json)
    assert project.problems() == []
    assert _maps(project, "dev") == {"a", "b", "c", "d"}


def test_values_stay_as_they_are_written(project: Project) -> None:
    words = "images: [{name: nginx, newName: registry.example.com/nginx}]\nuriPrefixes: {'s3://m/': 's3://n/'}\n"
    project.write("environments/dev.yaml", DEV + words)
    project.write("manifests/dev/wine.yaml", SERVICE)
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\nspec:\n  containers:\n"
    project.write("manifests/dev/pod.yaml", pod + "  - {name: a, image: nginx, resources: {limits: {cpu: 1000m}}}\n")
    built = project.built("dev")
    limits: JsonObject = {"limits": {"cpu": "1000m"}}
    assert mapping(built["Pod/p"]["spec"])["containers"] == [{"name": "a", "image": "nginx", "resources": limits}]
    model = built["InferenceService/wine"]["spec"]["predictor"]["model"]  # type: ignore[index,call-overload]
    assert model["storageUri"] == "s3://m/wine"  # type: ignore[index,call-overload]


def test_a_model_there_is_judged_like_one_of_the_catalog(project: Project) -> None:
    """Its runtime, its references, its memory: by the line of the manifest."""
    project.write("environments/dev.yaml", DEV + "budgets: {memory: {namespace: ns, memory: 3Gi}}\n")
    project.write("manifests/dev/wine.yaml", SERVICE.replace("predictor: {", "predictor: {serviceAccountName: none, "))
    found = {d.rule: str(d.location) for d in project.validate().diagnostics}
    assert found["kubernetes/reference"].startswith("manifests/dev/wine.yaml:4:")
    assert "budget/exceeded" in found
    project.write("manifests/dev/wine.yaml", SERVICE.replace("name: sklearn", "name: sklern"))
    found = {d.rule: str(d.location) for d in project.validate().diagnostics}
    assert found["kserve/no-runtime"].startswith("manifests/dev/wine.yaml:4:")


def test_a_model_there_lies_among_the_models(project: Project) -> None:
    project.write("manifests/dev/wine.yaml", SERVICE)
    project.render()
    assert (project.root / "rendered/dev/models/ns/inferenceservice-wine.yaml").is_file()
    assert "wine" in (project.root / "rendered/dev/models/ns/README.md").read_text("utf-8")


def _told(project: Project) -> list[str]:
    return [f"{d.location} {d.rule}" for d in project.validate().diagnostics]


A_MAP = MAP.format("a")


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("dve/a.yaml", A_MAP, "1:1 catalog/manifests-folder"),
        ("a.yaml", A_MAP, "1:1 catalog/manifests-folder"),
        ("dev/.hidden.yaml", A_MAP, "1:1 catalog/manifests-file"),
        ("dev/.git/a.yaml", A_MAP, "1:1 catalog/manifests-file"),
        ("dev/a.ymal", A_MAP, "1:1 catalog/manifests-file"),
        ("dev/kustomization.yaml", "resources: []\n", "1:1 catalog/manifests-file"),
        ("dev/Chart.yaml", "name: a\n", "1:1 catalog/manifests-file"),
        ("dev/empty.yaml", "---\n# nothing\n", "1:1 catalog/manifests-file"),
        ("dev/t.yaml", "a: {{ .Values.a }}\n", "1:4 yaml/template"),
        ("dev/l.yaml", "- a\n", "1:1 schema/not-an-object"),
        ("dev/g.yaml", A_MAP.replace("name:", "generateName:"), "3:1 catalog/companion-key"),
        ("dev/n.yaml", A_MAP.replace(", namespace: ns", ""), "3:18 catalog/no-namespace"),
        ("dev/n.yaml", A_MAP.replace("ns}", '"../x"}'), "3:1 catalog/companion-key"),
        ("dev/k.yaml", A_MAP.replace("ConfigMap", "Namespace"), "2:7 catalog/companion-kind"),
        ("dev/f.yaml", A_MAP.replace("v1", "a.io/v1"), "2:7 schema/not-found"),
        ("dev/s.yaml", A_MAP.replace("ConfigMap", "Secret"), "4:1 catalog/secret-data"),
        ("dev/w.yaml", A_MAP.replace("from: a", "from: 1"), "4:14 schema/wrong-type"),
    ],
)
def test_what_cannot_be_rendered_is_one_finding(project: Project, file: str, text: str, place: str) -> None:
    project.write(f"manifests/{file}", text)
    assert _told(project) == [f"manifests/{file}:{place}"]


def test_a_file_that_is_not_utf_8_is_told(project: Project) -> None:
    project.write("manifests/dev/a.yaml", "")
    (project.root / "manifests/dev/a.yaml").write_bytes(b"\xff\xfea")
    assert _told(project) == ["manifests/dev/a.yaml:1:1 yaml/encoding"]


def test_links_are_not_followed(project: Project) -> None:
    project.write("manifests/dev/a.yaml", MAP.format("a"))
    (project.root / "manifests/dev/b.yaml").symlink_to("a.yaml")
    (project.root / "manifests/all").symlink_to("dev")
    assert _told(project) == [
        "manifests/all:1:1 catalog/manifests-file",
        "manifests/dev/b.yaml:1:1 catalog/manifests-file",
    ]


def test_what_explains_a_folder_is_passed_over(project: Project) -> None:
    for name in ("README.md", ".gitkeep", "OWNERS", "notes.txt"):
        project.write(f"manifests/dev/{name}", "x\n")
    assert _told(project) == []


def test_a_folder_nobody_knows_is_told_once(project: Project) -> None:
    project.write("manifests/pro/a.yaml", MAP.format("a"))
    project.write("manifests/pro/b.yaml", MAP.format("b"))
    (found,) = project.validate().diagnostics
    assert (found.rule, found.hint) == ("catalog/manifests-folder", "Did you mean prod?")


def test_all_is_no_name_of_an_environment_then(project: Project) -> None:
    project.write("environments/all.yaml", DEV.replace("{name: dev}", "{name: all, server: 'https://all'}"))
    assert _told(project) == []
    project.write("manifests/all/a.yaml", MAP.format("a"))
    assert _told(project) == ["environments/all.yaml:1:1 catalog/file-name"]


@pytest.mark.parametrize(
    ("other", "place"),
    [
        ("manifests/dev/b.yaml", "manifests/dev/b.yaml:3:18"),
        ("models.yaml", "models.yaml:8:3"),
    ],
)
def test_an_object_that_stands_twice_is_told_with_both_places(project: Project, other: str, place: str) -> None:
    project.write("manifests/all/a.yaml", MAP.format("a"))
    in_catalog = IRIS + "extraManifests:\n  ConfigMap/ns/a: {data: {a: b}}\n"
    project.write(other, MAP.format("a") if other.startswith("manifests") else in_catalog)
    (found,) = project.validate().diagnostics
    assert found.rule == "catalog/duplicate-name"
    assert {str(found.location), *(str(related.location) for related in found.related)} == {
        "manifests/all/a.yaml:3:18",
        place,
    }
