"""The lock of an environment: read, checked, written into addresses, and asked before the shipped table."""

from __future__ import annotations

import pytest
from tests.support.project import Project

from kservegen.commands.explain import explain_entry
from kservegen.commands.gpu import Account, account_for
from kservegen.evaluate.project import open_project

DEV = """\
version: 1
cluster: {name: dev}
kserve: {version: v0.19.0, deploymentMode: Standard}
prerequisites: [cert-manager, gateway-api, Gateway/kserve/kserve-ingress-gateway]
namespaces: {ns: {}}
gitops: {engine: none}
accelerators:
  l4: {resource: nvidia.com/gpu, gpu: L4, nodeSelector: {gpu: L4}}
uriPrefixes: {"hf://old/": "hf://acme/"}
"""
REVISION = "0123456789abcdef0123456789abcdef01234567"
LOCK = f"""\
version: 1
models:
  hf://acme/tiny:
    revision: {REVISION}
    weightBytes: {{BF16: 988097824}}
    config:
      architecture: Qwen2ForCausalLM
      num_hidden_layers: 24
      hidden_size: 896
      intermediate_size: 4864
      num_attention_heads: 14
      num_key_value_heads: 2
      vocab_size: 151936
      max_position_embeddings: 32768
"""
GPU = "resources: {limits: {nvidia.com/mig-1g.5gb: '1'}}"  # a slice of a card that nobody names
USED = f"models: {{one: {{kind: LLMInferenceService, model: hf://acme/tiny, {GPU}}}}}\n"
CHAT = "kind: LLMInferenceService, accelerator: {type: l4}, args: {max-model-len: 8192}"


@pytest.fixture
def locked(project: Project) -> Project:
    project.write("environments/dev.yaml", DEV)
    project.write("environments/dev.lock.yaml", LOCK)
    return project


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ("hf://acme/tiny", f"hf://acme/tiny:{REVISION}"),
        ("hf://old/tiny", f"hf://acme/tiny:{REVISION}"),  # uriPrefixes first: the lock has what the cluster will read
        ("hf://acme/tiny:main", "hf://acme/tiny:main"),
        ("hf://acme/other", "hf://acme/other"),
        ("s3://models/tiny", "s3://models/tiny"),
    ],
)
def test_a_locked_address_gets_its_revision_and_no_other(locked: Project, written: str, rendered: str) -> None:
    locked.models(
        f"""\
        models:
          one: {{modelFormat: huggingface, storageUri: "{written}", resources: {{limits: {{memory: 4Gi}}}}}}
          two: {{kind: LLMInferenceService, model: {{uri: "{written}", name: two}}, {GPU}}}
        """
    )
    assert locked.spec("one")["predictor"] == {
        "model": {
            "modelFormat": {"name": "huggingface"},
            "storageUri": rendered,
            "resources": {"limits": {"memory": "4Gi"}},
        }
    }
    assert locked.spec("two")["model"] == {"name": "two", "uri": rendered}


def test_nothing_but_the_served_address_is_pinned(locked: Project) -> None:
    before = "hf://acme/tiny"
    locked.models(
        f"""\
        models:
          one:
            kind: LLMInferenceService
            {GPU}
            model: {{uri: {before}, lora: {{adapters: [{{name: a, uri: {before}}}]}}}}
        """
    )
    assert locked.spec("one")["model"] == {
        "name": "one",
        "uri": f"{before}:{REVISION}",
        "lora": {"adapters": [{"name": "a", "uri": before}]},
    }


def test_another_environment_keeps_its_own_pace(locked: Project) -> None:
    locked.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    locked.models(f"models: {{one: {{kind: LLMInferenceService, model: hf://acme/tiny, {GPU}}}}}\n")
    assert locked.spec("one", "prod")["model"] == {"name": "one", "uri": "hf://acme/tiny"}


@pytest.mark.parametrize(
    ("lock", "problems"),
    [
        (LOCK.replace(REVISION, "main"), ["environments/dev.lock.yaml:4:15 schema/pattern"]),
        (LOCK.replace("revision", "revison"), ["environments/dev.lock.yaml:4:5 schema/unknown-field"]),
        ("[]\n", ["environments/dev.lock.yaml:1:1 catalog/not-a-map"]),
        (LOCK.replace("14", "many"), ["environments/dev.lock.yaml:11:28 schema/wrong-type"]),
    ],
)
def test_mistakes_in_the_lock_are_found_at_its_lines(locked: Project, lock: str, problems: list[str]) -> None:
    locked.models(USED)
    locked.write("environments/dev.lock.yaml", lock)
    assert locked.problems() == problems


def test_a_lock_without_environment_locks_nothing(locked: Project) -> None:
    locked.models(USED)
    locked.write("environments/stage.lock.yaml", LOCK)
    assert locked.problems() == ["environments/stage.lock.yaml:1:1 catalog/file-name"]


@pytest.mark.parametrize("address", ["hf://acme/tiny", "s3://models/tiny", "pvc://claim/tiny"])
def test_the_estimate_asks_the_lock_before_the_table(locked: Project, address: str) -> None:
    lock = LOCK.replace("hf://acme/tiny", address)
    locked.write(
        "environments/dev.lock.yaml",
        lock if address.startswith("hf:") else lock.replace(f"    revision: {REVISION}\n", ""),
    )
    locked.models(f"models: {{one: {{model: {address}, {CHAT}}}}}\n")
    account = _account(locked)
    assert account.fit.model is not None
    assert account.fit.known_from == "environments/dev.lock.yaml"
    assert account.fit.model.weight_bytes == 988097824
    assert account.fit.estimate is not None
    assert "gpu/unknown-model" not in {d.rule for d in locked.validate().diagnostics}


def test_a_pin_without_dimensions_leaves_the_estimate_to_the_table(locked: Project) -> None:
    lock = f"version: 1\nmodels:\n  hf://Qwen/Qwen2.5-7B-Instruct: {{revision: {REVISION}}}\n"
    locked.write("environments/dev.lock.yaml", lock)
    locked.models(f"models: {{one: {{model: hf://Qwen/Qwen2.5-7B-Instruct, {CHAT}}}}}\n")
    account = _account(locked)
    assert account.fit.model is not None
    assert account.fit.known_from == "facts/models.json"


def test_explain_names_the_line_of_the_lock(locked: Project) -> None:
    locked.models("models: {one: {modelFormat: huggingface, storageUri: hf://acme/tiny}}\n")
    fields = {f.path: f for f in explain_entry(open_project(locked.repository), "dev", "one").fields}
    pinned = fields["spec.predictor.model.storageUri"]
    assert (pinned.layer, str(pinned.location)) == ("lock", "environments/dev.lock.yaml:4:15")


def _account(project: Project) -> Account:
    (account,) = account_for(open_project(project.repository), (), None, None).servers
    return account
