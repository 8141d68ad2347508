"""What became of branches, as lines for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.render.commit.outcome import BranchOutcome, CommitOutcome, Status
from kservegen.report.summary import plural

_SHORT = 12  # digits of a commit's name


def commit_as_text(outcome: CommitOutcome) -> str:
    """Write a line for each branch, and below it what is left to do."""
    return "".join(f"{printable(line)}\n" for branch in outcome.branches for line in _lines(branch))


def _lines(branch: BranchOutcome) -> Iterator[str]:
    if branch.status is Status.COMMITTED:
        pushed = f", pushed to {branch.pushed}" if branch.pushed else ""
        yield f"{branch.branch}: {branch.commit[:_SHORT]} {branch.subject} ({_counts(branch)}{pushed})"
    elif branch.status is Status.UNCHANGED:
        yield f"{branch.branch}: nothing to commit, {plural(branch.unchanged, 'file')} as rendered"
    else:
        yield f"{branch.branch}: nothing committed"
    if branch.pull_request:
        yield f"  pull request{' opened' if branch.opened else ''}: {branch.pull_request}"
    elif branch.compare:
        yield f"  pull request: {branch.compare}"
    for remark in branch.remarks:
        yield f"  {remark}"


def _counts(branch: BranchOutcome) -> str:
    counts = ((branch.added, "added"), (branch.changed, "changed"), (branch.removed, "removed"))
    return ", ".join(f"{count:,} {what}" for count, what in counts if count) or "no files"


def commit_as_json(outcome: CommitOutcome) -> JsonObject:
    """Return the report's `commit`."""
    return {
        "source": outcome.source,
        "catalog": outcome.catalog,
        "branches": [_as_json(branch) for branch in outcome.branches],
    }


def _as_json(branch: BranchOutcome) -> JsonObject:
    return {
        "branch": branch.branch,
        "environments": list(branch.environments),
        "status": branch.status.value,
        "commit": branch.commit or None,
        "subject": branch.subject,
        "added": branch.added,
        "changed": branch.changed,
        "removed": branch.removed,
        "unchanged": branch.unchanged,
        "pushed": branch.pushed or None,
        "compare": branch.compare or None,
        "pullRequest": branch.pull_request or None,
        "remarks": list(branch.remarks),
    }
