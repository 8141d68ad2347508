"""What became of branches in; the pull requests that were opened of them out, or why none was."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kservegen.commands.client.forge import Forge, Proposal, find_forge
from kservegen.core.errors import GeneratorError
from kservegen.git.process import Git
from kservegen.git.remote import default_branch, leads_to, remote_tip
from kservegen.render.commit.outcome import BranchOutcome, CommitOutcome, Status

_BODY: Final = "What `kservegen commit` rendered of {source}.\n\n`kservegen plan --base {base}` says what it does.\n"


def proposal_target(git: Git, remote: str, branch: str) -> str:
    """Return the branch that a pull request of a branch goes into: the default branch of the remote.

    GeneratorError where this clone was not told which it is, or it is that branch itself.
    """
    found = default_branch(git)
    target = found.removeprefix(f"{remote}/") if found is not None else ""
    if not target:
        raise GeneratorError(
            "nothing says which branch a pull request goes into",
            subject=remote,
            hint=f"Tell this clone which its default branch is: git remote set-head {remote} --auto.",
        )
    if target == branch:
        raise GeneratorError(
            "it is the branch that a pull request would go into",
            subject=branch,
            hint="Begin one for the change: git switch --create NAME.",
        )
    return target


def open_proposals(git: Git, remote: str, outcome: CommitOutcome) -> CommitOutcome:
    """Open a pull request of each branch that has something to merge; where that cannot be, a remark says why.

    `remote` is blank where nothing was pushed.
    """
    address = git.attempt("config", "--get", f"remote.{remote}.url").stdout.decode("utf-8", "replace").strip()
    forge = find_forge(address or remote, git.top) if remote else None
    return replace(outcome, branches=tuple(_proposed(git, remote, forge, one, outcome) for one in outcome.branches))


def _proposed(
    git: Git, remote: str, forge: Forge | None, branch: BranchOutcome, outcome: CommitOutcome
) -> BranchOutcome:
    base, _, head = branch.compare.partition("...")
    if not head or branch.status is Status.SUPERSEDED:
        return branch
    if forge is None:
        why = "it takes gh or glab, and a remote that is a forge" if remote else "nothing is pushed without --push"
        return _remarked(branch, f"no pull request was opened: {why}")
    tips = [remote_tip(git, remote, f"refs/heads/{name}") for name in (head, base)]
    if tips[0] is None or tips[1] is None:
        return _remarked(branch, f"no pull request was opened: {head if tips[0] is None else base} is not on {remote}")
    if leads_to(git, tips[0], tips[1]):
        return branch  # all of it is merged
    subject = branch.subject or f"Render {', '.join(branch.environments)}"
    body = _BODY.format(source=outcome.source, base=base)
    try:
        opened = forge.open(Proposal(head, base, subject, body))
    except GeneratorError as problem:
        return _remarked(branch, f"no pull request was opened: {problem}")
    return replace(branch, pull_request=opened.address, opened=opened.is_new)


def _remarked(branch: BranchOutcome, remark: str) -> BranchOutcome:
    return replace(branch, remarks=(*branch.remarks, remark))
