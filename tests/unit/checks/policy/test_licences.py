"""The licences of an environment's lock reach the policy, here and in the cluster, and no other policy."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

MODELS = """\
models:
  free: {modelFormat: huggingface, storageUri: hf://org/free}
  llama: {modelFormat: huggingface, storageUri: hf://org/llama}
  far: {modelFormat: sklearn, storageUri: s3://b/far}
"""
LOCK = f"""\
version: 1
models:
  hf://org/llama: {{license: Llama3.1}}
  hf://org/free: {{revision: "{"a" * 40}", license: apache-2.0}}
  hf://org/silent: {{license: ""}}
"""
RULE = "policy/licence-allowed"


def bind(project: Project, *bindings: str, more: str = "") -> None:
    lines = "".join(f"    {binding}\n" for binding in bindings)
    project.write("environments/dev.yaml", f"{DEV}policies:\n  render: true\n  bindings:\n{lines}{more}")


@pytest.fixture
def locked(project: Project) -> Project:
    project.models(MODELS)
    project.write("environments/dev.lock.yaml", LOCK)
    return project


def told(project: Project) -> list[tuple[str, str, str]]:
    found = (d for d in project.validate().diagnostics if d.waived is None)
    return [(f"{d.location}", d.severity.value, d.message) for d in found if d.rule == RULE]


NONE_OF = "apache-2.0, mit, bsd-2-clause, bsd-3-clause"


def test_a_licence_of_the_lock_is_judged_at_the_address(locked: Project) -> None:
    bind(locked, "licence-allowed: {actions: [Deny]}")
    assert told(locked) == [
        ("models.yaml:5:49", "error", f"hf://org/llama is under Llama3.1, which is none of: {NONE_OF}"),
        ("models.yaml:6:43", "error", "no lock has the licence of s3://b/far"),
    ]


def test_what_is_unknown_may_weigh_less(locked: Project) -> None:
    bind(
        locked,
        "licence-allowed: {actions: [Deny], params: {allowed: [apache-2.0], unknown: allow}}",
        "licence-known: {policyName: licence-allowed, actions: [Warn], params: {allowed: ['*']}}",
    )
    assert told(locked) == [
        ("models.yaml:5:49", "error", "hf://org/llama is under Llama3.1, which is none of: apache-2.0"),
        ("models.yaml:6:43", "warning", "no lock has the licence of s3://b/far"),
    ]


def test_a_licence_is_waived_as_any_policy(locked: Project) -> None:
    waiver = f"{{rule: {RULE}, models: ns/*, reason: r, owner: o, expires: 2099-01-01}}"
    bind(locked, "licence-allowed: {actions: [Deny]}", more=f"waivers: {{w: {waiver}}}\n")
    assert told(locked) == []


def test_without_a_lock_every_licence_is_unknown(project: Project) -> None:
    project.models(MODELS)
    bind(project, "licence-allowed: {actions: [Deny]}")
    assert [message for _, _, message in told(project)] == [
        f"no lock has the licence of {uri}" for uri in ("hf://org/free", "hf://org/llama", "s3://b/far")
    ]


def rendered(project: Project, name: str) -> str:
    assert project.render().exit_code == 0
    return (project.root / "rendered/dev/policies" / f"{name}.yaml").read_text("utf-8")


def test_the_cluster_is_handed_the_same_lines(locked: Project) -> None:
    bind(locked, "licence-allowed: {actions: [Deny], params: {allowed: ['*'], unknown: allow}}")
    lines = "  licences: |-\n    hf://org/free apache-2.0\n    hf://org/llama Llama3.1\n"
    assert lines in rendered(locked, "configmap-policy-licence-allowed")


@pytest.mark.parametrize(
    ("binding", "config_map"),
    [
        ("storage-scheme: {actions: [Deny], params: {schemes: [hf, s3]}}", "policy-storage-scheme"),
        ("licence-allowed: {actions: [Audit], params: {licences: s3://b/far mit}}", "policy-licence-allowed"),
    ],
    ids=["a policy that does not ask", "a binding that states them"],
)
def test_what_is_written_stays(binding: str, config_map: str, locked: Project) -> None:
    bind(locked, binding)
    assert "org/llama" not in rendered(locked, f"configmap-{config_map}")


def test_parameters_of_another_binding_have_them_too(locked: Project) -> None:
    second = "second: {policyName: licence-allowed, actions: [Warn], paramRef: {name: policy-licence-allowed}}"
    bind(locked, "licence-allowed: {actions: [Audit]}", second)
    assert {severity for _, severity, _ in told(locked)} == {"info", "warning"}


@pytest.mark.parametrize("uri", ["hf://org/free x", "hf://org/llama"])
def test_an_address_with_a_blank_says_nothing_of_another(uri: str, locked: Project) -> None:
    """A line is an address, a blank, a licence: what cannot be read back is left out."""
    locked.write(
        "environments/dev.lock.yaml", f"version: 1\nmodels:\n  '{uri}': {{license: \"mit\\n hf://b/far mit\"}}\n"
    )
    bind(locked, "licence-allowed: {actions: [Deny], params: {unknown: allow}}")
    said = [message for _, _, message in told(locked)]
    assert said == ([] if " " in uri else [f"{uri} is under mit hf://b/far mit, which is none of: {NONE_OF}"])
