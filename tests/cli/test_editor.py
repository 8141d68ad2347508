"""What editors complete, explain and refuse with the schemas of a repository, as the language server says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from tests.support.project import DEV, Project
from tests.support.yaml_language_server import LanguageServer

from kservegen.cli import cli

MODELS = """\
version: 1
shared:
  profiles:
    large: {resources: {limits: {memory: 64Gi}}}
defaults: {namespace: search, owner: ranking}
profiles:
  small: {minReplicas: 1}
models:
  iris: {modelFormat: sklearn, storageUri: "s3://models/iris"}
  ads/chat:
    kind: LLMInferenceService
    model: hf://org/chat
    owner: ads
    profile: small
runtimes:
  own-server:
    kind: ClusterServingRuntime
    supportedModelFormats: [{name: ranknet}]
llmConfigs:
  own-preset: {namespace: search}
localModelCaches:
  fast-nodes: {kind: LocalModelNodeGroup}
"""
OWNERS = """\
version: 1
platform: {reviewers: ["@acme/platform"]}
teams:
  ads: {reviewers: ["@acme/ads"], namespaces: [ads]}
"""
BASE = """\
version: 1
budgets: {all-l4: {accelerator: l4, limit: 4}}
"""
ENTRY = "models:\n  x:\n    "
LLM = f"{ENTRY}kind: LLMInferenceService\n    "


class Place(NamedTuple):
    """A place, `^`, in a file of some kind: what is among its completions, its hover, and its messages."""

    file: str
    text: str
    offers: tuple[str, ...] = ()
    hover: str = ""
    message: str = ""


# Text behind `version: 1`; a message that is blank wants none but what an unfinished line brings.
PLACES = {
    "kind": Place("models.yaml", f"{ENTRY}kind: I^", ("InferenceService", "LLMInferenceService"), "Kind of the object"),
    "words of an InferenceService": Place("models.yaml", f"{ENTRY}^", ("modelFormat", "storageUri", "canary", "stop")),
    "words of an LLM service": Place("models.yaml", f"{LLM}^", ("router", "prefill", "parallelism", "baseRefs")),
    "formats": Place("models.yaml", f"{ENTRY}modelFormat: s^", ("sklearn", "huggingface", "ranknet"), "Format of the"),
    "profile": Place("models.yaml", f"{ENTRY}profile: s^", ("small", "large"), "Profile, or list of profiles"),
    "profiles in a list": Place("models.yaml", f"{ENTRY}profile: [s^]", ("small", "large")),
    "owner": Place("models.yaml", f"{ENTRY}owner: r^", ("ranking", "ads"), "Team behind the entry"),
    "namespace": Place("models.yaml", f"{ENTRY}namespace: n^", ("search", "ns", "ads"), "Namespace of the object"),
    "environments": Place(
        "models.yaml", f"{ENTRY}environments: [d^]", ("dev", "europe"), "Environments that get this entry"
    ),
    "accelerator": Place("models.yaml", f"{ENTRY}accelerator: {{type: l^}}", ("l4",), "Name of an accelerator"),
    "runtime": Place(
        "models.yaml", f"{ENTRY}runtime: k^", ("kserve-sklearnserver", "own-server"), "Name of the Serving"
    ),
    "runtime in KServe's own form": Place(
        "models.yaml", f"{ENTRY}predictor:\n      model:\n        runtime: k^", ("kserve-sklearnserver", "own-server")
    ),
    "schemes of a URI": Place("models.yaml", f"{ENTRY}storageUri: h^", ("hf://", "s3://", "pvc://"), "Where the model"),
    "protocols": Place(
        "models.yaml", f"{ENTRY}protocolVersion: v^", ("v1", "v2", "grpc-v2"), "Protocol that the model"
    ),
    "deployment mode": Place(
        "models.yaml", f"{ENTRY}deploymentMode: S^", ("Standard", "Knative"), "How KServe runs it"
    ),
    "resources": Place(
        "models.yaml", f"{ENTRY}resources:\n      limits:\n        ^", ("cpu", "memory", "nvidia.com/gpu")
    ),
    "a wrong quantity": Place(
        "models.yaml",
        f"{ENTRY}resources:\n      limits:\n        memory: 2GB^",
        hover="Memory: 16Gi; Gi is 1024",
        message="Write a quantity such as 500m, 2 or 16Gi.",
    ),
    "a field of Kubernetes": Place(
        "models.yaml", f"{ENTRY}livenessProbe:\n      periodSeconds: 1^", hover="Seconds between two probes."
    ),
    "a word that there is none of": Place(
        "models.yaml", f"{ENTRY}modelFromat: x^", message="Property modelFromat is not"
    ),
    "arguments of servers": Place("models.yaml", f"{LLM}args:\n      ^", ("max-model-len", "tensor-parallel-size")),
    "presets": Place("models.yaml", f"{LLM}baseRefs: [{{name: k^}}]", ("kserve-config-llm-template", "own-preset")),
    "targets of a graph": Place(
        "models.yaml", "graphs:\n  g:\n    nodes:\n      root:\n        steps: [{serviceName: i^}]", ("iris", "chat")
    ),
    "entries of the catalog": Place("environments/dev.yaml", "models:\n  ^", ("iris", "ads/chat")),
    "releases": Place("environments/dev.yaml", "kserve: {version: v0^}", ("v0.19.0", "v0.20.0"), "Release of KServe"),
    "values of a chart": Place(
        "environments/dev.yaml",
        "kserve:\n  values:\n    kserve-resources:\n      kserve:\n        controller:\n          ^",
        ("gateway", "deploymentMode", "podAnnotations"),
    ),
    "a value of a chart": Place(
        "environments/dev.yaml",
        "kserve: {values: {kserve-resources: {kserve: {controller: {deploymentMode: S^}}}}}",
        ("Standard", "Knative"),
        "Deployment mode of every InferenceService that names none",
    ),
    "bases": Place("environments/dev.yaml", "extends: [e^]", ("europe",), "Base environment files (environments/bases"),
    "stages": Place(
        "environments/dev.yaml", "stages: [{environments: [d^]}]", ("dev", "europe"), "Environments that a"
    ),
    "rules": Place("environments/dev.yaml", "severities:\n  ^", ("policy/gpu-whole", "kserve/replicas")),
    "severities": Place(
        "environments/dev.yaml", "severities: {policy/gpu-whole: e^}", ("error", "ignore"), "GPUs are whole numbers"
    ),
    "waived rules": Place(
        "environments/dev.yaml",
        "waivers:\n  w:\n    rule: p^",
        ("policy/gpu-whole", "kserve/replicas"),
        message='Missing property "reason".',
    ),
    "waived models": Place(
        "environments/dev.yaml",
        "waivers:\n  w:\n    model: i^",
        ("iris", "ads/chat"),
        message='Missing property "reason".',
    ),
    "policies": Place("environments/dev.yaml", "policies:\n  bindings:\n    ^", ("gpu-whole", "pinned-revision")),
    "GPUs": Place("environments/dev.yaml", "accelerators: {a: {gpu: L^}}", ("L4", "A100-80GB"), "Model of the GPU"),
    "memory of a GPU": Place(
        "environments/dev.yaml",
        "accelerators: {a: {memory: 80GB^}}",
        hover="Memory of one GPU as its driver",
        message="Write an amount of memory such as 24Gi or 80G.",
    ),
    "operators": Place(
        "environments/dev.yaml",
        "prerequisites: [k^]",
        ("keda", "cert-manager"),
        "Operators and objects that you promise",
    ),
    "owners of budgets": Place(
        "environments/dev.yaml", "budgets: {b: {owner: a^}}", ("ads", "ranking"), "Only entries of"
    ),
    "accelerators of pools": Place("environments/dev.yaml", "nodePools: {p: {accelerator: l^}}", ("l4",)),
    "engines": Place("environments/dev.yaml", "gitops: {engine: a^}", ("argocd", "flux", "none"), "What is written to"),
    "teams": Place("owners.yaml", "platform: {reviewers: ['@a']}\nteams:\n  ^", ("ads", "ranking")),
    "environments of a team": Place(
        "owners.yaml",
        "platform: {reviewers: ['@a']}\nteams: {ads: {reviewers: ['@b'], environments: [d^]}}",
        ("dev", "europe"),
        "Environments that it is in",
    ),
    "guarded words": Place(
        "owners.yaml",
        "platform: {reviewers: ['@a'], words: [s^]}",
        ("spec", "securityContext"),
        "Fields of entries that need permission",
    ),
    "a lock": Place(
        "environments/dev.lock.yaml",
        "models: {'hf://org/chat': {revision: abc^}}",
        hover="The commit that render writes",
        message="Write a commit: 40 hexadecimal digits.",
    ),
    "dimensions in a lock": Place(
        "environments/dev.lock.yaml",
        "models: {'hf://org/chat': {config: {num_key_value_heads: 8^}}}",
        hover="Heads that keys and values are kept for.",
    ),
    "an inventory": Place(
        "environments/dev.inventory.yaml",
        "taken: 2026-01-01\ncovers: {}\nnodePools: {a: {nodes: 2^}}",
        hover="How many nodes there are.",
    ),
}
# What the server says of a line that ends before its value.
_UNFINISHED = ("Incorrect type. Expected", "Value is not accepted. Valid values:")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with the schemas that the command writes."""
    project = Project(tmp_path_factory.mktemp("editor"))
    project.write("models.yaml", MODELS)
    project.write("owners.yaml", OWNERS)
    project.write("environments/dev.yaml", f"{DEV}extends: [europe]\n")
    project.write("environments/bases/europe.yaml", BASE)
    done = CliRunner().invoke(cli, ["schema", "--write", "--root", str(project.root)])
    assert done.exit_code == 0, done.output
    return project.root


@pytest.fixture(scope="module")
def server(repository: Path) -> Iterator[LanguageServer]:
    """Run the language server on the repository."""
    with LanguageServer(repository) as running:
        yield running


@pytest.mark.parametrize("name", PLACES)
def test_editor_knows(name: str, repository: Path, server: LanguageServer) -> None:
    """Completions, the hover and the messages of a place are those of the repository."""
    place = PLACES[name]
    schema = {"models.yaml": "models", "owners.yaml": "owners", "environments/dev.yaml": "environments"}.get(
        place.file, place.file.split(".")[1]
    )
    header = f"# yaml-language-server: $schema={(repository / f'schemas/kservegen/{schema}.schema.json').as_uri()}\n"
    said = server.ask(repository / name.replace(" ", "-") / place.file, f"{header}version: 1\n{place.text}\n")

    assert set(place.offers) <= set(said.completions)
    assert place.hover in said.hover.replace("\\", "")
    messages = [message for message in said.messages if not message.startswith(_UNFINISHED)]
    assert any(message.startswith(place.message) for message in messages) if place.message else not messages
