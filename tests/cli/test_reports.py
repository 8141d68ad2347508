"""The JSON report of every command follows the published schema, and nothing stands there that no command says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import model_server
from tests.support.committed import ARGO, committed
from tests.support.git_repository import commit_files
from tests.support.hub import NEWER, FakeHub, serve
from tests.support.live_cluster import as_list, conditions, live, pod
from tests.support.project import Project
from tests.support.reports import checked_report, properties, shown

from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.core.jsontypes import JsonObject
from kservegen.render.output.ownership import OWNERSHIP_MARK

BEFORE = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, env: [{name: LEVEL, value: info}]}
  wine: {modelFormat: sklearn, storageUri: s3://models/wine, namespace: team}
  scaled: {modelFormat: sklearn, storageUri: s3://models/s}
  tiny: {modelFormat: huggingface, storageUri: hf://acme/tiny, environments: [dev]}
  shared: {modelFormat: sklearn, storageUri: s3://models/p, runtime: own, minReplicas: 2}
  chat: {kind: LLMInferenceService, model: hf://Qwen/Qwen2.5-7B-Instruct, accelerator: {type: l4}, replicas: 1}
runtimes:
  own:
    kind: ServingRuntime
    spec: {supportedModelFormats: [{name: sklearn}], containers: [{name: kserve-container, image: "example.com/own:1"}]}
"""
EDITS = (
    ("value: info", "value: debug"),
    ("  wine:", "  vino:"),
    ("s3://models/s}", "s3://models/s, minReplicas: 2, maxReplicas: 3}"),
    ("own:1", "own:2"),
    ("hf://Qwen/Qwen2.5-7B-Instruct", "hf://Qwen/Qwen2.5-1.5B-Instruct"),
)
DEV = (
    ARGO.replace("{ns: {}}", "{ns: {}, team: {}}")
    .replace("leaderworkerset]", "leaderworkerset, wva]")
    .replace("    resource:", "    gpu: L4\n    resource:")
    + "budgets: {all: {cpu: 100}}\n"
    + "nodePools: {l4: {nodes: {min: 0, max: 20}, accelerator: l4, taints: [],"
    + " allocatable: {cpu: 16, memory: 64Gi, accelerators: 1}}}\n"
    + "images: [{name: kserve/sklearnserver, newTag: v0.19.0}]\n"
    + "policies: {bindings: {maxreplicas-set: {actions: [Deny]}}}\n"
    + "waivers: {w: {rule: policy/maxreplicas-set, model: shared, reason: r, owner: o, expires: 2999-01-01}}\n"
)
FLUX = DEV.replace("argocd", "flux").replace("name: dev", "name: prod").replace("v0.19.0", "v0.20.0")
VALUES = "version: v0.20.0, values: {kserve-resources: {kserve: {controller: {gateway: {domain: example.org}}}}}"
PROD = FLUX.replace("version: v0.20.0", VALUES).replace("{ns: {}, team: {}}", "{ns: {}, other: {}, team: {}}") + (
    "models: {iris: {namespace: other, minReplicas: 2, maxReplicas: 2}, scaled: null}\n"
)
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget}
  versions: [{name: v1, served: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: a}
"""
ACCOUNTS = (
    '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ServiceAccount",'
    ' "metadata": {"name": "builder", "namespace": "ns"}}]}'
)
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]
  validations: [{expression: has(object.spec), message: none}]
"""
OWNED = "version: 1\nplatform: {reviewers: ['@p']}\nteams: {ads: {reviewers: ['@a']}}\n"
ALL = "extends: [all]\nmodels: {scaled: {storageUri: s3://models/own}}\n"
CASE = "# expect: pass\napiVersion: v1\nkind: Thing\nmetadata: {name: x, namespace: n}\nspec: {}\n"
MANIFEST = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: x, namespace: ns}\n"
REFUSED = f"""{MANIFEST}spec:
  predictor: {{priority: 5, model: {{modelFormat: {{name: sklearn}}, storageUri: "s3://b/m"}}}}
---
{MANIFEST.replace("name: x", "name: other")}spec:
  predictor: {{model: {{modelFormat: {{name: sklearn}}, storageUri: "s3://b/m", livenessProbe: {{periodSeconds: 5}}}}}}
"""
OLD_VALUES = """\
kserve:
  version: v0.15.2
  controller: {gateway: {domain: example.org}, bogus: 1}
  servingruntime: {tritonserver: {tag: 24.01-py3}}
"""
_MODEL = 'modelFormat: {name: sklearn}, storageUri: "s3://b/m"'
# Said flat, by spec alone, kept as it is, with an error, refused, and left out.
ADOPTED = {
    "flat": f"{MANIFEST}spec: {{predictor: {{model: {{{_MODEL}}}}}}}\n",
    "twice": f"{MANIFEST}spec: {{predictor: {{minReplicas: 2, model: {{{_MODEL}}}}}}}\n",
    "spec": f"{MANIFEST.replace('name: x', 'name: s')}spec: {{predictor: {{model: {{}}}}}}\n",
    "kept": f"{MANIFEST.replace('name: x', 'name: k')}spec: {{predictor: {{model: {{{_MODEL}}},"
    " volumes: [{name: v, emptyDir: {}}, {name: v, emptyDir: {}}]}}\n",
    "wrong": f"{MANIFEST.replace('name: x', 'name: w')}spec: {{predictor: {{model: {{runtime: r, {_MODEL}}}}}}}\n",
    "refused": f"{MANIFEST.replace('name: x', 'name: r')}spec: {{predictor: {{models: 1, model: {{{_MODEL}}}}}}}\n",
    "secret": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n",
}
INSTALLED = "kserve: {controller: {gateway: {domain: example.org}, bogus: 1}}\n"
SYNCED = """{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
  "metadata": {"name": "dev-models-ns", "namespace": "argocd"},
  "status": {"sync": {"status": "OutOfSync", "revision": "0123456"}, "health": {"status": "Healthy"},
    "operationState": {"phase": "Failed", "message": "one or more objects failed to apply"}}}
"""


class Spoken:
    """What commands said in a repository, each report checked by the schema."""

    def __init__(self, project: Project, hub: FakeHub, capfd: pytest.CaptureFixture[str]) -> None:
        self.project, self.hub, self.capfd = project, hub, capfd
        self.shown: set[str] = set()

    def __call__(self, *words: str, rooted: bool = True) -> None:
        """Run a command with `--output json`, in the repository unless it is not `rooted` in one."""
        self.capfd.readouterr()
        root = ["--root", str(self.project.root)] if rooted else []
        code = run_cli(cli, [*words, *root, "--output", "json"])
        out, err = self.capfd.readouterr()
        assert out, (words, err)
        document = checked_report(out)
        assert document["exitCode"] == code, words
        self.shown.update(shown(document))


@pytest.fixture
def spoken(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Spoken]:
    """Return a repository with an environment, rendered and committed, whose catalog has changed since."""
    with serve() as hub:
        hub.add("acme/tiny", {"config.json": b"{}"})
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        project = committed(tmp_path / "repository", BEFORE, DEV)
        models = BEFORE
        for old, new in EDITS:
            assert old in models
            models = models.replace(old, new)
        project.models(models)
        (tmp_path / "service.yaml").write_text(MANIFEST, "utf-8")
        (tmp_path / "old.yaml").write_text(OLD_VALUES, "utf-8")
        yield Spoken(project, hub, capfd)


def try_a_policy(spoken: Spoken) -> None:
    spoken.project.write("policies/few.yaml", POLICY)
    spoken.project.write("policies/tests/few/one.yaml", CASE)
    spoken("policy", "test")


def add_schemas(spoken: Spoken) -> None:
    spoken.project.write("definition.yaml", DEFINITION)
    spoken("schemas", "add", str(spoken.project.root / "definition.yaml"))


def plan_an_arrival(spoken: Spoken) -> None:
    """Plan an environment that has a model by a base's name."""
    spoken.project.write("environments/bases/all.yaml", "version: 1\n")
    spoken.project.write("environments/new.yaml", DEV.replace("name: dev", "name: new") + ALL)
    edited = BEFORE.replace("s3://models/s}", "s3://models/s2, owner: others}")
    spoken.project.models(edited.replace("environments: [dev]", "environments: [dev, all]"))
    spoken("plan")
    spoken("report", "new")
    spoken.project.write("models/all.yaml", (spoken.project.root / "models.yaml").read_text("utf-8"))
    (spoken.project.root / "models.yaml").unlink()
    spoken.project.write("owners.yaml", OWNED)
    spoken("plan", "--base", "HEAD")
    spoken("codeowners")


def adopt_some(spoken: Spoken, folder: Path) -> None:
    """Adopt objects of every fate."""
    for name, text in ADOPTED.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    (folder / "installed.yaml").write_text(INSTALLED, "utf-8")
    (folder / "others").mkdir()
    (folder / "others" / "none.yaml").write_text("replicaCount: 1\n", "utf-8")
    words = [str(folder / "others"), "--values", f"kserve-resources={folder / 'installed.yaml'}", "--root", str(folder)]
    spoken("adopt", *(str(folder / f"{name}.yaml") for name in ADOPTED), *words, rooted=False)


def watch_models(spoken: Spoken, folder: Path) -> None:
    """Ask for the status of a model that is not Ready, whose pod waits and whose Application failed."""
    objects = live(spoken.project.root, "dev", {"iris": conditions("False", reason="Waiting", message="for a pod")})
    waiting: JsonObject = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    statuses: JsonObject = {"containerStatuses": [{"name": "kserve-container", "state": waiting}]}
    objects += [pod("iris-predictor-1", "iris", statuses), json.loads(SYNCED)]
    (folder / "live.json").write_text(as_list(objects), "utf-8")
    spoken.project.write("environments/defaults.yaml", "version: 1\nstages: [[dev]]\n")
    spoken("status", "--from", f"dev={folder / 'live.json'}")
    (spoken.project.root / "environments/defaults.yaml").unlink()


def render_and_commit(spoken: Spoken) -> None:
    """Write the output, as it would be left behind, too."""
    for command in ("render", "eject", "commit"):
        spoken(command)


def upgrade_what_is_guarded(spoken: Spoken) -> None:
    spoken.project.write("environments/dev.yaml", DEV + "guards: {maxRestartingAccelerators: 0}\n")
    spoken("upgrade", "--to", "v0.20.0")
    spoken.project.write("environments/dev.yaml", DEV)


def undo(spoken: Spoken) -> None:
    """Roll back in an environment alone, and ask what that keeps from following the catalog."""
    spoken("rollback", "iris", "--env", "dev", "--in", "environment", "--yes")
    commit_files(spoken.project.root, {}, "back again")
    spoken("rollback", "iris", "--env", "dev", "--status")


def test_every_property_of_the_schema_is_said_by_some_command(spoken: Spoken, tmp_path: Path) -> None:
    project = spoken.project
    spoken("validate")
    spoken("plan")
    other = FLUX.replace("name: prod", "name: dev").replace(", wva", "").replace("cpu: 100", "cpu: 1")
    project.write("environments/dev.yaml", other)
    (project.root / "rendered/dev/models/ns/inferenceservice-iris.yaml").write_text(f"{OWNERSHIP_MARK}\n{{", "utf-8")
    spoken("plan")
    spoken("check", "--base", "HEAD")
    project.write("environments/dev.yaml", DEV)
    for words in (("render", "--check"), ("budget",), ("owners",)):
        spoken(*words)
    spoken("gpu")
    spoken("gpu", "chat", "--env", "dev", "--compare", "L4x2,H100", "--tp", "1,2")
    spoken("gpu", "tiny", "--env", "dev", "--compare", "L4")
    spoken("facts", rooted=False)
    spoken("facts", "qwen2.5", rooted=False)
    spoken("find", "iris-predictor")
    spoken("explain", "kserve/canary")
    spoken("explain", "guards.maxRemovals")
    spoken("explain", "iris", "--env", "dev")
    upgrade_what_is_guarded(spoken)
    spoken("upgrade", "--to", "v0.20.0", "--from", "v0.15.2", "--values", str(tmp_path / "old.yaml"))
    spoken("validate", str(tmp_path / "service.yaml"))
    spoken("call", "iris", "--env", "dev", "--show")
    with model_server.serve(models={"other": "v1"}) as server:
        spoken("call", "iris", "--env", "dev", "--url", server.url)
    spoken("set", "iris", "minReplicas=1", "--env", "dev", "--dry-run")
    project.write("environments/prod.yaml", PROD)
    spoken("diff", "dev", "prod")
    spoken("simulate", "iris", "--env", "dev")
    spoken("simulate", "iris", "--env", "dev", "--against", "prod")
    (tmp_path / "refused.yaml").write_text(REFUSED, "utf-8")
    spoken("simulate", str(tmp_path / "refused.yaml"))
    commit_files(project.root, {}, "edits")
    undo(spoken)
    render_and_commit(spoken)
    watch_models(spoken, tmp_path)
    spoken("lock", "tiny", "--env", "dev")
    spoken.hub.add("acme/tiny", {"config.json": b"{}"}, NEWER)
    spoken("lock", "--check", "--env", "dev")
    project.write("accounts.json", ACCOUNTS)
    spoken("inventory", "--env", "dev", "--from", str(project.root / "accounts.json"))
    project.write("accounts.json", ACCOUNTS.replace("builder", "reader"))
    spoken("inventory", "--env", "dev", "--check", "--from", str(project.root / "accounts.json"))
    add_schemas(spoken)
    try_a_policy(spoken)
    plan_an_arrival(spoken)
    spoken("validate", "nowhere")
    adopt_some(spoken, tmp_path)
    spoken("init", str(tmp_path / "new"), rooted=False)
    assert sorted(set(properties()) - spoken.shown) == []
