"""Runs every command that declares to use no network on a little repository, with sockets that refuse and tell.

`python -m tests.cli.offline_commands FOLDER` prints, by command, the exit codes and what was asked of a network.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.support.committed import ARGO, committed
from tests.support.git_repository import commit_files, git

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

# Every command, in an order in which the earlier leave what the later need.
RUNS = {
    "validate": ("validate", "validate rendered", "validate --output sarif"),
    "render": ("render --check", "render", "render --explain-drift"),
    "plan": ("plan", "plan --base HEAD --output markdown"),
    "check": ("check --base HEAD", "check --base HEAD --report json=report.json"),
    "convert": ("convert report.json", "convert report.json --output sarif"),
    "diff": ("diff dev prod",),
    "budget": ("budget",),
    "eject": ("eject",),
    "report": ("report",),
    "owners": ("owners",),
    "gpu": ("gpu", "gpu chat --compare H100,L4x2 --tp 1,2"),
    "facts": ("facts", "facts qwen3 fp8"),
    "explain": ("explain kserve/no-runtime", "explain chat --env dev"),
    "find": ("find iris-predictor",),
    "policy": ("policy test",),
    "simulate": ("simulate iris --env dev", "simulate rendered"),
    "upgrade": ("upgrade --to v0.20.0",),
    "set": ("set iris minReplicas=2 --yes",),
    "fmt": ("fmt --check", "fmt --factor dev prod --base all"),
    "rollback": ("rollback iris --env dev --yes",),
    "codeowners": ("codeowners", "codeowners --write"),
    "schema": ("schema models", "schema --write", "schema --check"),
    "init": ("init ../new --engine flux --tool git+https://example.com/kservegen@" + "a" * 40,),
    "completion": ("completion bash",),
}
# What the others do without one.
QUIET = {
    "adopt": ("adopt rendered/dev/models",),
    "lock": ("lock chat --env dev --facts facts.yaml",),
    "call": ("call iris --env dev --show",),
    "commit": (),
    "schemas": ("schemas add definition.yaml",),
    "promote": ("promote dev prod --yes",),
    "status": ("status", "status --env dev --from status.json"),
    "inventory": ("inventory --env dev --from cluster.json", "inventory --env dev --check --from cluster.json"),
}
MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: hf://a/iris}
  chat: {kind: LLMInferenceService, model: hf://Qwen/Qwen2.5-7B-Instruct, accelerator: {type: l4}, replicas: 1}
"""
ASKS = ("socket.connect", "socket.bind", "socket.send", "socket.get", "urllib.")


def main(place: Path) -> None:
    project = committed(place / "r", MODELS, ARGO.replace("    resource:", "    gpu: L4\n    resource:"))
    project.write("owners.yaml", "version: 1\nplatform: {reviewers: ['@p']}\n")
    project.write("facts.yaml", f"revision: {'b' * 40}\n")
    project.write("cluster.json", '{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}')
    pod = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}}'
    project.write("status.json", pod)
    project.write(
        "definition.yaml",
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.b.c}, "
        "spec: {group: b.c, names: {kind: A}, versions: [{name: v1, served: true, "
        "schema: {openAPIV3Schema: {type: object}}}]}}",
    )
    project.write("environments/prod.yaml", ARGO.replace("name: dev", "name: prod"))
    project.models(MODELS.replace("a/iris", "a/iris2"))
    commit_files(project.root, {})
    git(project.root, "config", "user.name", "Ada")
    asked: list[str] = []

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(ASKS):
            asked.append(f"{event} {arguments[1:]}")
            raise PermissionError(f"no network here: {event}")

    sys.addaudithook(refuse)
    os.chdir(project.root)
    told = os.dup(1)
    os.dup2(os.open(place / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    found = {}
    for name, lines in {**RUNS, **QUIET}.items():
        codes = [run_cli(cli, line.split()) for line in lines]
        found[name] = {"codes": codes, "asked": [*asked]}
        asked.clear()
    os.write(told, json.dumps(found).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
