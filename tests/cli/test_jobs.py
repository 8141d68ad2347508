"""However many processes judge, a catalog or manifests, what comes out is the same; where one is lost, all fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from tests.support.git_repository import new_repository

from kservegen.checks.rules.base import Stage
from kservegen.checks.rules.discover import discover

RULES = Path(__file__).parents[1] / "rules"
ENVIRONMENT = """\
version: 1
cluster: {{name: {name}, server: "https://{name}.internal:6443"}}
kserve: {{version: {version}, deploymentMode: {mode}}}
prerequisites: [cert-manager, gateway-api, knative-serving, istio, Gateway/kserve/kserve-ingress-gateway]
namespaces: {{models: {{}}}}
gitops: {{engine: argocd, repoURL: "https://example.com/models.git", targetRevision: main}}
accelerators: {{l4: {{resource: nvidia.com/gpu, gpu: L4}}}}
policies: {{bindings: {{memory-limit: {{actions: [Deny]}}, maxreplicas-set: {{actions: [Audit]}}}}}}
"""
LIMITS = """\
budgets: {all: {accelerator: l4, limit: 1}, memory: {namespace: models, memory: 1Gi}}
nodePools: {l4: {accelerator: l4, nodes: {max: 1}, allocatable: {cpu: "4", memory: 16Gi, accelerators: 1}}}
waivers: {some: {rule: policy/memory-limit, model: case-3, reason: old, owner: ml, expires: 2099-12-31}}
"""
MODEL = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: models}
spec:
  predictor:
    serviceAccountName: reader
    model: {modelFormat: {name: mine}, runtime: mine, storageUri: s3://models/iris}
"""
RUNTIME = """\
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: mine, namespace: models}
spec:
  supportedModelFormats: [{name: mine, autoSelect: true}]
  containers: [{name: kserve-container, image: r.example.com/x:1, args: [--port=9]}]
"""
GRAPH = """\
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: g, namespace: models}
spec: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}, {serviceName: irris}]}}}
"""
# Has the first process wait until each other one has taken what it begins with: a quick one would leave them nothing.
TOGETHER = """
import os
from kservegen.evaluate.workers import Turns

real_start, real_turns = Turns.__init__, Turns.__iter__

def start(turns, number, among=1, **named):
    real_start(turns, number, among, **named)
    turns.owner, turns.others, turns.pipe = os.getpid(), among - 1, os.pipe()

def turns_after(turns):
    if os.getpid() == turns.owner:
        while turns.others:
            turns.others -= len(os.read(turns.pipe[0], turns.others))
        yield from real_turns(turns)
        return
    own = real_turns(turns)
    begun = next(own, None)
    os.write(turns.pipe[1], b"!")
    if begun is not None:
        yield begun
        yield from own

Turns.__init__, Turns.__iter__ = start, turns_after
"""
# Runs commands in one process after the other, by how many each is told to use, and prints what each reports.
SCRIPT = (
    TOGETHER
    + """
import json, sys
from contextlib import redirect_stdout
from io import StringIO
from kservegen.cli import cli
from kservegen.cli.failures import run_cli

said = []
for words in json.loads(sys.argv[1]):
    with redirect_stdout(StringIO()) as out:
        code = run_cli(cli, words)
    said.append([code, out.getvalue()])
print(json.dumps(said))
"""
)
# Has most documents of a folder lie on disk, as those of a large one do.
FEW_IN_MEMORY = """
import kservegen.evaluate.documents as documents, kservegen.evaluate.shelf as shelf
shelf._KEPT = documents._DEFAULTED = 3
"""
# Something happens to a process that judges beside the first, once that has begun; runs the command line.
LOST = """
import os, signal, sys, time
import kservegen.evaluate.judging as judging
from kservegen.checks.runner import Checker
from kservegen.cli import main

def meeting(real):
    def step(*given, **named):
        if os.getpid() != own:
            {what}
        return real(*given, **named)
    return step

own = os.getpid()
Checker.alone, judging.judge_objects = meeting(Checker.alone), meeting(judging.judge_objects)
# A run that was itself started in the background would inherit that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
main(sys.argv[1:])
"""


def sound_models() -> dict[str, object]:
    """Return models in which nothing is wrong, and each of which differs from all others."""
    words = {"namespace": "models", "modelFormat": "sklearn", "maxReplicas": 2, "serviceAccountName": "default"}
    return {
        f"sound-{number}": {
            **words,
            "storageUri": f"s3://models/{number}",
            "resources": {"limits": {"cpu": "1", "memory": f"{3000 + number}Mi"}},
        }
        for number in range(20)
    }


def wrong_models() -> dict[str, object]:
    """Return models that cases of rules are about, each under a name of its own."""
    models: dict[str, object] = {}
    for number, path in enumerate(sorted(RULES.glob("*/*/fail-*.yaml"))[::3]):
        for doc in yaml.safe_load_all(path.read_text("utf-8")):
            if isinstance(doc, dict) and doc.get("kind") in {"InferenceService", "LLMInferenceService"}:
                annotations = (doc.get("metadata") or {}).get("annotations")
                models[f"case-{number}"] = {
                    "namespace": "models",
                    "spec": doc.get("spec"),
                    **({"kind": doc["kind"]} if doc["kind"] != "InferenceService" else {}),
                    **({"annotations": annotations} if isinstance(annotations, dict) else {}),
                }
    return models


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a change that makes nearly everything wrong, and something else in each environment."""
    root = tmp_path_factory.mktemp("jobs")
    environments = {
        f"environments/{name}.yaml": ENVIRONMENT.format(name=name, version=version, mode=mode)
        for name, version, mode in (("dev", "v0.19.0", "Standard"), ("prod", "v0.20.0", "Knative"))
    }
    catalog = {"version": 1, "models": sound_models()}
    new_repository(root, {**environments, "models.yaml": json.dumps(catalog)})
    for path, words in environments.items():
        (root / path).write_text(words + LIMITS, "utf-8")
    (root / "manifests.yaml").write_text(MODEL + "---\n" + GRAPH, "utf-8")
    (root / "models.yaml").write_text(json.dumps({**catalog, "models": {**sound_models(), **wrong_models()}}), "utf-8")
    return root


def test_any_number_of_processes_says_the_same(repository: Path) -> None:
    commands = [
        [*words, "--root", str(repository), "--output", form, "--jobs", str(jobs)]
        for words, form in (
            (["validate"], "json"),
            (["check", "--base", "HEAD"], "json"),
            (["plan", "--base", "HEAD"], "json"),
            (["validate"], "text"),
        )
        for jobs in (1, 2, 3)
    ]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    for start in range(0, len(said), 3):
        one, *more = said[start : start + 3]
        assert one[0] in {0, 1}, one[1][-500:]
        assert all(other == one for other in more), commands[start]
    found = {finding["rule"] for finding in json.loads(said[0][1])["findings"]}
    stages = {rule.stage for rule in discover().rules if rule.id in found}
    assert stages == set(Stage)
    assert {rule.partition("/")[0] for rule in found} >= {"schema", "kserve", "kubernetes", "policy", "budget", "gpu"}


def test_files_are_the_same_bytes(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    commands = [["render", "--root", str(root), "--out", str(tmp_path / n), "--jobs", n] for n in ("1", "2", "3")]
    subprocess.run([sys.executable, "-c", SCRIPT, json.dumps(commands)], capture_output=True, check=True)
    one, *more = (
        {p.relative_to(t): p.read_bytes() for p in t.rglob("*.yaml")} for t in map(tmp_path.__truediv__, "123")
    )
    assert len(one) > 10
    assert more == [one, one]


def manifests(root: Path) -> dict[str, tuple[str, ...]]:
    """Write folders of manifests that have to do with each other, and return the words that check each."""
    model = yaml.safe_load(MODEL)
    shared = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": "models"}}
    before = {f"m{number}.yaml": MODEL.replace("iris", f"m{number}") for number in range(6)}
    strange = "apiVersion: example.com/v1\nkind: Strange\nmetadata: {name: x}\n---\n"
    listed = {"apiVersion": "v1", "kind": "List", "items": [model, {**model, "spec": {}}, shared, 1]}
    new_repository(root / "updates", {**before, "gone.yaml": GRAPH})
    folders: dict[str, dict[str, str | bytes]] = {
        "references": {"a.yaml": MODEL, "b.yaml": GRAPH, "c.yaml": RUNTIME, "d.json": json.dumps(shared)},
        # The second runtime would be of use to the model, and stands for another cluster.
        "duplicates": {
            f"{folder}/{name}.yaml": text
            for folder in ("one", "two")
            for name, text in (("a", MODEL), ("b", MODEL + "---\n" + MODEL), ("c", RUNTIME), ("d", GRAPH))
            if (folder, name) != ("one", "c")
        },
        "lists": {"a.json": json.dumps(listed), "b.yaml": yaml.safe_dump(listed), "c.yaml": "- 1\n"},
        "broken": {
            "a.yaml": "a: {",
            "b.yaml": b"\xff",
            "c.yaml": MODEL.replace("spec:", "spec: {}\nspec:") + "---\na: [\n---\n" + MODEL,
            "d.yaml": "kind: {{ .Values.kind }}\n",
        },
        "unknown": {"a.yaml": strange * 3, "b.yaml": strange.replace("x}", "y}") + MODEL},
        "updates": {
            "m2.yaml": before["m2.yaml"].replace("sklearn", "xgboost"),
            "m3.yaml": before["m3.yaml"] + "  a: 1",
        },
        "cases": {
            f"{number}-{path.name}": path.read_bytes()
            for number, path in enumerate(sorted(RULES.glob("*/*/*.yaml"))[::7])
        },
    }
    for folder, files in folders.items():
        for name, text in files.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)
    (root / "updates" / "gone.yaml").unlink()
    return {name: (str(root / name), *(("--base", "HEAD") if name == "updates" else ())) for name in folders}


def test_any_number_of_processes_says_the_same_of_manifests(tmp_path: Path) -> None:
    checks = manifests(tmp_path)
    commands = [
        ["validate", *words, "--output", "json", "--jobs", str(jobs)] for words in checks.values() for jobs in (1, 2, 3)
    ]
    done = subprocess.run(
        [sys.executable, "-c", FEW_IN_MEMORY + SCRIPT, json.dumps(commands)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    for start, name in zip(range(0, len(said), 3), checks, strict=True):
        one, *more = said[start : start + 3]
        assert one[0] in {0, 1}, one[1][-500:]
        assert json.loads(one[1])["findings"], name
        assert more == [one, one], name


CATALOG = ("validate", "--root", "{root}")
MANIFESTS = ("validate", "{root}/manifests.yaml")


@pytest.mark.parametrize("words", [CATALOG, MANIFESTS], ids=["catalog", "manifests"])
@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("os.kill(os.getpid(), 9)", "a process that judged some of the objects was ended by SIGKILL"),
        ("os._exit(7)", "a process that judged some of the objects ended with exit code 7"),
    ],
)
def test_a_lost_process_is_the_failure_of_the_run(
    repository: Path, words: tuple[str, ...], what: str, told: str
) -> None:
    done = lost(repository, what, *words, "--output", "json")
    assert done.returncode == 2
    assert told in json.loads(done.stdout)["error"]["message"]
    assert "--jobs 1" in json.loads(done.stdout)["error"]["hint"]


def test_what_another_process_cannot_do_is_told_as_if_this_one_could_not(repository: Path) -> None:
    failing = "from kservegen.core.errors import GeneratorError; raise GeneratorError('disk full', hint='Make room.')"
    done = lost(repository, failing, *CATALOG)
    assert (done.returncode, done.stderr) == (2, "kservegen: disk full\n  Make room.\n")


def lost(repository: Path, what: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command with two processes, of which the second meets with something."""
    return subprocess.run(losing(repository, what, words), capture_output=True, text=True, check=False)


def losing(repository: Path, what: str, words: Sequence[str]) -> list[str]:
    written = [word.format(root=repository) for word in words]
    return [sys.executable, "-c", TOGETHER + LOST.format(what=what), *written, "--jobs", "2"]


@pytest.mark.parametrize("words", [CATALOG, MANIFESTS], ids=["catalog", "manifests"])
@pytest.mark.parametrize("to_group", [True, False], ids=["terminal", "parent"])
def test_a_stopped_run_leaves_no_process_behind(
    repository: Path, tmp_path: Path, words: tuple[str, ...], to_group: bool
) -> None:
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    # The other process says who it is, and then never ends by itself.
    what = f"open({str(fifo)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    command = losing(repository, what, words)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)
    other = int(fifo.read_text("ascii"))
    (os.killpg if to_group else os.kill)(process.pid, signal.SIGINT)
    _, stderr = process.communicate()
    assert (process.returncode, stderr) == (2, "\nkservegen: stopped\n")
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)


def test_a_page_that_cannot_be_made_is_told_once_no_error_stands(tmp_path: Path) -> None:
    environment = ENVIRONMENT.format(name="dev", version="v0.19.0", mode="Standard")
    for name, models in (("sound", sound_models()), ("wrong", {**sound_models(), **wrong_models()})):
        root = tmp_path / name
        for path, words in (
            ("models.yaml", json.dumps({"version": 1, "models": models})),
            ("environments/dev.yaml", environment),
            ("templates/environment.md.j2", "{{ nothing.of.that }}"),
        ):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(words, "utf-8")
    commands = [
        ["render", "--root", str(tmp_path / name), "--output", "json", "--jobs", jobs]
        for name in ("sound", "wrong")
        for jobs in ("1", "2")
    ]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)], capture_output=True, text=True, check=True
    )
    sound, sound_by_two, wrong, wrong_by_two = json.loads(done.stdout)
    assert (sound[0], wrong[0]) == (2, 1)
    assert "environment.md.j2" in json.loads(sound[1])["error"]["subject"]
    assert [sound, wrong] == [sound_by_two, wrong_by_two]
