"""Where words go: each word of an entry at its place in the object, and what contradicts itself."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from tests.support.project import DEV, Project

from kservegen.catalog import field_mapping as words
from kservegen.catalog.merge import MERGE_KEYS
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.jsonschema.shape import Shape

SCHEMAS = Path(__file__).parents[4] / "schemas" / "kserve"


def compiled(name: str, version: str = "v0.20.0") -> JsonObject:
    """Read a compiled schema."""
    path = SCHEMAS / version / "serving.kserve.io" / f"{name}.json"
    document: JsonObject = json.loads(path.read_bytes())
    return document


def properties(schema: JsonObject, *path: str) -> set[str]:
    """Return the fields of the shape at a path; `[]` steps into a list."""
    return set(mapping(Shape(schema).resolve(_at(schema, path)).get("properties")))


def _at(schema: JsonObject, path: tuple[str, ...]) -> JsonObject:
    shape, node = Shape(schema), schema
    for part in path:
        node = shape.resolve(node)
        node = mapping(node.get("items") if part == "[]" else mapping(node.get("properties")).get(part))
    return node


SERVICE = compiled("inferenceservice_v1beta1")
LLM = compiled("llminferenceservice_v1alpha2")

# Reached through KServe's own form or `spec`, not flat: another meaning stands in their way.
OWN_FORM = {"labels", "annotations", "name", "resources", "restartPolicy", "securityContext", "ephemeralContainers"}


def test_every_field_of_a_container_is_a_word() -> None:
    assert properties(SERVICE, "spec", "predictor", "containers", "[]") - words.CONTAINER == {"name"}
    assert properties(LLM, "spec", "template", "containers", "[]") - words.CONTAINER == {"name"}


def test_every_field_of_a_predictor_is_a_word_or_has_its_own_form() -> None:
    fields = properties(SERVICE, "spec", "predictor")
    assert fields - words.POD - words.PREDICTOR - set(words.OLD_FRAMEWORKS) <= OWN_FORM
    assert fields >= words.POD | words.PREDICTOR


def test_every_field_of_a_model_is_a_word() -> None:
    assert properties(SERVICE, "spec", "predictor", "model") - words.CONTAINER - words.MODEL_SPEC == {"name"}


def test_every_field_of_an_llm_is_a_word() -> None:
    assert properties(LLM, "spec") - words.LLM_SPEC == {"labels", "annotations"}
    assert properties(LLM, "spec", "template") - words.POD <= OWN_FORM


@pytest.mark.parametrize("path", sorted(SCHEMAS.rglob("*.json")), ids=lambda p: f"{p.parts[-3]}/{p.stem}")
def test_lists_merge_by_the_keys_of_the_schemas(path: Path) -> None:
    def visit(node: JsonValue, field: str) -> None:
        if isinstance(node, dict):
            keys = node.get("x-kubernetes-list-map-keys")
            if isinstance(keys, list) and field != "ownerReferences":
                assert [key for key, _ in MERGE_KEYS[field]] == keys, field
            for key, value in node.items():
                inside = node if key == "properties" else None
                if inside is None:
                    visit(value, field)
                elif isinstance(value, dict):
                    for name, shape in value.items():
                        visit(shape, name)

    visit(json.loads(path.read_bytes()), "")


# What is written for the model m -> what its spec is.
SPECS: dict[str, tuple[str, JsonObject]] = {
    "a format": (
        "{modelFormat: sklearn, storageUri: s3://b/c, minReplicas: 2, hostname: h, env: [{name: A, value: x}]}",
        {
            "predictor": {
                "minReplicas": 2,
                "hostname": "h",
                "model": {
                    "modelFormat": {"name": "sklearn"},
                    "storageUri": "s3://b/c",
                    "env": [{"name": "A", "value": "x"}],
                },
            }
        },
    ),
    "KServe's own form beside flat words": (
        "{modelFormat: sklearn, predictor: {minReplicas: 2, model: {storageUri: s3://b/c}}}",
        {"predictor": {"minReplicas": 2, "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/c"}}},
    ),
    "a framework of old": (
        "{predictor: {triton: {storageUri: s3://b/c}}}",
        {
            "predictor": {
                "model": {"modelFormat": {"name": "triton"}, "protocolVersion": "v2", "storageUri": "s3://b/c"}
            }
        },
    ),
    "a framework of old beside flat words": (
        "{args: [--x], predictor: {sklearn: {storageUri: s3://b/c}}}",
        {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "args": ["--x"], "storageUri": "s3://b/c"}}},
    ),
    "triton speaks v2": (
        "{modelFormat: triton, storageUri: s3://b/c}",
        {
            "predictor": {
                "model": {"modelFormat": {"name": "triton"}, "protocolVersion": "v2", "storageUri": "s3://b/c"}
            }
        },
    ),
    "a container of one's own": (
        "{image: a/b:1, resources: {limits: {memory: 4Gi}}}",
        {
            "predictor": {
                "containers": [
                    {
                        "name": "kserve-container",
                        "image": "a/b:1",
                        "resources": {
                            "limits": {"cpu": "1", "memory": "4Gi"},
                            "requests": {"cpu": "1", "memory": "2Gi"},
                        },
                    }
                ]
            }
        },
    ),
    "a transformer": (
        "{modelFormat: sklearn, storageUri: s3://b/c, transformer: {image: a/b:1, minReplicas: 1}}",
        {
            "predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/c"}},
            "transformer": {
                "minReplicas": 1,
                "containers": [
                    {
                        "name": "kserve-container",
                        "image": "a/b:1",
                        "resources": {
                            "limits": {"cpu": "1", "memory": "2Gi"},
                            "requests": {"cpu": "1", "memory": "2Gi"},
                        },
                    }
                ],
            },
        },
    ),
    "an accelerator": (
        "{modelFormat: sklearn, storageUri: s3://b/c, accelerator: {type: l4, count: 2}, nodeSelector: {zone: a}}",
        {
            "predictor": {
                "nodeSelector": {"gpu": "L4", "zone": "a"},
                "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
                "model": {
                    "modelFormat": {"name": "sklearn"},
                    "storageUri": "s3://b/c",
                    "resources": {"limits": {"nvidia.com/gpu": "2"}, "requests": {"nvidia.com/gpu": "2"}},
                },
            }
        },
    ),
    "canonical quantities": (
        (
            "{modelFormat: sklearn, storageUri: s3://b/c, "
            "resources: {requests: {cpu: 0.5, memory: 1024Mi}, limits: {cpu: 1000m, memory: 3072Mi}}}"
        ),
        {
            "predictor": {
                "model": {
                    "modelFormat": {"name": "sklearn"},
                    "storageUri": "s3://b/c",
                    "resources": {
                        "limits": {"cpu": "1", "memory": "3Gi"},
                        "requests": {"cpu": "500m", "memory": "1Gi"},
                    },
                }
            }
        },
    ),
    "spec is merged last": (
        "{modelFormat: sklearn, storageUri: s3://b/c, spec: {predictor: {timeout: 60}}}",
        {
            "predictor": {"timeout": 60, "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/c"}},
        },
    ),
    "an LLM": (
        (
            "{kind: LLMInferenceService, model: hf://a/b, replicas: 2, router: true, "
            "args: {max-model-len: 8192, enable-prefix-caching: true, hf-overrides: '{\"a\": 1}'}}"
        ),
        {
            "model": {"name": "m", "uri": "hf://a/b"},
            "replicas": 2,
            "router": {"gateway": {}, "route": {}, "scheduler": {}},
            "template": {
                "containers": [
                    {
                        "name": "main",
                        "args": ["--max-model-len=8192", "--enable-prefix-caching", "'--hf-overrides={\"a\": 1}'"],
                    }
                ]
            },
        },
    ),
    "an LLM with a command of its own is not quoted": (
        (
            "{kind: LLMInferenceService, model: hf://a/b, router: {route: true, scheduler: false}, "
            "command: [serve], args: {x: 'a b'}}"
        ),
        {
            "model": {"name": "m", "uri": "hf://a/b"},
            "router": {"route": {}},
            "template": {"containers": [{"name": "main", "args": ["--x=a b"], "command": ["serve"]}]},
        },
    ),
    "prefill and worker": (
        (
            "{kind: LLMInferenceService, model: hf://a/b, parallelism: {data: 2, dataLocal: 1}, "
            "worker: {accelerator: {type: l4}}, prefill: {replicas: 1, image: a/b:1}}"
        ),
        {
            "model": {"name": "m", "uri": "hf://a/b"},
            "parallelism": {"data": 2, "dataLocal": 1},
            "prefill": {"replicas": 1, "template": {"containers": [{"name": "main", "image": "a/b:1"}]}},
            "worker": {
                "containers": [
                    {
                        "name": "main",
                        "resources": {"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "1"}},
                    }
                ],
                "nodeSelector": {"gpu": "L4"},
                "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
            },
        },
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec(name: str, project: Project) -> None:
    text, expected = SPECS[name]
    project.models(f"models:\n  m: {text}\n")
    assert project.spec("m") == expected


def test_object_words(project: Project) -> None:
    project.models(
        "models:\n  m: {modelFormat: sklearn, storageUri: s3://b/c, labels: {a: b}, autoscalerClass: hpa, stop: true,"
        " deploymentMode: Standard, owner: team}\n"
    )
    assert project.built()["InferenceService/m"]["metadata"] == {
        "name": "m",
        "namespace": "ns",
        "annotations": {
            "serving.kserve.io/autoscalerClass": "hpa",
            "serving.kserve.io/deploymentMode": "Standard",
            "serving.kserve.io/stop": "true",
        },
        "labels": {"a": "b"},
    }


def test_prefixes_and_images(project: Project) -> None:
    project.write(
        "environments/dev.yaml",
        DEV + "uriPrefixes: {'s3://b/': s3://x/, 's3://b/deep/': gs://y/}\n"
        "images: [{name: a/b, newName: r.io/b, newTag: '2'}]\n",
    )
    project.models(
        "models:\n  m: {modelFormat: sklearn, storageUri: s3://b/c}\n"
        "  k: {modelFormat: sklearn, storageUri: s3://b/deep/c}\n"
        "  o: {image: 'a/b:1', env: [{name: STORAGE_URI, value: 's3://b/z'}]}\n"
    )
    built = project.built()
    assert '"storageUri": "s3://x/c"' in json.dumps(built["InferenceService/m"])
    assert '"storageUri": "gs://y/c"' in json.dumps(built["InferenceService/k"])
    assert '"image": "r.io/b:2"' in json.dumps(built["InferenceService/o"])
    assert '"value": "s3://x/z"' in json.dumps(built["InferenceService/o"])


def test_the_other_sections(project: Project) -> None:
    project.models(
        """\
        models:
          host: {modelFormat: sklearn, resources: {limits: {memory: 2Gi}}}
        graphs:
          g: {nodes: {root: {routerType: Sequence, steps: [{serviceName: host}]}}}
        trainedModels:
          t: {inferenceService: host, model: {storageUri: s3://b/t, framework: sklearn, memory: 1024Mi}}
        runtimes:
          r: {supportedModelFormats: [{name: mine}], containers: [{name: kserve-container, image: a/b:1}]}
          c: {kind: ClusterServingRuntime, containers: [{name: kserve-container, image: a/b:1}]}
        """
    )
    built = project.built()
    assert set(built) >= {
        "InferenceGraph/g",
        "TrainedModel/t",
        "ServingRuntime/r",
        "ClusterServingRuntime/c",
        "InferenceService/host",
    }
    assert '"memory": "1Gi"' in json.dumps(built["TrainedModel/t"])
    assert "namespace" not in str(built["ClusterServingRuntime/c"]["metadata"])


def test_entries_do_not_leak_into_each_other(project: Project) -> None:
    project.models(
        "profiles:\n  p: {resources: {limits: {memory: 4Gi}}, tolerations: [{key: x}], labels: {a: b}}\n"
        "models:\n"
        "  m: {modelFormat: sklearn, storageUri: s3://b/c, profile: p, accelerator: {type: l4}, labels: {c: d}}\n"
        "  k: {modelFormat: sklearn, storageUri: s3://b/c, profile: p}\n"
    )
    built = copy.deepcopy(project.built())
    assert project.built() == built
    assert "gpu" not in json.dumps(built["InferenceService/k"])
    assert mapping(built["InferenceService/k"]["metadata"])["labels"] == {"a": "b"}


ODD = ("containers: []", "labels: {}", "args: {}", "env: []", "explainer: {}", "transformer: {}", "spec: {}",
       "predictor: {}", "resources: {}", "tolerations: []", "worker: {}", "accelerator: {}", "volumes: []")  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_odd_words_crash_nothing(odd: str, project: Project) -> None:
    project.models(f"models:\n  m: {{modelFormat: sklearn, storageUri: s3://b/c, {odd}}}\n")
    assert [p for p in project.problems() if "internal/" in p] == []
    project.models(f"models:\n  m: {{{odd}}}\n")
    assert [p for p in project.problems() if "internal/" in p] == []
