"""Queues of Kueue that a catalog brings along: judged, rendered, counted, compared."""

from __future__ import annotations

from click.testing import CliRunner
from tests.support.git_repository import git
from tests.support.project import DEV, Project

from kservegen.cli import cli

MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://m/i, minReplicas: 2, labels: {kueue.x-k8s.io/queue-name: team-a}}
extraManifests:
  kueue.x-k8s.io/LocalQueue/ns/team-a: {apiVersion: kueue.x-k8s.io/v1beta2, spec: {clusterQueue: team-a}}
  kueue.x-k8s.io/ClusterQueue/team-a:
    apiVersion: kueue.x-k8s.io/v1beta2
    spec:
      namespaceSelector: {matchLabels: {team: search}}
      resourceGroups:
      - coveredResources: [cpu, memory]
        flavors:
        - name: cpus
          resources: [{name: cpu, nominalQuota: 3}, {name: memory, nominalQuota: 6Gi}]
  kueue.x-k8s.io/ResourceFlavor/cpus: {apiVersion: kueue.x-k8s.io/v1beta2, spec: {}}
"""
OPEN = DEV.replace("namespaces: {ns: {}}", "namespaces: {ns: {labels: {team: search}}}")


def said(project: Project, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*words, "--root", str(project.root)])
    return done.exit_code, done.output


def test_queues_of_the_catalog(project: Project) -> None:
    project.write("environments/dev.yaml", OPEN + "budgets: {search: {clusterQueue: team-a}}\n")
    project.models(MODELS)
    assert project.problems() == []
    project.render()
    assert (project.root / "rendered/dev/cluster/clusterqueue.kueue.x-k8s.io_team-a.yaml").is_file()
    code, told = said(project, "budget")
    assert code == 0
    rows = [line.split() for line in told.splitlines() if line.startswith("  search")]
    assert [(row[1], row[2], row[-1]) for row in rows] == [("cpu", "2", "0"), ("memory", "4Gi", "0")]


def test_what_the_queues_say_is_told_at_the_model(project: Project) -> None:
    project.write("environments/dev.yaml", OPEN + "budgets: {search: {clusterQueue: team-a}}\n")
    project.models(MODELS.replace("{team: search}", "{team: fraud}"))
    assert project.problems() == ["models.yaml:4:106 kubernetes/queue"]
    project.models(MODELS.replace("nominalQuota: 3", "nominalQuota: 500m"))
    assert project.problems() == [
        "environments/dev.yaml:12:34 budget/exceeded",
        "models.yaml:4:3 kubernetes/queue-capacity",
    ]
    project.models(MODELS.replace("{clusterQueue: team-a}", "{clusterQueue: team-b}"))
    assert [line.split()[1] for line in project.problems()] == ["kubernetes/reference"]


def test_a_change_of_the_quota_changes_what_is_granted(project: Project) -> None:
    project.write("environments/dev.yaml", OPEN + "budgets: {search: {clusterQueue: team-a}}\n")
    project.models(MODELS)
    project.render()
    git(project.root, "init", "--quiet")
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--message", "queues")
    project.models(MODELS.replace("nominalQuota: 3", "nominalQuota: 4"))
    assert [line.split()[1] for line in project.problems()] == ["gitops/stale-output"]  # as after any edit
    code, told = said(project, "plan", "--base", "HEAD")
    assert code == 0
    assert "  budget search: 2 -> 2 of 4 (was 3) cpu\n" in told


def test_another_queue_for_what_runs_is_refused(project: Project) -> None:
    project.write("environments/dev.yaml", OPEN)
    both = (
        MODELS
        + "  kueue.x-k8s.io/LocalQueue/ns/team-b: {apiVersion: kueue.x-k8s.io/v1beta2, spec: {clusterQueue: team-a}}\n"
    )
    project.models(both)
    project.render()
    git(project.root, "init", "--quiet")
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--message", "queues")
    project.models(both.replace("queue-name: team-a", "queue-name: team-b"))
    project.render()
    done = CliRunner().invoke(
        cli, ["check", "--base", "HEAD", "--root", str(project.root)], standalone_mode=False, catch_exceptions=False
    )
    assert done.return_value == 1
    assert "kubernetes/queue-change" in done.output
