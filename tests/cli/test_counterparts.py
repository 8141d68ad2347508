"""Where two values contradict each other the finding shows the line of the other one, or says whose default it is."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import pytest
from tests.support.platforms import RELEASES, release
from tests.support.project import CLUSTER, Project

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.manifests.reference import reference_cluster
from kservegen.checks.runner import open_checker
from kservegen.commands.validate_manifests import LintOptions, lint
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.store import SchemaStore

_SERVICE: Final = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: a, namespace: ns}
spec:
"""
_LLM: Final = """\
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceService
metadata: {name: a, namespace: ns}
spec:
"""
_CONTAINER: Final = "    - {name: kserve-container, image: registry.example.com/a:1"
_RUNTIME: Final = """\
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: own, namespace: ns}
spec:
  supportedModelFormats: [{name: sklearn}]
  containers:
  - name: helper
  - name: kserve-container
    resources:
      requests: {cpu: 1}
      limits:
        cpu: 2  # other
"""
_MODEL: Final = """\
  predictor:
    model:
      modelFormat: {name: sklearn}
      runtime: own
      storageUri: s3://b/a
      resources: {requests: {cpu: 4}}
"""


def _linted(folder: Path, *files: str) -> list[Diagnostic]:
    for number, text in enumerate(files):
        (folder / f"{number}.yaml").write_text(text, "utf-8")
    schemas = SchemaStore([packaged_data() / "schemas"])
    cluster = reference_cluster(release(RELEASES.newest_reviewed), "Standard", schemas)
    options = LintOptions(paths=(folder,), cluster=cluster, schemas=schemas, open_file=TemporaryFile)
    return list(lint(open_checker(BuiltinEngine(schemas)), options).diagnostics)


def _others(found: Diagnostic) -> list[tuple[str, int]]:
    return [(Path(each.location.file).name, each.location.line) for each in found.related]


def _marked(*files: str) -> list[tuple[str, int]]:
    return [
        (f"{number}.yaml", line)
        for number, text in enumerate(files)
        for line, words in enumerate(text.splitlines(), 1)
        if words.endswith("# other")
    ]


_DESCENDING: Final = f"""{_SERVICE}\
  predictor:
    minReplicas: 5  # other
    maxReplicas: 2
    model: {{modelFormat: {{name: sklearn}}}}
"""
_OVER_LIMIT: Final = f"""{_SERVICE}\
  predictor:
    containers:
    - name: kserve-container
      image: registry.example.com/a:1
      resources:
        limits:
          cpu: 1  # other
        requests:
          cpu: 2
"""
_SAID_TWICE: Final = f"""{_LLM}\
  model: {{uri: hf://a/b}}
  template:
    containers:
    - name: main
      args:
      - --max-model-len=1  # other
      - --max-model-len=2
"""
_IDLE: Final = f"""{_LLM}\
  model: {{uri: hf://a/b}}
  template:
    containers:
    - name: main
      args:
      - --tensor-parallel-size=2  # other
      resources: {{limits: {{nvidia.com/gpu: 4}}}}
"""
_TWO_URIS: Final = f"""{_SERVICE}\
  predictor:
    storageUris:
    - uri: s3://b/a  # other
    model: {{modelFormat: {{name: sklearn}}, storageUri: s3://b/a}}
"""
_TWO_SERVERS: Final = f"""{_SERVICE}\
  predictor:
    containers:
    - name: kserve-container
      image: registry.example.com/a:1
      ports:
      - containerPort: 8080  # other
    - {{name: transformer-container, image: registry.example.com/b:1, ports: [{{containerPort: 8080}}]}}
"""
_CACHE: Final = """\
apiVersion: serving.kserve.io/v1alpha1
kind: LocalModelCache
metadata: {name: large}
spec: {sourceModelUri: "hf://org/large", modelSize: 101Gi, nodeGroups: [small]}
"""
_NODE_GROUP: Final = """\
apiVersion: serving.kserve.io/v1alpha1
kind: LocalModelNodeGroup
metadata: {name: small}
spec:
  storageLimit: 100Gi  # other
  persistentVolumeSpec: {local: {path: /models}}
  persistentVolumeClaimSpec: {}
"""
_CANARY: Final = f"""{_SERVICE}\
  predictor:
    minReplicas: 2  # other
    model: {{modelFormat: {{name: sklearn}}, storageUri: s3://b/a}}
  canary:
  - trafficPercent: 10
    predictor: {{name: v2, minReplicas: 3, model: {{storageUri: s3://b/b}}}}
"""
_CANARY_FORMAT: Final = f"""{_SERVICE}\
  predictor:
    model:
      modelFormat:
        name: sklearn  # other
      storageUri: s3://b/a
  canary:
  - trafficPercent: 10
    predictor: {{name: v2, model: {{modelFormat: {{name: sklearn, version: "9"}}, storageUri: s3://b/b}}}}
"""


@pytest.mark.parametrize(
    ("rule", "files"),
    [
        pytest.param("kserve/replicas", [_DESCENDING], id="bounds"),
        pytest.param("kubernetes/requests-over-limits", [_OVER_LIMIT], id="request and limit"),
        pytest.param("kserve/runtime-limits", [_SERVICE + _MODEL, _RUNTIME], id="model and runtime in two files"),
        pytest.param(
            "kserve/runtime-limits", [f"{_SERVICE}{_MODEL}---\n{_RUNTIME}"], id="model and runtime in one file"
        ),
        pytest.param("kserve/argument-conflict", [_SAID_TWICE], id="argument twice"),
        pytest.param("kserve/parallel-devices", [_IDLE], id="devices and size"),
        pytest.param("kserve/storage-uri-twice", [_TWO_URIS], id="storageUri and storageUris"),
        pytest.param("kserve/port-conflict", [_TWO_SERVERS], id="two ports"),
        pytest.param("kserve/cache-size", [_CACHE, _NODE_GROUP], id="cache and node group"),
        pytest.param("kserve/canary", [_CANARY], id="canary and stable"),
        pytest.param("defect/canary-format", [_CANARY_FORMAT], id="format of canary and stable"),
    ],
)
def test_a_manifest_shows_the_other_value(tmp_path: Path, rule: str, files: list[str]) -> None:
    found = [item for item in _linted(tmp_path, *files) if item.rule == rule]
    assert [_others(item) for item in found] == [_marked(*files)]


def test_a_value_in_the_same_line_is_not_shown_again(tmp_path: Path) -> None:
    text = f"{_SERVICE}  predictor: {{minReplicas: 3, maxReplicas: 2, model: {{modelFormat: {{name: sklearn}}}}}}\n"
    (found,) = _linted(tmp_path, text)
    assert (found.rule, found.related) == ("kserve/replicas", ())


def test_a_runtime_of_the_charts_is_named(tmp_path: Path) -> None:
    text = _SERVICE + _MODEL.replace("runtime: own", "runtime: kserve-sklearnserver")
    (found,) = (item for item in _linted(tmp_path, text) if item.rule == "kserve/runtime-limits")
    assert (
        found.message == "cpu is requested beyond the limit of 1 that ClusterServingRuntime kserve-sklearnserver sets"
    )


def test_a_default_limit_says_whose_it_is(tmp_path: Path) -> None:
    text = f"{_SERVICE}  predictor:\n    containers:\n{_CONTAINER}, resources: {{requests: {{memory: 4Gi}}}}}}\n"
    (found,) = (item for item in _linted(tmp_path, text) if item.rule == "kubernetes/requests-over-limits")
    assert found.message == (
        "memory is requested beyond its limit, KServe's default "
        "(ConfigMap inferenceservice-config, inferenceService.resource.memoryLimit)"
    )
    assert (found.allowed, found.related) == ("at most the limit of 2Gi", ())


def _about(project: Project, rule: str) -> list[tuple[str, list[tuple[str, int]], str]]:
    return [
        (f"{item.location.file}:{item.location.line}", _others(item), item.message)
        for item in project.validate().diagnostics
        if item.rule == rule
    ]


def test_an_entry_shows_the_profile_that_set_the_other_value(project: Project) -> None:
    project.models(
        "models:\n  a: {modelFormat: sklearn, storageUri: s3://b/a, profile: p, maxReplicas: 2}\n"
        "profiles:\n  p:\n    minReplicas: 5\n"
    )
    ((place, others, _),) = _about(project, "kserve/replicas")
    assert (place, others) == ("models.yaml:4", [("models.yaml", 7)])


_OWN: Final = """\
models:
  a:
    image: registry.example.com/a:1
    resources: {requests: {cpu: 4}}
"""


def test_an_entry_shows_the_chart_value_of_the_environment(project: Project) -> None:
    project.models(_OWN)
    project.write("environments/dev.yaml", CLUSTER)
    ((place, others, message),) = _about(project, "kubernetes/requests-over-limits")
    assert (place, others) == ("models.yaml:6", [])
    assert message.startswith("cpu is requested beyond its limit, KServe's default (ConfigMap inferenceservice-config")
    values = "{kserve-resources: {kserve: {inferenceservice: {resources: {limits: {cpu: 2}}}}}}"
    project.write("environments/dev.yaml", CLUSTER.replace("Standard}", f"Standard,\n  values: {values}}}"))
    ((place, others, _),) = _about(project, "kubernetes/requests-over-limits")
    assert (place, others) == ("models.yaml:6", [("dev.yaml", 4)])
