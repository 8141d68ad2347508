"""Objects beside models: what a key names, what an entry says, and in which environments it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.project import DEV, IRIS, Project

from kservegen.catalog.companions import CompanionKey, CompanionRefusal, read_key, refused_here
from kservegen.commands.explain import explain_entry
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.jsontypes import JsonObject
from kservegen.evaluate.project import open_project
from kservegen.formats.jsonschema.definitions import compile_definition

PROD = DEV.replace("{name: dev}", "{name: prod, server: 'https://prod'}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("environments/prod.yaml", PROD)
    return made


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("ConfigMap/ns/a", ("", "ConfigMap", "ns", "a")),
        ("PersistentVolume/a", ("", "PersistentVolume", "", "a")),
        ("apps/Deployment/ns/a.b", ("apps", "Deployment", "ns", "a.b")),
        ("kueue.x-k8s.io/ClusterQueue/a", ("kueue.x-k8s.io", "ClusterQueue", "", "a")),
        (
            "rbac.authorization.k8s.io/ClusterRole/system:a",
            ("rbac.authorization.k8s.io", "ClusterRole", "", "system:a"),
        ),
    ],
)
def test_a_key_names_an_object(key: str, named: tuple[str, ...]) -> None:
    found = read_key(key)
    assert found == CompanionKey(*named)
    assert str(found) == key


@pytest.mark.parametrize(
    "key",
    """
    / a ConfigMap ConfigMap/ configmap/ns/a apps/deployment/ns/a apps/Deployment A/b/c/d/e ConfigMap//a ConfigMap/../a
    ConfigMap/ns/.. ConfigMap/ns/a%2Fb UPPER.io/Foo/ns/a /ConfigMap/ns/a
    """.split(),
)
def test_a_key_that_names_none_is_refused(key: str) -> None:
    found = read_key(key)
    assert isinstance(found, CompanionRefusal)
    assert found.rule == "catalog/companion-key"


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("", "Namespace"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("argoproj.io", "Application"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("kustomize.config.k8s.io", "Kustomization"),
        ("serving.kserve.io", "InferenceService"),
        ("serving.kserve.io", "Unheard"),
    ],
)
def test_kinds_that_belong_elsewhere_are_refused(group: str, kind: str) -> None:
    refusal = refused_here(group, kind)
    assert refusal is not None
    assert refusal.rule == "catalog/companion-kind"
    assert refusal.hint


def test_other_kinds_of_the_same_groups_are_not() -> None:
    assert refused_here("argoproj.io", "Rollout") is None
    assert refused_here("", "ConfigMap") is None


def test_what_defaults_say_of_models_is_not_said_of_objects(project: Project) -> None:
    project.models(
        """
        defaults: {namespace: ns, labels: {a: b}, owner: search, environments: [prod], minReplicas: 2}
        extraManifests:
          ConfigMap/ns/settings: {data: {LEVEL: info}}
        """.replace("\n        ", "\n").replace("defaults:", "# own\ndefaults:")
    )
    text = (project.root / "models.yaml").read_text("utf-8")
    project.write("models.yaml", text.replace("defaults: {namespace: ns}\n", "", 1))
    assert project.problems() == []
    assert "ConfigMap/settings" not in project.built("dev")
    assert project.built("prod")["ConfigMap/settings"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "ns"},
        "data": {"LEVEL": "info"},
    }


OBJECTS = (
    IRIS
    + """\
extraManifests:
  ConfigMap/ns/settings:
    metadata: {labels: {a: b}}
    data: {LEVEL: info, OLD: x}
  apps/Deployment/ns/web:
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: nginx, env: [{name: A, value: b}]}, {name: side, image: side}]}
  ServiceAccount/ns/reader: {}
"""
)


def test_an_environment_says_what_differs(project: Project) -> None:
    project.write("models.yaml", OBJECTS)
    changes = """\
extraManifests:
  ConfigMap/ns/settings: {data: {LEVEL: debug, OLD: null}}
  apps/Deployment/ns/web:
    spec: {template: {spec: {containers: [{name: web, env: [{name: C, value: d}]}]}}}
  ServiceAccount/ns/reader: null
"""
    project.write("environments/prod.yaml", PROD + changes)
    assert project.problems() == []
    built = project.built("prod")
    assert built["ConfigMap/settings"]["data"] == {"LEVEL": "debug"}
    assert built["ConfigMap/settings"]["metadata"]["labels"] == {"a": "b"}  # type: ignore[index,call-overload]
    containers = built["Deployment/web"]["spec"]["template"]["spec"]["containers"]  # type: ignore[index,call-overload]
    assert [c["name"] for c in containers] == ["web", "side"]  # type: ignore[index,call-overload,union-attr]
    assert [e["name"] for e in containers[0]["env"]] == ["A", "C"]  # type: ignore[index,call-overload,union-attr]
    assert "ServiceAccount/reader" not in built
    assert "ServiceAccount/reader" in project.built("dev")


def test_explain_names_the_line_of_every_field(project: Project) -> None:
    project.write("models.yaml", OBJECTS)
    project.write("environments/prod.yaml", PROD + "extraManifests: {ConfigMap/ns/settings: {data: {LEVEL: debug}}}\n")
    explained = explain_entry(open_project(project.repository), "prod", "ConfigMap/ns/settings")
    lines = {field.path: str(field.location).rpartition(":")[0] for field in explained.fields}
    assert lines["data.LEVEL"] == "environments/prod.yaml:12"
    assert lines["data.OLD"] == "models.yaml:10"
    assert lines["metadata.labels.a"] == "models.yaml:9"
    assert lines["metadata.name"] == "models.yaml:8"


def _only(project: Project, text: str) -> list[str]:
    project.write("models.yaml", IRIS + "extraManifests:\n" + text)
    return [f"{d.location} {d.rule}" for d in project.validate().diagnostics if d.severity is not Severity.INFO]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  ConfigMap/a: {}\n", "models.yaml:8:3 catalog/no-namespace"),
        ("  scheduling.k8s.io/PriorityClass/ns/a: {value: 1}\n", "models.yaml:8:3 catalog/companion-key"),
        ("  ConfigMap/nowhere/a: {}\n", "models.yaml:8:3 catalog/unknown-namespace"),
        ("  Secret/ns/a: {data: {a: Yg==}}\n", "models.yaml:8:17 catalog/secret-data"),
        ("  Secret/ns/a: {stringData: {password: hunter2hunter2}}\n", "models.yaml:8:17 catalog/secret-data"),
        ("  ConfigMap/ns/a: {apiVersion: v2}\n", "models.yaml:8:32 schema/not-found"),
        ("  ConfigMap/ns/a: {apiVersion: apps/v1}\n", "models.yaml:8:32 catalog/companion-key"),
        ("  ConfigMap/ns/a: {metadata: {name: b}}\n", "models.yaml:8:37 catalog/companion-key"),
        ("  apps/Deploymnt/ns/a: {}\n", "models.yaml:8:3 schema/not-found"),
        ("  serving.kubeflow.org/InferenceService/ns/a: {}\n", "models.yaml:8:3 schema/not-found"),  # and no second one
        ("  example.com/Foo/ns/a: {}\n", "models.yaml:8:3 schema/not-found"),
        ("  ConfigMap/ns/a: {data: {a: 1}}\n", "models.yaml:8:30 schema/wrong-type"),
        ("  ConfigMap/ns/a: {dat: {}}\n", "models.yaml:8:20 schema/unknown-field"),
        ("  ConfigMap/ns/A: {}\n", "models.yaml:8:3 kubernetes/object-name"),
        ("  configmap/ns/a: {}\n", "models.yaml:8:3 catalog/companion-key"),
        ("  Namespace/a: {}\n", "models.yaml:8:3 catalog/companion-kind"),
        ("  ConfigMap/ns/a: {environments: [prd]}\n", "models.yaml:8:35 catalog/unknown-environment"),
    ],
)
def test_a_mistake_is_one_finding_at_its_line(project: Project, text: str, expected: str) -> None:
    assert _only(project, text) == [expected]


def test_a_kind_under_the_group_that_kserve_had_is_one_finding(project: Project) -> None:
    text = "apiVersion: serving.kubeflow.org/v1alpha2\nkind: InferenceService\nmetadata: {name: a, namespace: ns}\n"
    project.write("manifests/dev/a.yaml", text)
    (found,) = (each for each in project.validate().diagnostics if each.rule.startswith("schema/"))
    assert str(found.location) == "manifests/dev/a.yaml:1:13"
    assert found.hint.startswith("Write apiVersion: serving.kserve.io/v1beta1.")


def test_a_secret_that_brings_nothing_is_no_mistake(project: Project) -> None:
    assert _only(project, "  Secret/ns/a: {type: kubernetes.io/service-account-token}\n") == []


def test_an_object_that_an_environment_adds_is_unknown(project: Project) -> None:
    project.write("environments/prod.yaml", PROD + "extraManifests: {ConfigMap/ns/setings: {data: {a: b}}}\n")
    project.write("models.yaml", OBJECTS)
    (found,) = project.validate().diagnostics
    assert (found.rule, found.location.line) == ("catalog/unknown-name", 12)
    assert found.hint == "Did you mean ConfigMap/ns/settings?"


def test_an_object_that_the_environment_makes_is_told_with_both_places(project: Project) -> None:
    budget = "budgets: {all: {namespace: ns, memory: 8Gi, quota: true}}\n"
    project.write("environments/dev.yaml", DEV + budget)
    (found,) = _diagnosed(project, "  ResourceQuota/ns/all: {spec: {hard: {pods: '3'}}}\n")
    assert (found.rule, str(found.location)) == ("catalog/duplicate-name", "models.yaml:8:3")
    assert [str(related.location) for related in found.related] == ["environments/dev.yaml:12:16"]


def _diagnosed(project: Project, text: str) -> list[Diagnostic]:
    project.write("models.yaml", IRIS + "extraManifests:\n" + text)
    return [d for d in project.validate().diagnostics if d.severity is Severity.ERROR]


def test_a_rendered_account_satisfies_a_reference(project: Project) -> None:
    wanted = IRIS + "    serviceAccountName: reader\n"
    project.write("models.yaml", wanted)
    assert [d.rule for d in project.validate().diagnostics] == ["kubernetes/reference"]
    project.write("models.yaml", wanted + "extraManifests: {ServiceAccount/ns/reader: {}}\n")
    assert project.validate().diagnostics == ()


def test_images_and_quantities_are_those_of_models_and_addresses_are_not(project: Project) -> None:
    words = "images: [{name: nginx, newName: registry.example.com/nginx}]\nuriPrefixes: {'s3://a/': 's3://b/'}\n"
    project.write("environments/dev.yaml", DEV + words)
    text = """\
extraManifests:
  apps/Deployment/ns/web:
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
          - {name: web, image: "nginx:1", resources: {limits: {cpu: 1000m}}, env: [{name: uri, value: s3://a/x}]}
"""
    project.write("models.yaml", IRIS + text)
    spec: JsonObject = project.built()["Deployment/web"]["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index,call-overload,assignment]
    assert spec["image"] == "registry.example.com/nginx:1"
    assert spec["resources"] == {"limits": {"cpu": "1"}}
    assert spec["env"] == [{"name": "uri", "value": "s3://a/x"}]


@pytest.mark.parametrize(("scope", "rules"), [("Cluster", []), ("Namespaced", ["catalog/no-namespace"])])
def test_the_schema_of_a_kind_says_whether_it_has_a_namespace(project: Project, scope: str, rules: list[str]) -> None:
    shape: JsonObject = {"type": "object", "properties": {"spec": {"type": "object"}}}
    version: JsonObject = {"name": "v1", "served": True, "schema": {"openAPIV3Schema": shape}}
    spec: JsonObject = {"group": "a.io", "names": {"kind": "Tenant"}, "scope": scope, "versions": [version]}
    metadata: JsonObject = {"properties": {"metadata": {"type": "object"}}}
    (compiled,) = compile_definition({"spec": spec}, metadata, {})
    project.write("schemas/crds/a.io/tenant_v1.json", json.dumps(compiled.schema))
    assert [found.partition(" ")[2] for found in _only(project, "  a.io/Tenant/search: {spec: {}}\n")] == rules


@pytest.mark.parametrize(
    ("file", "before", "hint"),
    [
        ("models.yaml", IRIS, ""),
        ("environments/prod.yaml", PROD, "Say it where the object is defined; null in its place removes it here."),
    ],
)
def test_where_environments_may_be_said(project: Project, file: str, before: str, hint: str) -> None:
    project.write(file, before + "extraManifests: {ConfigMap/ns/settings: {environments: 3}}\n")
    hints = [d.hint for d in project.validate().diagnostics if d.path.endswith(".environments")]
    assert hints
    assert ("null in its place" in hints[0]) == bool(hint)
