from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.formats.jsonschema.schema_samples import SCHEMAS, STORE, VERSIONS

from kservegen.core.errors import GeneratorError
from kservegen.formats.jsonschema.store import SchemaStore, UnknownSchemaError, schema_path

ISVC = ("serving.kserve.io/v1beta1", "InferenceService")

PATHS = {
    (*ISVC, "v0.19.0"): "kserve/v0.19.0/serving.kserve.io/inferenceservice_v1beta1.json",
    ("v1", "Namespace", "v0.19.0"): "kubernetes/v1.34/namespace_v1.json",
    ("argoproj.io/v1alpha1", "AppProject", "v0.19.0"): "argocd/v3.2/argoproj.io/appproject_v1alpha1.json",
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        "v0.20.0",
    ): "kubernetes/v1.34/admissionregistration.k8s.io/validatingadmissionpolicy_v1.json",
    (
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        "v0.19.0",
    ): "flux/v2.9/kustomize.toolkit.fluxcd.io/kustomization_v1.json",
    ("cert-manager.io/v1", "Certificate", "v0.19.0"): "crds/cert-manager.io/certificate_v1.json",
}


@pytest.mark.parametrize("words", PATHS, ids=lambda words: words[1])
def test_one_path_for_each_kind(words: tuple[str, str, str]) -> None:
    api_version, kind, version = words
    assert str(schema_path(api_version, kind, kserve_version=version)) == PATHS[words]


HOSTILE = {
    "version": (*ISVC, "../../../etc"),
    "absolute version": (*ISVC, "/etc"),
    "version with a newline": (*ISVC, "v0.19.0\n"),
    "group": ("../x/v1", "InferenceService", "v0.19.0"),
    "group with dots": ("../v1", "InferenceService", "v0.19.0"),
    "api version": ("serving.kserve.io/../v1beta1", "InferenceService", "v0.19.0"),
    "kind": ("serving.kserve.io/v1beta1", "../inferenceservice", "v0.19.0"),
    "empty": ("", "", ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_word_leads_out_of_the_folders(name: str) -> None:
    api_version, kind, version = HOSTILE[name]
    assert schema_path(api_version, kind, kserve_version=version) is None
    with pytest.raises(UnknownSchemaError):
        STORE.get(api_version, kind, kserve_version=version)


def test_versions_are_sorted_as_numbers(tmp_path: Path) -> None:
    for name in ("v0.9.0", "v0.20.0", "v0.20.0-rc1", "latest"):
        (tmp_path / "kserve" / name).mkdir(parents=True)
    assert SchemaStore([tmp_path]).versions() == ("v0.9.0", "v0.20.0-rc1", "v0.20.0")
    assert STORE.versions() == VERSIONS


def test_an_unknown_version_names_the_known_ones() -> None:
    with pytest.raises(UnknownSchemaError, match="unknown KServe version") as caught:
        STORE.get(*ISVC, kserve_version="v0.18.0")
    assert caught.value.known == VERSIONS
    assert "v0.19.0, v0.20.0" in caught.value.hint


@pytest.mark.parametrize(
    ("api_version", "kind", "meant"),
    [
        ("serving.kserve.io/v1beta1", "InferenceServices", "serving.kserve.io/v1beta1/InferenceService"),
        ("serving.kserve.io/v1alpha2", "LLMInferenceservic", "serving.kserve.io/v1alpha2/LLMInferenceService"),
        ("v1", "Namespaces", "v1/Namespace"),
    ],
)
def test_an_unknown_kind_is_no_fallback(api_version: str, kind: str, meant: str) -> None:
    with pytest.raises(UnknownSchemaError) as caught:
        STORE.get(api_version, kind, kserve_version="v0.19.0")
    assert f"Did you mean {meant}?" in caught.value.hint


def test_a_retired_version_of_a_kind_is_unknown() -> None:
    with pytest.raises(UnknownSchemaError):
        STORE.get("serving.kserve.io/v1alpha2", "InferenceService", kserve_version="v0.19.0")


def test_the_first_folder_wins_and_the_second_fills(tmp_path: Path) -> None:
    own = tmp_path / "kserve" / "v0.99.0" / "serving.kserve.io" / "inferenceservice_v1beta1.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"title": "own"}))
    store = SchemaStore([tmp_path, SCHEMAS])
    assert store.get(*ISVC, kserve_version="v0.99.0") == {"title": "own"}
    assert store.get("v1", "Namespace", kserve_version="v0.99.0")["additionalProperties"] is False
    assert store.versions() == (*VERSIONS, "v0.99.0")
    assert store.kinds("v0.99.0") == ("serving.kserve.io/v1beta1/inferenceservice",)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_broken_schema_is_an_operators_business(tmp_path: Path, content: str) -> None:
    own = tmp_path / "kserve" / "v0.19.0" / "serving.kserve.io" / "inferenceservice_v1beta1.json"
    own.parent.mkdir(parents=True)
    own.write_text(content)
    with pytest.raises(GeneratorError, match=r"inferenceservice_v1beta1\.json"):
        SchemaStore([tmp_path, SCHEMAS]).get(*ISVC, kserve_version="v0.19.0")


def test_each_schema_is_read_once() -> None:
    assert STORE.get(*ISVC, kserve_version="v0.19.0") is STORE.get(*ISVC, kserve_version="v0.19.0")
    assert STORE.validator(*ISVC, kserve_version="v0.19.0") is STORE.validator(*ISVC, kserve_version="v0.19.0")
