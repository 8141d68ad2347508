"""`kservegen check`: what a change brings itself passes no gate."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.project import DEV, Project
from tests.support.reports import checked_report

from kservegen.cli import cli
from kservegen.commands.render import RenderOptions, render
from kservegen.core.errors import GeneratorError
from kservegen.evaluate import base_policies

ROOT = Path(__file__).parents[2]
TODAY = "2027-01-01"
ASSUMING = "assuming 1 thing that nobody checked"
PROD = (
    DEV.replace("{engine: none}", "{engine: argocd, repoURL: 'https://git.example.org/x.git'}")
    .replace("cluster: {name: dev}", "cluster: {name: prod, server: 'https://prod.example.com'}")
    .replace("namespaces: {ns: {}}", "namespaces: {ns: {}, other: {}}")
    + """\
budgets: {search: {owner: search, accelerator: l4, limit: 2}}
policies: {bindings: {no-latest-image: {actions: [Deny]}}, render: false}
"""
)
GUARDS = "guards: {maxRemovals: 1, maxRestartingAccelerators: 1}\n"
MODEL = "{modelFormat: sklearn, storageUri: s3://models/%s}"
GPU = "{modelFormat: huggingface, storageUri: s3://models/%s, owner: search, accelerator: {type: l4, count: 1}}"
MODELS = {"a": MODEL % "a", "b": MODEL % "b", "c": MODEL % "c", "big": GPU % "big", "huge": GPU % "huge"}
GPUS = ("big", "huge")
LATEST = "{modelFormat: sklearn, storageUri: s3://models/a, image: 'x/y:latest'}"
WAIVER = "{rule: policy/no-latest-image, model: a, reason: r, owner: ml, expires: 2027-06-30}"
PERMIT = "permits: {all: {%s, reason: r, owner: ml, expires: %s}}\n"


def models(**changes: str | None) -> str:
    """Write models.yaml with some models other than they were; None removes one."""
    entries = {**MODELS, **changes}
    return "version: 1\ndefaults: {namespace: ns}\nmodels:\n" + "".join(
        f"  {name}: {words}\n" for name, words in entries.items() if words is not None
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository with one environment, rendered and committed: what changes are judged from."""
    root = tmp_path_factory.mktemp("first")
    new_repository(root)
    project = Project(root)
    (root / "environments/dev.yaml").unlink()
    project.write("environments/prod.yaml", PROD + GUARDS)
    project.write("models.yaml", models())
    assert project.render().exit_code == 0
    commit_files(root, {})
    return root


@pytest.fixture
def project(first: Path, tmp_path: Path) -> Project:
    """Return a copy of it to change."""
    return Project.at(shutil.copytree(first, tmp_path / "work"))


def run(project: Project, *words: str) -> Result:
    words = ("check", "--root", str(project.root), "--today", TODAY, *words)
    return CliRunner().invoke(cli, words, standalone_mode=False, catch_exceptions=False)


def judged(project: Project, *words: str, base: str = "HEAD") -> tuple[int, set[str], str]:
    """Render the change as its author would, whatever it takes, and judge it: exit code, rules of errors, verdict."""
    allowed = RenderOptions(
        out=project.root / "rendered", allow_removals=999, allow_restarts=999, allow_left_behind=999
    )
    render(project.repository, allowed)
    report: dict[str, Any] = checked_report(run(project, "--base", base, "--output", "json", *words).stdout)
    errors = {f["rule"] for f in report["findings"] if f["severity"] == "error"}
    return report["exitCode"], errors, report["verdict"]


def removed(project: Project) -> None:
    project.write("models.yaml", models(a=None, b=None))


def raised(project: Project) -> None:
    removed(project)
    project.write("environments/prod.yaml", PROD + "guards: {maxRemovals: 99}\n")


def without_guards(project: Project) -> None:
    removed(project)
    project.write("environments/prod.yaml", PROD.replace("[Deny]", "[Warn]"))


def raised_for_all(project: Project) -> None:
    without_guards(project)
    project.write("environments/defaults.yaml", "version: 1\nguards: {maxRemovals: 99}\n")


def permitted_by_itself(project: Project) -> None:
    removed(project)
    project.write("environments/prod.yaml", PROD + GUARDS + PERMIT % ("removals: 99", "2027-06-30"))


def renamed_environment(project: Project) -> None:
    (project.root / "environments/prod.yaml").rename(project.root / "environments/production.yaml")
    shutil.rmtree(project.root / "rendered/prod")


def removed_environment(project: Project) -> None:
    renamed_environment(project)
    project.write("environments/production.yaml", DEV)


def emptied(project: Project) -> None:
    project.write("models.yaml", "version: 1\nmodels: {}\n")


def moved_to_another_environment(project: Project) -> None:
    project.write("environments/dev.yaml", DEV)
    moved = {name: f"{MODELS[name][:-1]}, environments: [dev]}}" for name in "abc"}
    project.write("models.yaml", models(**moved))


def renamed_models(project: Project) -> None:
    project.write("models.yaml", models(a=None, b=None, a2=MODELS["a"], b2=MODELS["b"]))


def other_namespace(project: Project) -> None:
    project.write("models.yaml", models().replace("namespace: ns", "namespace: other"))


def moved(project: Project, words: str = "") -> None:
    project.write("models.yaml", models(**{name: f"{MODELS[name][:-1]}, namespace: other{words}}}" for name in GPUS}))


def moved_and_changed(project: Project) -> None:
    moved(project, ", env: [{name: A, value: b}]")


def other_cluster(project: Project) -> None:
    project.write("environments/prod.yaml", (PROD + GUARDS).replace("prod.example.com", "new.example.com"))


def other_engine(project: Project) -> None:
    project.write("environments/prod.yaml", (PROD + GUARDS).replace("engine: argocd", "engine: flux"))


def read_from(words: str) -> Callable[[Project], None]:
    """Return a change that has the engine read from elsewhere."""

    def other_source(project: Project) -> None:
        project.write("environments/prod.yaml", (PROD + GUARDS).replace("engine: argocd", f"engine: argocd, {words}"))

    return other_source


def gitops_says(words: str) -> Callable[[Project], None]:
    """Say more to the engine."""

    def widened(project: Project) -> None:
        project.write(
            "environments/prod.yaml", (PROD + GUARDS).replace("{engine: argocd,", f"{{engine: argocd, {words},")
        )

    return widened


def other_repository(project: Project) -> None:
    project.write("environments/prod.yaml", (PROD + GUARDS).replace("git.example.org", "git.example.net"))


def restarted(project: Project) -> None:
    project.write("models.yaml", models(big=GPU % "big-2", huge=GPU % "huge-2"))


def restarted_without_accelerators(project: Project) -> None:
    plain = "{modelFormat: huggingface, storageUri: s3://models/%s}"
    project.write("models.yaml", models(big=plain % "big", huge=plain % "huge"))


def restarted_by_renaming(project: Project) -> None:
    prod = (PROD + GUARDS).replace("maxRemovals: 1", "maxRemovals: 9")
    commit_files(project.root, {"environments/prod.yaml": prod})
    project.write("models.yaml", models(big=None, huge=None, big2=MODELS["big"], huge2=MODELS["huge"]))


def lowered_severity(project: Project) -> None:
    project.write("models.yaml", models(a=LATEST))
    project.write("environments/prod.yaml", PROD + GUARDS + "severities: {policy/no-latest-image: ignore}\n")


def unbound(project: Project) -> None:
    project.write("models.yaml", models(a=LATEST))
    project.write("environments/prod.yaml", PROD.replace("{no-latest-image: {actions: [Deny]}}", "{}") + GUARDS)


def bound_to_warn(project: Project) -> None:
    project.write("models.yaml", models(a=LATEST))
    project.write("environments/prod.yaml", PROD.replace("[Deny]", "[Warn]") + GUARDS)


def own_policy(project: Project) -> None:
    project.write("models.yaml", models(a=LATEST))
    shipped = (ROOT / "policies/no-latest-image.yaml").read_text("utf-8")
    policy = yaml.safe_load(shipped)
    policy["spec"]["validations"] = [{"expression": "true", "message": "never"}]
    project.write("policies/no-latest-image.yaml", yaml.safe_dump(policy))


def broken_glass(project: Project) -> None:
    project.write("models.yaml", models(a=LATEST))
    label = "{ns: {labels: {policies.kservegen.io/break-glass: 'true'}}"
    project.write("environments/prod.yaml", (PROD + GUARDS).replace("{ns: {}", label))


def less_secure(project: Project) -> None:
    label = "{ns: {labels: {pod-security.kubernetes.io/enforce: baseline}}"
    commit_files(project.root, {"environments/prod.yaml": (PROD + GUARDS).replace("{ns: {}", label)})
    project.write("models.yaml", models(a=MODEL[:-1] % "a" + ", hostPID: true}"))
    project.write("environments/prod.yaml", (PROD + GUARDS).replace("{ns: {}", label.replace("baseline", "privileged")))


def other_owner(project: Project) -> None:
    project.write("models.yaml", models(big=GPU.replace("owner: search", "owner: x, minReplicas: 2") % "big"))


def new_environment(project: Project) -> None:
    project.write("models.yaml", models(a=f"{LATEST[:-1]}, environments: [dev]}}"))
    words = "policies: {bindings: {no-latest-image: {actions: [Deny]}}}\nseverities: {policy/no-latest-image: ignore}\n"
    project.write("environments/dev.yaml", DEV + words)


def smuggled(project: Project) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ns}\n"
    project.write("rendered/prod/models/ns/own.yaml", config)
    own = "unmanaged: {own: {path: models/ns/own.yaml, reason: r, owner: ml, expires: 2027-06-30}}\n"
    project.write("environments/prod.yaml", PROD + GUARDS + own)


def linked(project: Project) -> None:
    (project.root / "environments").rename(project.root / "elsewhere")
    (project.root / "environments").symlink_to("elsewhere")


REMOVAL, LEFT, RESTART = "gitops/removal-guard", "gitops/left-behind-guard", "gitops/restart-guard"
RIGHTS = "gitops/rights-guard"
POLICY, BUDGET = "policy/no-latest-image", "budget/exceeded"


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (removed, {REMOVAL}),
        (raised, {REMOVAL}),
        (without_guards, {REMOVAL}),
        (raised_for_all, {REMOVAL}),
        (permitted_by_itself, {REMOVAL}),
        (renamed_environment, {LEFT}),
        (removed_environment, {LEFT}),
        (emptied, {LEFT}),
        (moved_to_another_environment, {REMOVAL}),
        (renamed_models, {REMOVAL}),
        (other_namespace, {LEFT}),
        (moved, {REMOVAL}),
        (moved_and_changed, {REMOVAL}),
        (other_cluster, {LEFT}),
        (other_engine, {LEFT, RESTART}),
        (other_repository, {LEFT}),
        (read_from("targetRevision: mine"), {LEFT}),
        (read_from("path: mine/rendered"), {LEFT}),
        (read_from("chartRepository: ghcr.io/mine"), {LEFT}),
        (restarted, {RESTART}),
        (restarted_without_accelerators, {RESTART}),
        (restarted_by_renaming, {RESTART}),
        (lowered_severity, {POLICY}),
        (unbound, {POLICY}),
        (bound_to_warn, {POLICY}),
        (own_policy, {POLICY}),
        (broken_glass, {POLICY}),
        (less_secure, {"kubernetes/pod-security"}),
        (other_owner, {BUDGET}),
        (new_environment, {POLICY}),
        (linked, {"catalog/linked-words"}),
        (smuggled, {"gitops/unlisted-file"}),
        (gitops_says("project: default"), {RIGHTS, REMOVAL}),
        (gitops_says("namespaceResourceWhitelist: [{group: '', kind: Pod}]"), {RIGHTS}),
        (gitops_says("flux: {serviceAccountName: admin}"), {RIGHTS}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_change_grants_itself_nothing(project: Project, change: Callable[[Project], None], rules: set[str]) -> None:
    change(project)
    code, errors, verdict = judged(project)
    assert (code, errors) == (1, rules)
    assert verdict.startswith("red: ")


@pytest.mark.parametrize(
    ("permit", "expires", "change", "code"),
    [
        ("removals: 2", "2027-01-01", removed, 0),
        ("removals: 1", "2027-06-30", removed, 1),
        ("removals: 2", "2026-12-31", removed, 1),
        ("removals: 99", "2027-06-30", removed_environment, 0),
        ("leftBehind: 99", "2027-06-30", removed_environment, 0),
        ("leftBehind: 2", "2027-06-30", removed_environment, 1),
        ("leftBehind: 6", "2027-06-30", emptied, 0),  # five models, and the Application that synced them
        ("removals: 6", "2027-06-30", emptied, 0),
        ("leftBehind: 5", "2027-06-30", emptied, 1),
        ("leftBehind: 20", "2027-06-30", other_cluster, 0),
        ("leftBehind: 20", "2027-06-30", other_repository, 0),
        ("leftBehind: 20, restartingAccelerators: 8", "2027-06-30", other_engine, 0),
        ("restartingAccelerators: 2", "2027-06-30", restarted, 0),
        ("removals: 2, restartingAccelerators: 8", "2027-06-30", moved_and_changed, 0),
        ("removals: 2", "2027-06-30", moved, 1),
        ("leftBehind: 5, restartingAccelerators: 8", "2027-06-30", other_namespace, 0),
        ("leftBehind: 5", "2027-06-30", other_namespace, 1),
    ],
)
def test_a_permit_holds_where_the_base_has_it(
    project: Project, permit: str, expires: str, change: Callable[[Project], None], code: int
) -> None:
    commit_files(project.root, {"environments/prod.yaml": PROD + GUARDS + PERMIT % (permit, expires)})
    change(project)
    found = judged(project)
    assert found[0] == code, found


@pytest.mark.parametrize(
    "words", ["targetRevision: main", "path: ./rendered/", "chartRepository: oci://ghcr.io/kserve/charts"]
)
def test_what_is_meant_anyway_reads_from_nowhere_else(project: Project, words: str) -> None:
    read_from(words)(project)
    assert judged(project)[:2] == (0, set())


def test_the_placeholder_of_a_repository_is_replaced_freely(project: Project) -> None:
    words = (PROD + GUARDS).replace("git.example.org", "example.com")
    project.write("environments/prod.yaml", words)
    judged(project)
    commit_files(project.root, {"environments/prod.yaml": words})
    project.write("environments/prod.yaml", PROD + GUARDS)
    assert judged(project)[:2] == (0, set())


KINDS = "namespaceResourceWhitelist: [{group: '', kind: Pod}%s]"
APPS = ", {group: apps, kind: Deployment}"


@pytest.mark.parametrize(
    ("before", "after", "permit", "seen"),
    [
        ("values: ref", KINDS % APPS, "", f"{KINDS[:26]}: Pod, {KINDS[:26]}: Deployment of apps"),
        ("values: ref", KINDS % APPS, "rights: 1", f"{KINDS[:26]}: Pod, {KINDS[:26]}: Deployment of apps"),
        ("values: ref", KINDS % APPS, "rights: 2", ""),
        (KINDS % APPS, KINDS % "", "", ""),
        (KINDS % "", KINDS % APPS, "", f"{KINDS[:26]}: Deployment of apps"),
        ("project: own", "values: ref", "", ""),
        ("flux: {serviceAccounts: namespace}", "values: ref", "", "flux.serviceAccounts: namespace -> layer"),
        ("values: ref", "flux: {serviceAccounts: namespace}", "", ""),
    ],
)
def test_rights_grow_by_a_permit_alone(project: Project, before: str, after: str, permit: str, seen: str) -> None:
    permits = PERMIT % (f"removals: 99, {permit}".rstrip(", "), "2027-06-30")
    for words in (before, after):
        gitops_says(words)(project)
        file = project.root / "environments/prod.yaml"
        file.write_text(file.read_text("utf-8") + permits, "utf-8")
        errors = judged(project)[1]
        found = checked_report(run(project, "--base", "HEAD", "--output", "json").stdout)["findings"]
        if words == before:
            commit_files(project.root, {})
    assert errors == ({RIGHTS} if seen else set())
    assert [(f["file"], f["line"], f["seen"]) for f in found if f["rule"] == RIGHTS] == (
        [("environments/prod.yaml", 6, seen)] if seen else []
    )


def test_a_new_environment_has_the_rights_that_it_says(project: Project) -> None:
    words = (PROD + GUARDS).replace("{engine: argocd,", "{engine: argocd, project: default,")
    words = words.replace("prod.example.com", "other.example.com").replace("name: prod", "name: other")
    project.write("environments/other.yaml", words)
    assert judged(project)[:2] == (0, set())


def test_an_expired_permit_is_told_of(project: Project) -> None:
    project.write("environments/prod.yaml", PROD + GUARDS + PERMIT % ("removals: 2", "2026-12-31"))
    out = run(project, "--base", "HEAD").stdout
    assert re.search(r"environments/prod.yaml:\d+:\d+: warning: permit all", out)
    assert "permit all expired on 2026-12-31, so it raises no guard [gitops/permit-expired]" in out


RUNNING = "5 models keep running in namespace ns on https://prod.example.com"
NOBODY = f"{RUNNING}: nothing will delete them"
ELSEWHERE = "what is read there decides about them from now on"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_cluster, f"{NOBODY} (another cluster (https://prod.example.com -> "),
        (other_namespace, f"{NOBODY} (another namespace)"),
        (read_from("path: mine"), f"{RUNNING}: {ELSEWHERE} (another path ("),
        (emptied, f"{NOBODY} (every model is removed)"),
        (removed_environment, f"{NOBODY} (the environment is removed)"),
        (renamed_environment, f"{NOBODY} (the environment is removed)"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_keeps_running_is_said_first(project: Project, change: Callable[[Project], None], said: str) -> None:
    change(project)
    judged(project)
    for form, line in (("text", 1), ("markdown", 3)):
        out = unescape(run(project, "--base", "HEAD", "--output", form).stdout).replace("\u200b", "").replace("\\", "")
        assert out.split("\n")[line].strip("*").startswith(f"prod: {said}"), out
    changes = checked_report(run(project, "--base", "HEAD", "--output", "json").stdout)["plan"]["changes"]
    assert changes["leftRunning"][0].startswith(f"prod: {said}")
    (left,) = [e["leftBehind"] for e in changes["environments"] if e["name"] == "prod"]
    assert (left["models"], left["namespaces"], left["cluster"]) == (5, ["ns"], "https://prod.example.com")


@pytest.mark.parametrize(("now", "beside"), [("flux", " beside flux"), ("none", "")])
def test_of_another_engine_the_objects_of_the_one_before_stay(project: Project, now: str, beside: str) -> None:
    other = (PROD + GUARDS).replace("engine: argocd", f"engine: {now}")
    project.write("environments/prod.yaml", other)
    allowed = RenderOptions(out=project.root / "rendered", allow_restarts=8)
    (left,) = (d for d in render(project.repository, allowed).diagnostics if d.rule.startswith("gitops/"))
    assert left.rule == LEFT
    judged(project)
    report = checked_report(run(project, "--base", "HEAD", "--output", "json").stdout)
    (found,) = (f for f in report["findings"] if f["rule"] in {LEFT, REMOVAL})
    assert found["seen"] == left.seen
    changes = report["plan"]["changes"]
    (planned,) = changes["environments"]
    count = len(planned["leftBehind"]["objects"])
    assert found["seen"].startswith(f"{count} left behind: AppProject argocd/prod, ")
    (line,) = changes["leftRunning"]
    stay = f"they are argocd's own, and sync{beside} until somebody deletes them"
    assert line == f"prod: {count} objects stay: {stay} (another engine (argocd -> {now}))"


def test_what_is_permitted_to_be_left_behind_is_rendered_after_the_merge(project: Project) -> None:
    for count, code in ((5, 1), (6, 0)):
        words = PROD + GUARDS + PERMIT % (f"leftBehind: {count}", "2027-06-30")
        project.write("environments/prod.yaml", words)
        emptied(project)
        assert project.render().exit_code == code


def test_one_model_that_nobody_prunes_takes_no_permit_and_is_told(project: Project) -> None:
    project.write("environments/prod.yaml", PROD + "guards: {maxRemovals: 3}\n")
    project.write("models.yaml", models(z="{modelFormat: sklearn, storageUri: s3://models/z, namespace: other}"))
    judged(project)
    commit_files(project.root, {})
    project.write("models.yaml", models())
    assert judged(project)[:2] == (0, set())
    first, line = run(project, "--base", "HEAD").stdout.split("\n")[:2]
    assert first.startswith("green")
    assert first.endswith(", but 1 model keeps running")
    assert line == (
        "prod: 1 model keeps running in namespace other on https://prod.example.com: nothing will delete it "
        "(the last of a namespace is removed)"
    )


def test_models_that_an_engine_prunes_are_said_to_be_deleted(project: Project) -> None:
    removed(project)
    judged(project)
    out = run(project, "--base", "HEAD").stdout
    assert "keep running" not in out
    assert "2 models are removed (deleted from the cluster)" in out


def test_rendered_files_that_are_deleted_leave_models_running(project: Project) -> None:
    shutil.rmtree(project.root / "rendered/prod")
    lines = run(project, "--base", "HEAD").stdout.split("\n")
    assert lines[:3] == [
        "red: 1 error",
        f"prod: {NOBODY} (rendered/prod is deleted)",
        "the catalog changes nothing; not current: rendered/prod",
    ]
    assert any("error: rendered/prod is not there, and the catalog renders it" in line for line in lines)


@pytest.mark.parametrize(
    ("engine", "was", "now", "moves"),
    [
        ("flux", "server: 'https://a.corp:6443'", "server: 'https://b.corp:6443'", True),
        ("flux", "server: 'https://a.corp'", "server: 'https://A.corp:443/'", False),
        ("flux", "server: 'https://kubernetes.default.svc'", "server: 'https://b.corp:6443'", False),
        ("flux", "name: a", "name: b", True),
        ("flux", "name: a", "server: 'https://b.corp:6443'", False),
        ("argocd", "name: a", "name: b", True),
        ("argocd", "server: 'https://a.corp'", "server: 'https://a.corp:443/'", False),
        ("none", "server: 'https://a.corp'", "server: 'https://b.corp'", True),
    ],
)
def test_another_cluster_by_its_words(project: Project, engine: str, was: str, now: str, moves: bool) -> None:
    for words in (was, now):
        said = (PROD + "guards: {maxRemovals: 99}\n").replace("engine: argocd", f"engine: {engine}")
        project.write("environments/prod.yaml", said.replace("name: prod, server: 'https://prod.example.com'", words))
        found = judged(project)
        if words == was:
            commit_files(project.root, {})
    assert found[:2] == ((1, {LEFT}) if moves else (0, set()))


def test_the_address_that_init_writes_is_replaced_freely(project: Project) -> None:
    words = (PROD + GUARDS).replace("https://prod.example.com", "https://prod.example.com:6443")
    project.write("environments/prod.yaml", words)
    judged(project)
    commit_files(project.root, {"environments/prod.yaml": words})
    project.write("environments/prod.yaml", words.replace("prod.example.com", "10.0.0.1"))
    assert judged(project)[:2] == (0, set())


def waived(project: Project, more: str = "") -> None:
    project.write("models.yaml", models(a=LATEST))
    project.write("environments/prod.yaml", PROD + GUARDS + f"waivers: {{w: {WAIVER}}}\n{more}")


@pytest.mark.parametrize("form", ["text", "github", "markdown", "json", "sarif"])
def test_the_first_line_says_what_a_change_is_green_by(project: Project, form: str) -> None:
    waived(project)
    assert judged(project) == (0, set(), f"green by 1 waiver of this change: w (ml), {ASSUMING}")
    out = run(project, "--base", "HEAD", "--output", form).stdout
    line = out.split("\n")[1 if form == "markdown" else 0]
    assert "green by 1 waiver of this change: w" in (out if form in {"json", "sarif"} else line).replace("\\", "")
    commit_files(project.root, {})
    assert judged(project)[2] == f"green, {ASSUMING}", "it is merged"
    changed = f"waivers: {{w: {WAIVER.replace('2027-06-30', '2099-12-31')}}}\n"
    project.write("environments/prod.yaml", PROD + GUARDS + changed)
    assert judged(project)[2] == f"green by 1 waiver of this change: w (ml), {ASSUMING}", "and changed"


@pytest.mark.parametrize("side", ["base", "change"])
def test_waivers_of_the_base_alone(project: Project, side: str) -> None:
    only = "waiversFrom: base\n"
    if side == "base":
        commit_files(project.root, {"environments/prod.yaml": PROD + GUARDS + only})
    waived(project, only if side == "change" else "")
    assert judged(project)[:2] == (1, {POLICY})
    assert "Waiver w counts from the change after this one on" in run(project, "--base", "HEAD").stdout
    commit_files(project.root, {})
    assert judged(project) == (0, set(), f"green, {ASSUMING}")


@pytest.mark.parametrize("only", ["", "waiversFrom: base\n"])
def test_a_wider_pattern_is_a_waiver_of_the_change(project: Project, only: str) -> None:
    """What was merged goes on to hold, for later models of the pattern, too; what is beyond it is the change's."""
    wide, narrow = (WAIVER.replace("model: a", f"models: {pattern}") for pattern in ("ns/*", "ns/a*"))
    environment = f"{PROD}{GUARDS}{only}waivers: "
    commit_files(
        project.root, {"models.yaml": models(a=LATEST), "environments/prod.yaml": f"{environment}{{w: {narrow}}}\n"}
    )
    project.write("models.yaml", models(a=LATEST, ab=LATEST))
    project.write("environments/prod.yaml", f"{environment}{{other: {narrow}}}\n")
    assert judged(project) == (0, set(), f"green, {ASSUMING}"), "the name is another, the pattern is the same"
    project.write("models.yaml", models(a=LATEST, other=LATEST))
    project.write("environments/prod.yaml", f"{environment}{{w: {wide}}}\n")
    if only:
        assert judged(project)[:2] == (1, {POLICY})
    else:
        assert judged(project) == (0, set(), f"green by 1 waiver of this change: w (ml), {ASSUMING}")


def test_a_model_that_takes_another_owner_is_not_yet_that_owner_s(project: Project) -> None:
    ours = WAIVER.replace("model: a", "models: {owner: ml}")
    words = f"{PROD}{GUARDS}waivers: {{w: {ours}}}\nwaiversFrom: base\n"
    theirs = LATEST.replace("}", ", owner: web}")
    commit_files(project.root, {"models.yaml": models(a=theirs), "environments/prod.yaml": words})
    project.write("models.yaml", models(a=theirs.replace("web", "ml")))
    assert judged(project)[:2] == (1, {POLICY})


def test_where_there_is_no_base_that_is_said(project: Project) -> None:
    removed(project)
    for name, words in (("zeros", ("--base", "0" * 40)), ("before the first commit", ())):
        if not words:
            shutil.rmtree(project.root / ".git")
            new_repository(project.root)
        render(project.repository, RenderOptions(out=project.root / "rendered", allow_removals=9))
        result = run(project, *words)
        first = result.stdout.split("\n")[0]
        assert (result.return_value, first) == (0, f"green, {ASSUMING}; there is no base, so guards do not apply"), name


def test_a_base_is_not_guessed(project: Project, tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="nothing says which commit"):
        run(project)
    for revision in ("", "nowhere", "--help-me"):
        with pytest.raises(GeneratorError):
            run(project, "--base", revision)
    git(tmp_path, "clone", "--quiet", str(project.root), "clone")
    clone = Project.at(tmp_path / "clone")
    clone.write("models.yaml", models(a=None, b=None))
    render(clone.repository, RenderOptions(out=clone.root / "rendered", allow_removals=9))
    commit_files(clone.root, {})
    result = run(clone)
    assert "(origin/main)" in result.stdout
    assert result.return_value == 1


MODEL_FILES = "rendered/prod/models/ns/inferenceservice-a.yaml, and 4 more"


@pytest.mark.parametrize(
    ("engine", "file", "patterns", "told"),
    [
        ("flux", ".sourceignore", "docs/\nmodels/\n", MODEL_FILES),
        ("flux", ".sourceignore", "/*\n!/rendered\n", ""),
        ("flux", ".sourceignore", "/*\n!/rendered\n**/inferenceservice-[a-h]*.yaml", MODEL_FILES),
        ("flux", ".sourceignore", "*.md\n/docs\n/rendered/prod/README.md\n", ""),
        ("argocd", ".sourceignore", "models/\n", ""),
    ],
)
def test_flux_reads_what_is_judged(project: Project, engine: str, file: str, patterns: str, told: str) -> None:
    project.write("environments/prod.yaml", PROD.replace("argocd", engine))
    judged(project)
    commit_files(project.root, {})
    project.write(file, patterns)
    report = checked_report(run(project, "--base", "HEAD", "--output", "json").stdout)
    found = [f for f in report["findings"] if f["severity"] == "error"]
    assert [(f["rule"], f["file"], f["line"]) for f in found] == [("gitops/engine-input", file, 1)] * bool(told)
    assert all(f["message"].endswith(told) for f in found)


def test_patterns_above_a_catalog_that_is_no_repository_of_its_own(project: Project, tmp_path: Path) -> None:
    below = tmp_path / "all" / "models"
    new_repository(tmp_path / "all")
    shutil.copytree(project.root, below, ignore=shutil.ignore_patterns(".git"))
    inner = Project.at(below)
    inner.write("environments/prod.yaml", PROD.replace("argocd", "flux"))
    judged(inner, base="0" * 40)
    commit_files(tmp_path / "all", {".sourceignore": "models/rendered/*/models/\n", ".gitattributes": "*.yaml ident\n"})
    report = checked_report(run(inner, "--base", "HEAD", "--output", "json").stdout)
    found = [(f["rule"], f["file"]) for f in report["findings"] if f["severity"] == "error"]
    assert found == [("gitops/output-attributes", "../.gitattributes"), ("gitops/engine-input", "../.sourceignore")]


@pytest.mark.parametrize(
    ("attributes", "seen"),
    [
        ("*.yaml filter=lfs diff=lfs merge=lfs -text", "filter=lfs"),
        ("rendered/** ident eol=crlf", "eol=crlf, ident"),
        ("rendered/** working-tree-encoding=UTF-16", "working-tree-encoding=UTF-16"),
        ("rendered/** -filter -ident text eol=lf linguist-generated=true", ""),
        ("*.bin filter=lfs", ""),
    ],
)
def test_git_keeps_what_is_judged(project: Project, attributes: str, seen: str) -> None:
    project.write(".gitattributes", f"{attributes}\n")
    report = checked_report(run(project, "--base", "HEAD", "--output", "json").stdout)
    found = [f for f in report["findings"] if f["severity"] == "error"]
    expected = [("gitops/output-attributes", ".gitattributes", 1, seen)] if seen else []
    assert [(f["rule"], f["file"], f["line"], f["seen"]) for f in found] == expected


def test_rendered_files_have_to_be_current(project: Project) -> None:
    project.write("models.yaml", models(a=MODEL % "a2"))
    result = run(project, "--base", "HEAD")
    assert result.return_value == 1
    assert "rendered/prod/models/ns/inferenceservice-a.yaml:1:1: error: rendered/prod is not what" in result.stdout
    assert "+      storageUri: s3://models/a2" in result.stdout
    lines = result.stdout.split("\n")
    assert lines[:2] == ["red: 1 error", "prod: 1 model changes, 1 pod restarts"], "the catalog says something new"
    said = run(project, "--base", "HEAD", "--output", "github").stdout
    assert re.search(r" · 1 would be written, \d+ unchanged · 1 error", said)


def test_the_verdict_counts_places_and_findings_say_where(project: Project) -> None:
    project.write("models.yaml", models(a=MODEL % "a", b=MODEL % "b").replace("s3://", "ftp://"))
    out = run(project, "--base", "HEAD").stdout
    assert out.startswith("red: 1 error in 5 places\n")
    assert "\n  in:      prod\n" in out


def test_where_files_alone_are_not_current_the_catalog_changes_nothing(project: Project) -> None:
    file = project.root / "rendered/prod/models/ns/inferenceservice-b.yaml"
    file.write_text(file.read_text("utf-8").replace("s3://models/b", "s3://models/old"), "utf-8")
    out = run(project, "--base", "HEAD").stdout
    assert out.split("\n")[:2] == ["red: 1 error", "the catalog changes nothing; not current: rendered/prod"]
    changes = checked_report(run(project, "--base", "HEAD", "--output", "json").stdout)["plan"]["changes"]
    assert changes["stale"] == ["prod"]


def test_nothing_is_said_of_files_that_an_error_keeps_from_being_rendered(project: Project) -> None:
    project.write("models.yaml", models(a="{typo: 1}"))
    out = run(project, "--base", "HEAD", "--output", "json").stdout
    plan = checked_report(out)["plan"]
    assert (plan["written"], plan["removed"], plan["changes"]["unknown"]) == ([], [], ["prod"])


def test_where_main_renders_no_change_touches_rendered_files(project: Project) -> None:
    words = ("--base", "HEAD", "--rendered-by", "main")
    project.write("models.yaml", models(a=MODEL % "a2"))
    assert run(project, *words).return_value == 0
    file = project.root / "rendered/prod/models/ns/inferenceservice-b.yaml"
    file.write_text(file.read_text("utf-8").replace("s3://models/b", "s3://evil"), "utf-8")
    result = run(project, *words)
    assert result.return_value == 1
    assert "seen:    1 of its files: prod/models/ns/inferenceservice-b.yaml" in result.stdout


def test_a_stray_file_makes_no_environment_new(project: Project) -> None:
    shutil.rmtree(project.root / "rendered/prod")
    commit_files(project.root, {"rendered/README.md": "x", "rendered/dev/x.txt": "x"})
    removed(project)
    code, errors, _ = judged(project)
    assert (code, errors) == (1, {REMOVAL})


def test_owners_of_the_change_count_too(project: Project) -> None:
    project.write("models.yaml", models(b=GPU % "b"))
    assert BUDGET in judged(project)[1]


def test_what_the_base_binds_can_be_waived_like_any_other(project: Project) -> None:
    unbound(project)
    file = project.root / "environments/prod.yaml"
    file.write_text(file.read_text("utf-8") + f"waivers: {{w: {WAIVER}}}\n", "utf-8")
    assert judged(project) == (0, set(), f"green by 1 waiver of this change: w (ml), {ASSUMING}")


@pytest.mark.parametrize("change", [unbound, bound_to_warn, other_owner])
def test_what_has_landed_counts(project: Project, change: Callable[[Project], None]) -> None:
    change(project)
    commit_files(project.root, {})
    assert judged(project)[0] == 0


def test_policies_as_they_were_are_bound_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the base binds is asked anew only where the change binds something else."""
    monkeypatch.setattr(base_policies, "bind_environment", lambda *_: pytest.fail("bound again"))
    project.write("models.yaml", models(c=None))
    assert judged(project)[:2] == (0, set())
