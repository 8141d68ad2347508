"""What became of each branch, for reports."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    """What became of a branch."""

    COMMITTED = "committed"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"  # something newer was there first, or came in between


class BranchOutcome(Struct, frozen=True, kw_only=True):
    """One branch. `commit` is the new commit, else the one that the branch is at (empty: it is not there).

    `pushed` is the remote, secrets left out; `compare` what a pull request would be opened from. `pull_request` is the
    address of the one that is open, blank for none; `opened` tells that this was done just now. `remarks` are sentences
    for people.
    """

    branch: str
    environments: tuple[str, ...]
    status: Status
    commit: str
    subject: str = ""
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    pushed: str = ""
    compare: str = ""
    pull_request: str = ""
    opened: bool = False
    remarks: tuple[str, ...] = ()


class CommitOutcome(Struct, frozen=True, kw_only=True):
    """All branches, the commit that they were rendered from, and the digest of its catalog."""

    source: str
    catalog: str
    branches: tuple[BranchOutcome, ...]
