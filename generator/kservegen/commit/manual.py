"""The manual of what stands in the way of a commit and has a line of its own."""

from __future__ import annotations

from collections.abc import Mapping

from kservegen.diagnostics import Diagnostic, Location, RuleMeta

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

RULES = (OUTPUT_IGNORED,)


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
