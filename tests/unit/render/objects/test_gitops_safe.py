"""What an object in Git must be like, so that syncing it again changes nothing and its pods stay: a table of laws.

They are held against this repository's own output, and against catalogs that do their worst: the builder has to write
the object right, or where an author insists (`spec`, `labels`, `annotations`) a rule has to say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from tests.support.project import DEV, Project

from kservegen.catalog.field_mapping import OLD_FRAMEWORKS
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue

ROOT = Path(__file__).parents[4]
RENDERED = ROOT / "rendered"
MODELS = {"InferenceService", "LLMInferenceService", "InferenceGraph", "TrainedModel", "LocalModelNamespaceCache"}
STORED_AS = {
    "InferenceService": "serving.kserve.io/v1beta1",
    "LLMInferenceService": "serving.kserve.io/v1alpha2",
    "LLMInferenceServiceConfig": "serving.kserve.io/v1alpha2",
    "InferenceGraph": "serving.kserve.io/v1alpha1",
    "TrainedModel": "serving.kserve.io/v1alpha1",
    "ServingRuntime": "serving.kserve.io/v1alpha1",
    "ClusterServingRuntime": "serving.kserve.io/v1alpha1",
    "ClusterStorageContainer": "serving.kserve.io/v1alpha1",
    "LocalModelCache": "serving.kserve.io/v1alpha1",
    "LocalModelNamespaceCache": "serving.kserve.io/v1alpha1",
    "LocalModelNodeGroup": "serving.kserve.io/v1alpha1",
}
# Keys that a tool or KServe writes: on a model they come and go, and take the pods with them.
FOREIGN = re.compile(
    r"(argocd\.argoproj\.io|(kustomize|helm)\.toolkit\.fluxcd\.io|(meta\.)?helm\.sh|internal\.serving\.kserve\.io)/"
    r"|app\.kubernetes\.io/instance$|kubectl\.kubernetes\.io/|^modelFormat$"
)
CHANGING = re.compile(r"[0-9a-f]{40}|20[0-9]{2}-[01][0-9]-[0-3][0-9]T")


def marks(doc: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    spec = mapping(doc.get("spec"))
    for holder in (mapping(doc["metadata"]), spec, *map(mapping, (spec.get("predictor"), spec.get("prefill")))):
        for field in ("labels", "annotations"):
            yield from mapping(holder.get(field)).items()


def nothing_changing_on_a_model(doc: JsonObject) -> list[str]:
    return [f"{key}: {value}" for key, value in marks(doc) if FOREIGN.search(key) or CHANGING.search(str(value))]


def nothing_that_the_server_writes(doc: JsonObject) -> list[str]:
    metadata = set(mapping(doc["metadata"])) - {"name", "namespace", "labels", "annotations"}
    return sorted(metadata | (set(doc) - {"apiVersion", "kind", "metadata", "spec"}))


def the_version_that_is_stored(doc: JsonObject) -> list[str]:
    return [] if doc["apiVersion"] == STORED_AS[str(doc["kind"])] else [str(doc["apiVersion"])]


def no_old_mode(doc: JsonObject) -> list[str]:
    mode = mapping(mapping(doc["metadata"]).get("annotations")).get("serving.kserve.io/deploymentMode")
    return [str(mode)] if mode in {"RawDeployment", "Serverless"} else []


def no_framework_field(doc: JsonObject) -> list[str]:
    return sorted(set(OLD_FRAMEWORKS) & set(mapping(mapping(doc.get("spec")).get("predictor"))))


def the_serving_container_has_its_name(doc: JsonObject) -> list[str]:
    if doc["kind"] != "InferenceService":
        return []
    spec = mapping(doc["spec"])
    parts = {name: mapping(spec.get(name)) for name in ("predictor", "transformer", "explainer")}
    custom = [part for name, part in parts.items() if part.get("containers") and "model" not in part]
    first = [text(mapping(sequence(part["containers"])[0]).get("name")) for part in custom]
    return [name for name in first if name != "kserve-container"]


# As Go writes a quantity: the largest suffix that leaves a whole number, thousandths at the least.
WHOLE = re.compile(r"(0|[1-9][0-9]*)(m|k|Ki|M|Mi|G|Gi|T|Ti)?\Z")
STEP = {"m": 1000, "k": 1000, "M": 1000, "G": 1000, "Ki": 1024, "Mi": 1024, "Gi": 1024}
HOLDERS = {"requests", "limits", "hard", "defaultRequest", "capacity"}
FIELDS = {"sizeLimit", "storageLimit", "modelSize", "averageValue", "storage"}


def quantities(value: JsonValue, key: str = "") -> Iterator[JsonValue]:
    if isinstance(value, dict):
        for name, item in value.items():
            if (key in HOLDERS and not isinstance(item, dict)) or (name in FIELDS and not isinstance(item, dict)):
                yield item
            else:
                yield from quantities(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from quantities(item)


def canonical_quantities(doc: JsonObject) -> list[str]:
    bad = []
    for value in quantities(doc.get("spec")):
        match = WHOLE.match(value) if isinstance(value, str) else None
        if match is None or (int(match[1]) and int(match[1]) % STEP.get(match[2] or "", 10**30) == 0):
            bad.append(repr(value))
    return bad


MODEL_LAWS: tuple[Callable[[JsonObject], list[str]], ...] = (
    nothing_changing_on_a_model,
    nothing_that_the_server_writes,
    the_version_that_is_stored,
    no_old_mode,
    no_framework_field,
    the_serving_container_has_its_name,
    canonical_quantities,
)


def broken(doc: JsonObject) -> dict[str, list[str]]:
    found = {law.__name__: law(doc) for law in MODEL_LAWS}
    return {name: seen for name, seen in found.items() if seen}


OUTPUT = {
    path.relative_to(RENDERED).as_posix(): yaml.safe_load(path.read_text("utf-8"))
    for path in sorted(RENDERED.rglob("*.yaml"))
    if "/platform/" not in path.as_posix()
}


@pytest.mark.parametrize("file", [file for file, doc in OUTPUT.items() if doc["kind"] in STORED_AS])
def test_this_repository_s_models_are_safe(file: str) -> None:
    assert broken(OUTPUT[file]) == {}


def test_this_repository_has_models() -> None:
    assert len([doc for doc in OUTPUT.values() if doc["kind"] in MODELS]) >= 8


WAVES = [file for file, doc in OUTPUT.items() if "argocd.argoproj.io/sync-wave" in str(doc["metadata"])]


@pytest.mark.parametrize("file", WAVES)
def test_a_wave_is_text_on_the_engine_s_objects_alone(file: str) -> None:
    doc = OUTPUT[file]
    assert doc["kind"] in {"Application", "AppProject", "ApplicationSet"}
    wave = doc["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]
    assert isinstance(wave, str)
    assert re.search(rf'sync-wave: "{wave}"$', (RENDERED / file).read_text("utf-8"), re.MULTILINE)


def test_there_are_waves() -> None:
    assert len(WAVES) > 12


# Argo CD's tracking id holds the name, and KServe copies it to the pods: a change here restarts models.
CONTRACT = {
    "kserve-crds": ["kserve-crd", "kserve-llmisvc-crd"],
    "kserve-resources": ["kserve-resources"],
    "kserve-llmisvc-resources": ["kserve-llmisvc-resources"],
    "kserve-runtime-configs": ["kserve-runtime-configs"],
    "cluster": ["cluster"],
    "policies": ["policies"],
    "models-kserve-inference": ["models/kserve-inference"],
}


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_names_and_paths_of_applications_stay(environment: str) -> None:
    found = {}
    for file, doc in OUTPUT.items():
        if file.startswith(f"{environment}/sync/applications/") and doc["kind"] == "Application":
            sources = doc["spec"].get("sources") or [doc["spec"]["source"]]
            places = [source.get("chart") or source.get("path") for source in sources if "ref" not in source]
            assert file.endswith(f"/application-{doc['metadata']['name']}.yaml")
            found[doc["metadata"]["name"]] = [place.removeprefix(f"rendered/{environment}/") for place in places]
    assert found == {f"{environment}-{name}": places for name, places in CONTRACT.items()}


# What an author may write, in words that the builder has a hand in: the object comes out right.
MENDED: dict[str, str] = {
    "quantities in words": """
        m:
          modelFormat: sklearn
          storageUri: s3://a/b
          resources: {requests: {cpu: 1000m, memory: 1024Mi}, limits: {cpu: 5000m, memory: 2048Mi}}
        """,
    "quantities as numbers": """
        m:
          modelFormat: sklearn
          storageUri: s3://a/b
          resources: {requests: {cpu: 1, memory: 1073741824}, limits: {cpu: 1.5, memory: 2Gi}}
        """,
    "quantities by KServe's own path": """
        m:
          modelFormat: sklearn
          storageUri: s3://a/b
          spec:
            predictor:
              model: {resources: {requests: {cpu: "0.25", memory: 4096Ki}}}
              volumes: [{name: shm, emptyDir: {medium: Memory, sizeLimit: 1024Mi}}]
        """,
    "quantities of an LLM": """
        m:
          kind: LLMInferenceService
          model: hf://a/b
          resources: {requests: {cpu: 4000m, memory: 24576Mi}, limits: {cpu: 8, memory: 32Gi}}
        """,
    "a custom container": """
        m: {image: "registry.example.com/own:1", ports: [{containerPort: 8080}]}
        """,
    "a transformer": """
        m:
          modelFormat: sklearn
          storageUri: s3://a/b
          transformer: {image: "registry.example.com/own:1"}
        """,
    "an accelerator": """
        m: {modelFormat: huggingface, storageUri: "hf://a/b", accelerator: {type: l4, count: 1}}
        """,
    "every annotation that is a word": """
        m: {modelFormat: sklearn, storageUri: "s3://a/b", deploymentMode: Standard, autoscalerClass: none, stop: true}
        """,
    "an old framework field": """
        m: {spec: {predictor: {sklearn: {storageUri: "s3://a/b"}}}}
        """,
    "containers by another name": """
        m:
          spec:
            predictor: {containers: [{name: server, image: "registry.example.com/own:1"}]}
            transformer: {containers: [{name: before, image: "registry.example.com/own:1"}]}
        """,
    "an owner, which is no label": """
        m: {modelFormat: sklearn, storageUri: "s3://a/b", owner: search}
        """,
}


@pytest.mark.parametrize("name", MENDED)
def test_the_builder_writes_it_right(name: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.models("models:\n" + MENDED[name])
    found = [d.rule for d in project.validate().diagnostics if d.rule.startswith(("gitops/", "schema/", "yaml/"))]
    assert found == []
    project.render()
    (path,) = (tmp_path / "rendered/dev/models/ns").glob("*.yaml")
    assert broken(yaml.safe_load(path.read_text("utf-8"))) == {}


# What an author insists on, through the escape hatches: a rule says so, at the line.
INSISTED: dict[str, tuple[str, str, str]] = {
    "a wave": (
        'm: {modelFormat: sklearn, storageUri: "s3://a/b", annotations: {argocd.argoproj.io/sync-wave: "1"}}',
        "gitops/tool-key",
        "nothing_changing_on_a_model",
    ),
    "what Helm writes": (
        'm: {modelFormat: sklearn, storageUri: "s3://a/b", annotations: {meta.helm.sh/release-name: m}}',
        "gitops/tool-key",
        "nothing_changing_on_a_model",
    ),
    "a label of Flux": (
        'm: {modelFormat: sklearn, storageUri: "s3://a/b", labels: {kustomize.toolkit.fluxcd.io/name: m}}',
        "gitops/tool-key",
        "nothing_changing_on_a_model",
    ),
    "a tool's key on a component": (
        'm: {modelFormat: sklearn, storageUri: "s3://a/b", spec: {predictor: {annotations: {helm.sh/chart: m}}}}',
        "gitops/tool-key",
        "nothing_changing_on_a_model",
    ),
    "the tracking label": (
        'm: {modelFormat: sklearn, storageUri: "s3://a/b", labels: {app.kubernetes.io/instance: m}}',
        "gitops/tracking-label",
        "nothing_changing_on_a_model",
    ),
    "a commit": (
        'm: {modelFormat: sklearn, storageUri: "s3://a", annotations: {sha: 0123456789abcdef0123456789abcdef01234567}}',
        "gitops/volatile-value",
        "nothing_changing_on_a_model",
    ),
    "a time on an LLM": (
        'm: {kind: LLMInferenceService, model: "hf://a/b", spec: {annotations: {at: "2026-03-31T12:00:00Z"}}}',
        "gitops/volatile-value",
        "nothing_changing_on_a_model",
    ),
    "KServe's internal label": (
        'm: {modelFormat: sklearn, storageUri: "s3://a/b", labels: {internal.serving.kserve.io/a: b}}',
        "kserve/internal-key",
        "nothing_changing_on_a_model",
    ),
    "an old mode": (
        'm: {modelFormat: pmml, storageUri: "s3://a", annotations: {serving.kserve.io/deploymentMode: RawDeployment}}',
        "kserve/deprecated-mode",
        "no_old_mode",
    ),
}


@pytest.mark.parametrize("name", INSISTED)
def test_a_rule_says_what_the_builder_leaves(name: str, tmp_path: Path) -> None:
    words, rule, law = INSISTED[name]
    project = Project(tmp_path)
    project.models(f"models:\n  {words}\n")
    found = [(d.rule, d.location.line) for d in project.validate().diagnostics]
    assert (rule, 4) in found
    project.render()
    (path,) = (tmp_path / "rendered/dev/models/ns").glob("*.yaml")
    assert law in broken(yaml.safe_load(path.read_text("utf-8")))  # else the rule would be a false alarm


# What the catalog's schema does not let through in the first place.
REFUSED: dict[str, str] = {
    "finalizers": 'm: {modelFormat: sklearn, storageUri: "s3://a/b", finalizers: [inferenceservice.finalizers]}',
    "a status": 'm: {modelFormat: sklearn, storageUri: "s3://a/b", status: {}}',
    "metadata": 'm: {modelFormat: sklearn, storageUri: "s3://a/b", metadata: {resourceVersion: "1"}}',
    "another version": 'm: {modelFormat: sklearn, storageUri: "s3://a/b", apiVersion: serving.kserve.io/v1alpha1}',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_server_writes_cannot_be_said(name: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.models(f"models:\n  {REFUSED[name]}\n")
    assert [d.rule for d in project.validate().diagnostics if d.severity.name == "ERROR"]


def test_two_tools_of_different_versions_would_write_the_same(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        "environments/dev.yaml", DEV.replace("{engine: none}", "{engine: argocd, repoURL: 'https://a/b.git'}")
    )
    project.render()
    written = {path: path.read_text("utf-8") for path in (tmp_path / "rendered").rglob("*") if path.is_file()}
    stamps = {
        str(path): re.findall(r"kservegen.?v?[0-9]+\.[0-9]+|[0-9a-f]{40}", body) for path, body in written.items()
    }
    assert {path: found for path, found in stamps.items() if found} == {}
