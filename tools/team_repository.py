"""A repository as forty people keep one, twelve teams, four environments, both engines, written to a folder.

It uses what a large catalog needs of the language: profiles that all files share, environments that extend a base,
lists that name one. The output is the same on every run and machine; tests and measurements are made on it.
Usage: `python -m tools.team_repository DIR --models 300`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kservegen.commands.codeowners import write_codeowners
from kservegen.core.confined import repository_top
from kservegen.core.repository import Repository

TEAMS: Final = (
    "ads",
    "browse",
    "catalogue",
    "checkout",
    "fraud",
    "growth",
    "logistics",
    "pricing",
    "search",
    "support",
    "trust",
    "video",
)
PROFILES: Final = ("tiny", "small", "large", "busy", "steady", "text", "gpu")
_SHARED: Final = """\
# yaml-language-server: $schema=./schemas/kservegen/models.schema.json
# What all teams share. Their models stand in models/TEAM.yaml.
version: 1
shared:
  defaults: {serviceAccountName: models, maxReplicas: 2}
  profiles:
    tiny: {resources: {requests: {cpu: 100m, memory: 512Mi}, limits: {cpu: 500m, memory: 1Gi}}}
    small: {resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}}}
    large: {resources: {requests: {cpu: "2", memory: 6Gi}, limits: {cpu: "4", memory: 8Gi}}}
    busy: {minReplicas: 2, maxReplicas: 6}
    steady: {minReplicas: 1, maxReplicas: 1}
    text: {env: [{name: LOG_LEVEL, value: info}, {name: WORKERS, value: "2"}]}
    gpu:
      accelerator: {type: nvidia-l4, count: 1}
      resources: {requests: {cpu: "4", memory: 24Gi}, limits: {cpu: "8", memory: 32Gi}}
"""
# The queue in which the models of one team wait, and what it may take.
_QUEUED: Final = "video"
_QUEUES: Final = """\
extraManifests:
  kueue.x-k8s.io/LocalQueue/video/video: {apiVersion: kueue.x-k8s.io/v1beta2, spec: {clusterQueue: video}}
  kueue.x-k8s.io/ResourceFlavor/usual: {apiVersion: kueue.x-k8s.io/v1beta2, spec: {}}
  kueue.x-k8s.io/ClusterQueue/video:
    apiVersion: kueue.x-k8s.io/v1beta2
    spec:
      namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: video}}
      resourceGroups:
        - coveredResources: [cpu, memory, nvidia.com/gpu]
          flavors:
            - name: usual
              resources:
                - {name: cpu, nominalQuota: 400}
                - {name: memory, nominalQuota: 2Ti}
                - {name: nvidia.com/gpu, nominalQuota: 16}
"""
_DEFAULTS: Final = """\
version: 1
kserve: {version: v0.19.0, deploymentMode: Standard}
prerequisites: [cert-manager]
accelerators:
  nvidia-l4:
    resource: nvidia.com/gpu
    gpu: L4
    nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4}
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
"""
_PROD: Final = """\
# What every production cluster has; a new one is a file that extends this.
version: 1
gitops: {engine: argocd, repoURL: https://git.example.com/models.git, targetRevision: main}
nodePools:
  cpu: {nodes: {min: 0, max: 100}, allocatable: {cpu: "30", memory: 110Gi}}
  l4: {accelerator: nvidia-l4, nodes: {min: 0, max: 80}, allocatable: {cpu: "15", memory: 58Gi, accelerators: 1}}
budgets:
  l4: {accelerator: nvidia-l4, limit: 80}
policies:
  bindings:
    memory-limit: {actions: [Deny]}
    pinned-revision: {actions: [Deny]}
waivers:
  revisions:
    rule: policy/pinned-revision
    models: ["*/*-??4", "*/*-??9"]
    reason: the hub's main branch is what the benchmark serves
    owner: platform
    expires: 2027-06-30
guards: {maxRemovals: 5, maxRestartingAccelerators: 4}
uriPrefixes: {"s3://models/": s3://models-prod/}
models:
"""
_OWNERS: Final = """\
# Who holds what. Only the platform owns this file.
version: 1
platform:
  reviewers: ["@acme/platform"]
  namespaces: {labels: {pod-security.kubernetes.io/enforce: baseline}}
teams:
"""
_TEAM: Final = """\
  %s:
    reviewers: ["@acme/%s"]
    namespaces: [%s]
    quota: {cpu: 400, memory: 2Ti}
"""
# What every team's models run as, in every environment.
_ACCOUNT: Final = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: models, namespace: %s}
"""
_CLUSTER: Final = "version: 1\ncluster: {name: %s, server: https://%s.example.com}\n"
_REGION: Final = """\
version: 1
extends: [prod]
cluster: {name: prod-%s, server: https://prod-%s.example.com}
"""
_FLUX: Final = "gitops: {engine: flux, repoURL: https://git.example.com/models.git, targetRevision: main}\n"
_FORMATS: Final = ("sklearn", "xgboost", "lightgbm")


def team_repository(models: int = 300) -> dict[str, str]:
    """Return the files of a repository with so many models, by path."""
    by_team = {team: range(number, models, len(TEAMS)) for number, team in enumerate(TEAMS)}
    return {
        "models.yaml": _SHARED + _QUEUES,
        **{f"models/{team}.yaml": "".join(_team(team, numbers)) for team, numbers in by_team.items()},
        "owners.yaml": _OWNERS + "".join(_TEAM % (team, team, team) for team in TEAMS),
        "manifests/all/accounts.yaml": "---\n".join(_ACCOUNT % team for team in TEAMS),
        "environments/defaults.yaml": _DEFAULTS,
        "environments/bases/prod.yaml": _PROD + "".join(_in_production(by_team)),
        "environments/dev.yaml": _CLUSTER % ("dev", "dev") + _FLUX,
        "environments/staging.yaml": _CLUSTER % ("staging", "staging") + _FLUX,
        "environments/prod-eu.yaml": _REGION % ("eu", "eu"),
        "environments/prod-us.yaml": _REGION % ("us", "us") + f"models: {{{TEAMS[1]}-001: {{minReplicas: 2}}}}\n",
    }


def model_name(team: str, number: int) -> str:
    """Return the name of a model by its number in the whole repository."""
    return f"{team}-{number:03}"


def _team(team: str, numbers: range) -> Iterator[str]:
    queue = ", labels: {kueue.x-k8s.io/queue-name: video}" if team == _QUEUED else ""
    yield f"version: 1\ndefaults: {{namespace: {team}, owner: {team}{queue}}}\nmodels:\n"
    for number in numbers:
        yield f"  {model_name(team, number)}:\n"
        yield from (f"    {word}: {value}\n" for word, value in _words(team, number).items())


def _words(team: str, number: int) -> Mapping[str, str]:
    """Return the words of a model: one in five asks for a GPU, one in ten lives in production alone."""
    name = model_name(team, number)
    lives = {"environments": "[prod]"} if number % 10 == 9 else {}
    if number % 5 == 4:
        return {
            "modelFormat": "huggingface",
            "storageUri": "hf://Qwen/Qwen2.5-0.5B-Instruct",
            "profile": "[gpu, steady, text]",
            **lives,
            "args": f"[--model_name={name}, --max-model-len=8192]",
        }
    size = PROFILES[number % 3]
    return {
        "modelFormat": _FORMATS[number % len(_FORMATS)],
        "storageUri": f"s3://models/{team}/{name}",
        "profile": f"[{size}, text]" if number % 2 else size,
        **lives,
    }


def _in_production(by_team: Mapping[str, range]) -> Iterator[str]:
    """Yield what production says of models: every eighth one is busy there."""
    for team, numbers in by_team.items():
        for number in numbers:
            if number % 8 == 0 and number % 5 != 4:
                yield f"  {model_name(team, number)}: {{minReplicas: 2, maxReplicas: 6}}\n"


def write_team_repository(root: Path, models: int = 300) -> None:
    """Write the files below a folder; CODEOWNERS belongs to the top of git's repository, and nowhere below it."""
    for path, text in team_repository(models).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    if repository_top(root) in (None, root.absolute()):
        write_codeowners(Repository.find(root, search_parents=False))


def main() -> None:
    """Write a repository where the command line says."""
    parser = argparse.ArgumentParser(description="Write a repository of many teams.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=int, default=300)
    options = parser.parse_args()
    write_team_repository(options.folder, options.models)


if __name__ == "__main__":
    main()
