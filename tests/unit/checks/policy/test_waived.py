"""Waivers in the cluster: what is rendered lets a waived object through, and the engine here still finds it."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

from kservegen.commands.validate import validate
from kservegen.core.jsontypes import JsonObject

MODELS = "models:\n  qwen: {modelFormat: huggingface, storageUri: hf://org/qwen}\n"
WAIVER = "waivers: {w: {rule: policy/pinned-revision, model: qwen, reason: r, owner: o, expires: 2099-01-01}}\n"
BOUND = "policies: {render: true, bindings: {pinned-revision: {actions: [Deny]}, gpu-whole: {actions: [Deny]}}}\n"


def spec(doc: JsonObject) -> JsonObject:
    found = doc["spec"]
    assert isinstance(found, dict)
    return found


@pytest.fixture
def waived(project: Project) -> Project:
    project.models(MODELS)
    project.write("environments/dev.yaml", DEV + BOUND + WAIVER)
    return project


def rendered(project: Project) -> dict[str, str]:
    assert project.render().exit_code == 0
    folder = project.root / "rendered" / "dev" / "policies"
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_the_cluster_lets_through_what_is_waived(waived: Project) -> None:
    files = rendered(waived)
    assert "waived: InferenceService/ns/qwen\n" in files["configmap-policy-pinned-revision.yaml"]
    policy = files["validatingadmissionpolicy-pinned-revision.yaml"]
    assert "- name: not-waived\n" in policy
    assert "  paramKind:\n    apiVersion: v1\n    kind: ConfigMap\n" in policy
    binding = files["validatingadmissionpolicybinding-pinned-revision.yaml"]
    assert "    name: policy-pinned-revision\n" in binding
    assert "    parameterNotFoundAction: Allow\n" in binding


def test_other_policies_stay_as_they_are(waived: Project) -> None:
    files = rendered(waived)
    assert "not-waived" not in files["validatingadmissionpolicy-gpu-whole.yaml"]
    assert "configmap-policy-gpu-whole.yaml" not in files


def test_the_engine_still_finds_it(waived: Project) -> None:
    (found,) = validate(waived.repository).diagnostics
    assert (found.rule, found.waived is not None) == ("policy/pinned-revision", True)


def test_parameters_are_kept_beside_what_is_waived(project: Project) -> None:
    project.models("models:\n  iris: {modelFormat: sklearn, storageUri: http://x/y}\n")
    bound = "policies: {render: true, bindings: {storage-scheme: {actions: [Deny], params: {schemes: [hf]}}}}\n"
    waiver = WAIVER.replace("pinned-revision", "storage-scheme").replace("model: qwen", "model: iris")
    project.write("environments/dev.yaml", DEV + bound + waiver)
    data = rendered(project)["configmap-policy-storage-scheme.yaml"]
    assert "  schemes: hf\n  waived: InferenceService/ns/iris\n" in data


def test_a_binding_that_takes_another_s_parameters_is_told_of(project: Project) -> None:
    project.models(MODELS)
    bound = (
        "policies:\n  render: true\n  bindings:\n    storage-scheme: {actions: [Deny], params: {schemes: [hf]}}\n"
        "    second: {policyName: storage-scheme, actions: [Audit], paramRef: {name: policy-storage-scheme}}\n"
    )
    project.write("environments/dev.yaml", DEV + bound + WAIVER.replace("pinned-revision", "storage-scheme"))
    found = [f"{d.location} {d.rule}" for d in project.validate().diagnostics]
    assert "environments/dev.yaml:16:13 policy/waiver-out-of-reach" in found


WHOLE = "InferenceService/ns/iris,InferenceService/ns/qwen,InferenceService/other/far"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("models: ns/*", "InferenceService/ns/iris,InferenceService/ns/qwen"),
        ("models: {owner: ml}", "InferenceService/ns/qwen,InferenceService/other/far"),
        ("models: ['*/far', iris], model: qwen", WHOLE),
    ],
)
def test_a_pattern_is_written_out_for_the_cluster(words: str, names: str, project: Project) -> None:
    hugging = "modelFormat: huggingface, storageUri: hf://org/"
    project.models(
        f"models:\n  qwen: {{{hugging}qwen, owner: ml}}\n  iris: {{modelFormat: sklearn, storageUri: s3://b/c}}\n"
        f"  other/far: {{{hugging}far, owner: ml}}\n"
    )
    bound = DEV.replace("{ns: {}}", "{ns: {}, other: {}}") + BOUND
    rest = "reason: r, owner: o, expires: 2099-01-01"
    named = f"rules: [policy/pinned-revision, policy/gpu-whole], {words}, {rest}"
    whole = f"rule: policy/pinned-revision, models: '*/*', {rest}"
    project.write("environments/dev.yaml", f"{bound}waivers:\n  w: {{{named}}}\n  all: {{{whole}}}\n")
    files = rendered(project)
    assert f"  waived: {names}\n" in files["configmap-policy-gpu-whole.yaml"]
    assert f"  waived: {WHOLE}\n" in files["configmap-policy-pinned-revision.yaml"]
