"""Twenty-odd ways to get a catalog wrong, each with exactly the findings and lines that a person should see."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.project import DEV, Project

from kservegen.formats.jsonschema.suggestions import NO_ADVICE

MODEL = "models:\n  iris:\n    modelFormat: sklearn\n    storageUri: s3://models/iris\n"

# name -> (what is written under version and defaults of models.yaml, the findings)
CATALOGS: dict[str, tuple[str, list[str]]] = {
    "a typo in a word": (MODEL + "    minReplica: 1\n", ["models.yaml:7:5 schema/unknown-field"]),
    "environment variables as a map": (
        MODEL + "    env: {WORKERS: many}\n",
        ["models.yaml:7:10 schema/wrong-type"],
    ),
    "a number in words": (MODEL + "    minReplicas: two\n", ["models.yaml:7:18 schema/wrong-type"]),
    "models as a list": ("models:\n  - modelFormat: sklearn\n", ["models.yaml:4:3 schema/wrong-type"]),
    "a blank in a bucket": (MODEL.replace("s3://models", "s3://my models"), ["models.yaml:6:17 kserve/download"]),
    "a namespace like no other": (MODEL + "    namespace: elsewhere\n", ["models.yaml:7:16 catalog/unknown-namespace"]),
    # one cause: with a size that the model can be divided by there are devices enough
    "a parallel size that does not divide the model": (
        (
            "models:\n  chat:\n    modelFormat: huggingface\n    storageUri: hf://Qwen/Qwen2.5-7B-Instruct\n"
            "    args: [--tensor-parallel-size=3]\n    accelerator: {type: l4, count: 2}\n"
        ),
        [
            "models.yaml:4:3 gpu/shared-memory",
            "models.yaml:7:12 gpu/parallelism",
            "models.yaml:8:29 kserve/default-memory",
        ],
    ),
    "a typo in a section": ("modles: {}\n", ["models.yaml:3:1 schema/unknown-field"]),
    "a typo in a kind": (
        "models:\n  chat:\n    kind: LLMInferenceServise\n    modelFormat: sklearn\n",
        ["models.yaml:5:11 schema/not-allowed"],
    ),
    "a typo in a kind, before words of that kind": (
        "models:\n  chat:\n    kind: LLMInferenceServise\n    model: hf://a/b\n    replicas: 1\n",
        ["models.yaml:5:11 schema/not-allowed"],
    ),
    "an empty value": ("models:\n  iris:\n", ["models.yaml:4:3 yaml/empty-value"]),
    "everything commented out": ("models:\n#  iris: {}\n", ["models.yaml:3:1 yaml/empty-value"]),
    "an unknown profile": (MODEL + "    profile: smal\n", ["models.yaml:7:14 catalog/unknown-profile"]),
    "an unknown environment": (MODEL + "    environments: [dve]\n", ["models.yaml:7:20 catalog/unknown-environment"]),
    "an unknown namespace": (MODEL + "    namespace: nsx\n", ["models.yaml:7:16 catalog/unknown-namespace"]),
    "an unknown accelerator": (
        MODEL + "    accelerator: {type: l40, count: 1}\n",
        ["models.yaml:7:25 catalog/unknown-accelerator"],
    ),
    "an accelerator without its map": (
        MODEL + "    accelerator: L4\n",
        ["models.yaml:7:18 catalog/unknown-accelerator", "models.yaml:7:18 schema/wrong-type"],
    ),
    "an accelerator that is counted in words": (
        MODEL + "    accelerator: {type: l4, count: one}\n",
        ["models.yaml:7:29 kserve/image-device", "models.yaml:7:36 schema/wrong-type"],
    ),
    # one cause: how many GPUs it would use is not known
    "a flag that would say over how many GPUs": (
        (
            "models:\n  chat:\n    kind: LLMInferenceService\n    model: hf://a/b\n"
            "    accelerator: {type: l4, count: 4}\n    args: [--tensor-paralel-size=4]\n"
        ),
        ["models.yaml:8:12 kserve/argument-unknown"],
    ),
    "a bad quantity": (
        MODEL + "    resources:\n      limits: {memory: 2GB}\n",
        ["models.yaml:8:24 schema/pattern"],
    ),
    "requests over limits": (
        MODEL + "    resources: {requests: {memory: 3Gi}, limits: {memory: 2Gi}}\n",
        ["models.yaml:7:36 kubernetes/requests-over-limits"],
    ),
    "half a GPU": (
        MODEL + '    resources: {requests: {nvidia.com/gpu: "0.5"}, limits: {nvidia.com/gpu: "0.5"}}\n',
        ["models.yaml:7:44 kubernetes/extended-resource", "models.yaml:7:77 kubernetes/extended-resource"],
    ),
    "an ambiguous scalar": (MODEL + "    args: [on]\n", ["models.yaml:7:12 yaml/ambiguous-scalar"]),
    "a duplicate key": (MODEL + "    storageUri: s3://b/c\n", ["models.yaml:7:5 yaml/duplicate-key"]),
    "a tab": (MODEL + "\tminReplicas: 1\n", ["models.yaml:7:1 yaml/tab"]),
    "an anchor": (MODEL + "    labels: &x {a: b}\n", ["models.yaml:7:13 yaml/anchor"]),
    "a number in an environment variable": (
        MODEL + "    env: [{name: WORKERS, value: 2}]\n",
        ["models.yaml:7:34 schema/wrong-type"],
    ),
    "no format": ("models:\n  iris:\n    storageUri: s3://b/c\n", ["models.yaml:4:3 catalog/no-model-format"]),
    "a typo in the one word that is needed": (
        "models:\n  iris:\n    modelFormt: sklearn\n    storageUri: s3://b/c\n",
        ["models.yaml:5:5 schema/unknown-field"],
    ),
    "an octal number": (MODEL + "    minReplicas: 010\n", ["models.yaml:7:18 yaml/ambiguous-scalar"]),
    "nothing to serve": ("models:\n  iris: {}\n", ["models.yaml:4:3 kserve/implementation"]),
    "storageUri on an LLM": (
        "models:\n  chat: {kind: LLMInferenceService, storageUri: hf://a/b}\n",
        ["models.yaml:4:37 catalog/word-not-for-kind"],
    ),
    "replicas on an InferenceService": (MODEL + "    replicas: 2\n", ["models.yaml:7:5 catalog/word-not-for-kind"]),
    "minReplicas over maxReplicas": (
        MODEL + "    minReplicas: 3\n    maxReplicas: 2\n",
        ["models.yaml:8:18 kserve/replicas"],
    ),
    "said twice": (
        MODEL + "    minReplicas: 1\n    predictor: {minReplicas: 2}\n",
        ["models.yaml:8:30 catalog/said-twice"],
    ),
    "a name with a digit first": (
        "models:\n  1iris: {modelFormat: sklearn, storageUri: s3://b/c}\n",
        ["models.yaml:4:3 kserve/service-name"],
    ),
    "an unknown runtime": (MODEL + "    runtime: nope\n", ["models.yaml:7:14 kserve/runtime-reference"]),
    "a graph to a model that is not there": (
        MODEL + "graphs:\n  g:\n    nodes: {root: {routerType: Sequence, steps: [{serviceName: irsi}]}}\n",
        ["models.yaml:9:64 kserve/graph-target"],
    ),
    "a false flag": (MODEL + "    args: {verbose: false}\n", ["models.yaml:7:21 catalog/argument-value"]),
    "an unsupported scheme": (
        "models:\n  iris: {modelFormat: sklearn, storageUri: ftp://b/c}\n",
        ["models.yaml:4:44 kserve/storage-uri"],
    ),
}


@pytest.mark.parametrize("name", CATALOGS)
def test_a_wrong_catalog(name: str, project: Project) -> None:
    text, expected = CATALOGS[name]
    project.models(text)
    assert project.problems() == expected
    assert project.render().plan is None
    assert not (project.root / "rendered").exists(), "nothing is written while an error stands"


LLM = "models:\n  chat:\n    kind: LLMInferenceService\n    model: hf://a/b\n    args: "

# What is written, and the advice on it.
ADVICE = {
    MODEL + "    accelerator: {type: L4}\n": "Did you mean l4?",
    MODEL
    + "    accelerator: {type: zz}\n": "Take one of those, or define it under accelerators in the environment's file.",
    MODEL + "    accelerator: l4\n": "Write {type: l4}.",
    LLM + "{gpu-memory-utilization: 90}\n": "Write a number, at most 1.",
    LLM + "{tensor-parallel-size: two}\n": "Write a whole number.",
    LLM + "{dtype: fp16}\n": "Did you mean float16?",
    LLM + "{dtype: huge}\n": "Write one of those.",
    "models: {chat: {kind: LLMInferenceService, model: Qwen/Qwen3-8B}}\n": "Write hf://Qwen/Qwen3-8B, if it is a",
    "models: {chat: {kind: LLMInferenceService, model: hf://Qwen/Qwen3-8B}}\n": (
        "Install it, then promise it: prerequisites: [cert-manager, Gateway/"
    ),
}


@pytest.mark.parametrize("text", ADVICE)
def test_the_advice_names_what_is_there(text: str, project: Project) -> None:
    if "prerequisites" in ADVICE[text]:
        project.write("environments/dev.yaml", DEV.replace("gateway-api, ", ""))
    project.models(text)
    assert [hint for item in project.validate().diagnostics if (hint := item.hint).startswith(ADVICE[text])]


def test_where_no_accelerator_is_defined_the_entry_may_live_elsewhere(project: Project) -> None:
    project.write("environments/dev.yaml", DEV[: DEV.index("accelerators:")])
    project.models(MODEL + "    accelerator: {type: l4}\n")
    found = [item.hint for item in project.validate().diagnostics if item.rule == "catalog/unknown-accelerator"]
    assert [hint.endswith("or list where the entry lives: environments: [...].") for hint in found] == [True]


def test_of_too_many_entries_the_first_are_judged(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kservegen.catalog.load.MOST_ENTRIES", 2)
    entry = "{{modelFormat: sklearn, storageUri: ft{0}://b/c}}"
    project.models("models:\n" + "".join(f"  {name}: {entry.format(name)}\n" for name in ("a", "b", "c", "d")))
    refused = [f"models.yaml:{line}:41 kserve/storage-uri" for line in (4, 5)]
    assert project.problems() == [*refused, "models.yaml:6:3 catalog/too-many-entries"]


ENVIRONMENTS: dict[str, tuple[str, str, list[str]]] = {
    "an unknown model": (
        "",
        "models: {irsi: {minReplicas: 1}}\n",
        ["environments/dev.yaml:12:10 catalog/unknown-name"],
    ),
    "an unknown chart": (
        "deploymentMode: Standard}",
        "deploymentMode: Standard, values: {kserve: {}}}",
        ["environments/dev.yaml:3:63 schema/unknown-field"],
    ),
    "a key on the wrong chart": (
        "deploymentMode: Standard}",
        "deploymentMode: Standard, values: {kserve-runtime-configs: {kserve: {controller: {gateway: {domain: x.y}}}}}}",
        ["environments/dev.yaml:3:97 kserve/chart-unknown-key"],
    ),
    "an inert key": (
        "deploymentMode: Standard}",
        "deploymentMode: Standard, values: {kserve-resources: {kserve: {localmodel: {agent: {image: a/b}}}}}}",
        ["environments/dev.yaml:3:112 kserve/chart-inert-key"],
    ),
    "a missing prerequisite": (
        "[cert-manager, ",
        "[",
        ["environments/dev.yaml:4:1 kserve/prerequisite"],
    ),
    "a misspelt prerequisite": (
        "[cert-manager,",
        "[cert-manager, certmanager,",
        ["environments/dev.yaml:4:31 catalog/unknown-prerequisite"],
    ),
    "an unknown version": (
        "version: v0.19.0",
        "version: v0.18.0",
        ["environments/dev.yaml:3:19 catalog/unknown-version"],
    ),
    "a version of KServe that is a number": (
        "version: v0.19.0",
        "version: 0.19",
        ["environments/dev.yaml:3:19 schema/wrong-type"],
    ),
    "an old mode": (
        "deploymentMode: Standard",
        "deploymentMode: RawDeployment",
        ["environments/dev.yaml:3:44 schema/not-allowed"],
    ),
    "a template that does not end": (
        "deploymentMode: Standard",
        "deploymentMode: Standard, values: {kserve-resources: {kserve: {controller: {gateway: {pathTemplate: '{{'}}}}}",
        ["environments/dev.yaml:3:128 kserve/config-template"],
    ),
    "no repository": ("engine: none", "engine: argocd", ["environments/dev.yaml:6:18 gitops/no-repository"]),
    "an Argo CD that is too old": (
        "engine: none",
        'engine: argocd, repoURL: "https://a/b.git", argocd: {version: "2.9"}',
        ["environments/dev.yaml:6:72 gitops/argocd-version"],
    ),
    "a form of charts that this Argo CD cannot read": (
        "engine: none",
        'engine: argocd, repoURL: "https://a/b.git", argocd: {version: v3.0.12, chartSource: oci}',
        ["environments/dev.yaml:6:94 gitops/argocd-version"],
    ),
    "an address of charts that names one": (
        "engine: none",
        'engine: argocd, repoURL: "https://a/b.git", chartRepository: oci://mirror.example.com/kserve-crd/',
        ["environments/dev.yaml:6:71 gitops/chart-repository"],
    ),
    "a version that is a number": (
        "engine: none",
        'engine: argocd, repoURL: "https://a/b.git", argocd: {version: 3.10}',
        ["environments/dev.yaml:6:72 schema/wrong-type"],
    ),
    "a weight of a rule that there is none of": (
        "",
        "severities: {kserve/replica: ignore, policy/gpu-whole: 'off', policy/gpu-hole: info}\n",
        ["environments/dev.yaml:12:14 catalog/unknown-rule", "environments/dev.yaml:12:63 catalog/unknown-rule"],
    ),
    "a policy that there is none of": (
        "",
        "policies: {bindings: {gpu-hole: {actions: [Deny]}}}\n",
        ["environments/dev.yaml:12:33 policy/binding"],
    ),
    "an image that nobody pulls": (
        "",
        "images: [{name: nobody/this, newName: x/y}]\n",
        ["environments/dev.yaml:12:17 catalog/unused-image"],
    ),
    "a node pool of an accelerator that there is none of": (
        "",
        "nodePools: {l4: {accelerator: l40}}\n",
        ["environments/dev.yaml:12:31 catalog/unknown-accelerator"],
    ),
    "a GPU with letters for digits": (
        "",
        "  h: {resource: nvidia.com/gpu, gpu: H1OO}\n",
        ["environments/dev.yaml:12:38 catalog/unknown-gpu"],
    ),
    "a MIG profile that its card has not": (
        "",
        "  h: {resource: nvidia.com/mig-1g.11gb, gpu: H100}\n",
        ["environments/dev.yaml:12:17 catalog/unknown-gpu"],
    ),
    "a taint without its effect": (
        "",
        "nodePools: {l4: {taints: [{key: a}]}}\n",
        ["environments/dev.yaml:12:27 schema/missing-field"],
    ),
    "a budget for an accelerator that there is none of": (
        "",
        "budgets: {all: {accelerator: l40, limit: 1}}\n",
        ["environments/dev.yaml:12:30 budget/unknown-name"],
    ),
    # one cause, though a schema and the waivers themselves look at it
    "a waiver until a day that is none": (
        "",
        "waivers: {x: {rule: kserve/no-model, models: [iris], owner: a, reason: it is tried out, expires: tomorrow}}\n",
        ["environments/dev.yaml:12:98 schema/pattern"],
    ),
    "a budget that limits nothing": (
        "",
        "budgets: {all: {accelerator: l4}}\n",
        ["environments/dev.yaml:12:11 budget/no-limit"],
    ),
    "a budget that is no quantity": (
        "",
        "budgets: {all: {memory: 256GB}}\n",
        ["environments/dev.yaml:12:25 budget/not-a-quantity"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_wrong_environment(name: str, project: Project) -> None:
    old, new, expected = ENVIRONMENTS[name]
    assert old in DEV
    project.write("environments/dev.yaml", DEV.replace(old, new) if old else DEV + new)
    assert project.problems() == expected


def test_what_is_said_of_a_model_without_a_format(project: Project, snapshot: SnapshotAssertion) -> None:
    project.models(CATALOGS["no format"][0])
    assert [[d.message, d.seen, d.allowed, d.hint] for d in project.validate().diagnostics] == snapshot


LISTED_THERE = "ist it under namespaces in environments/dev.yaml, or in environments/defaults.yaml for all."


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (MODEL + "    minReplicas: two\n", "Write a number in digits, such as 2."),
        (MODEL + "    env: {WORKERS: many}\n", "Write each on a line of its own: - {name: NAME, value: VALUE}."),
        (MODEL + "    env: {name: WORKERS}\n",
         "Put a dash before the first field: a list is wanted, of which this is one item."),
        ("models:\n  - modelFormat: sklearn\n",
         "Take the dashes away: each entry is its name, a colon and its words below."),
        (MODEL + "    namespace: elsewhere\n",
         f"L{LISTED_THERE}"),
        (MODEL + "    namespace: nss\n",
         f"Did you mean ns? Otherwise l{LISTED_THERE}"),
        (MODEL + "    quux: 2\n",
         NO_ADVICE),
    ],
)  # fmt: skip
def test_a_hint_says_how_to_mend_it(words: str, hint: str, project: Project) -> None:
    project.models(words)
    assert [found.hint for found in project.validate().diagnostics] == [hint]


def test_of_many_fields_the_nearest_are_listed_first(project: Project) -> None:
    project.models(MODEL + "    replica: 2\n")
    (found,) = project.validate().diagnostics
    assert found.allowed.startswith("minReplicas, maxReplicas, ")


def test_what_a_policy_cannot_look_into_is_told_by_the_schema(project: Project) -> None:
    project.write("environments/dev.yaml", DEV + "policies: {bindings: {no-plain-secrets: {actions: [Deny]}}}\n")
    project.models(MODEL + "    env: {AWS_SECRET_ACCESS_KEY: x}\n")
    (found,) = project.validate().diagnostics
    assert (found.rule, found.supersedes) == ("schema/wrong-type", ("policy/no-plain-secrets",))


def test_all_findings_at_once_each_environment_named_once(project: Project) -> None:
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    project.models(MODEL + "    minReplicas: -1\n    runtime: nope\n")
    found = project.validate().diagnostics
    assert [(str(d.location), d.rule) for d in found] == [
        ("models.yaml:7:18", "kserve/replicas"),
        ("models.yaml:8:14", "kserve/runtime-reference"),
    ]
    assert all(d.environments == ("dev", "prod") for d in found)


def test_two_environments_of_one_cluster(project: Project) -> None:
    project.write("environments/prod.yaml", DEV)
    assert project.problems() == ["environments/prod.yaml:5:14 gitops/shared-namespace"]


def test_the_line_of_a_value_in_a_profile_and_in_an_environment(project: Project) -> None:
    project.models("profiles:\n  p: {minReplicas: -1}\n" + MODEL + "    profile: p\n")
    assert project.problems() == ["models.yaml:4:20 kserve/replicas"]
    project.models(MODEL)
    project.write("environments/dev.yaml", DEV + "models: {iris: {minReplicas: -2}}\n")
    assert project.problems() == ["environments/dev.yaml:12:30 kserve/replicas"]


def test_said_twice_names_both_lines(project: Project) -> None:
    project.models(MODEL + "    minReplicas: 1\n    spec: {predictor: {minReplicas: 2}}\n")
    (found,) = project.validate().diagnostics
    assert str(found.location) == "models.yaml:8:37"
    assert [str(r.location) for r in found.related] == ["models.yaml:7:18"]


def test_a_yml_file_is_not_passed_over(project: Project) -> None:
    project.write("models/more.yml", "version: 1\n")
    assert project.problems() == ["models/more.yml:1:1 catalog/file-name"]


def test_a_catalog_that_cannot_be_read_is_the_only_finding(project: Project) -> None:
    project.write("environments/dev.yaml", DEV + "models: {iris: {minReplicas: 2}}\n")
    project.write("models.yaml", "version: 1\nmodels:\n  iris: {modelFormat: sklearn\n")
    assert project.problems() == ["models.yaml:4:1 yaml/syntax"]
