"""The manual of what stands in the way of a commit and has a line of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kservegen.core.diagnostics import Diagnostic, Finding, Location, RuleMeta, Severity

OUTPUT_IGNORED = RuleMeta(
    id="gitops/output-ignored",
    title="git ignores the output that would be committed",
    why=(
        "Files that match a pattern of .gitignore are left out by `git add` and `git status`: somebody who works on "
        "the output would commit half of it, and nobody would see the rest change."
    ),
    fix="Take the pattern out, or commit the output to another branch: --branch NAME or --hydrated.",
    bad="# .gitignore\nrendered/\n",
    good="# .gitignore\n__pycache__/\n",
)

HYDRATED_REVISION = RuleMeta(
    id="gitops/hydrated-revision",
    title="the environment is not synced from the branch that its output is committed to",
    why=(
        "The output of each environment is committed to a branch of its own, and Argo CD or Flux reads the revision "
        "that stands in the environment's file. Where the two differ, nothing that is committed reaches the cluster."
    ),
    fix="Set gitops.targetRevision to the branch, or commit to another one: --branch 'NAME/{env}'.",
    bad="# environments/prod.yaml\ngitops: {engine: argocd, targetRevision: main}\n",
    good="# environments/prod.yaml\ngitops: {engine: argocd, targetRevision: environments/prod}\n",
    severity=Severity.WARNING,
)

RULES = (OUTPUT_IGNORED, HYDRATED_REVISION)


def find_other_revision(synced: str, branch: str) -> Iterator[Finding]:
    """Find that an environment is synced from another revision than the branch it is committed to."""
    if synced.removeprefix("refs/heads/") != branch:
        yield Finding(
            rule=HYDRATED_REVISION.id,
            path=("gitops", "targetRevision"),
            message=f"what is committed to {branch} is synced by nobody",
            seen=synced,
            allowed=branch,
            hint=HYDRATED_REVISION.fix,
            severity=HYDRATED_REVISION.severity,
        )


def diagnose_ignored(hidden: Mapping[str, tuple[str, int, str]], prefix: str) -> Diagnostic:
    """Say which pattern hides the output; `hidden` holds file, line and pattern by path from the top."""
    path, (file, line, pattern) = min(hidden.items())
    return Diagnostic(
        rule=OUTPUT_IGNORED.id,
        severity=OUTPUT_IGNORED.severity,
        message=f"this pattern hides {len(hidden)} files of the output from git",
        location=Location(file.removeprefix(prefix), line),
        hint=OUTPUT_IGNORED.fix,
        seen=f"{pattern} hides {path}",
    )
