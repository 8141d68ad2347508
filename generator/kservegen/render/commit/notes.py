"""Hydrated commits in; the notes that tell what they were rendered from, read and written, with their remote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from kservegen.core.errors import GeneratorError
from kservegen.git.process import Git
from kservegen.git.remote import push, remote_tip
from kservegen.git.write import Signature
from kservegen.render.commit.landing import ATTEMPTS

NOTES: Final = "refs/notes/hydrator.metadata"
# Notes are written beside the clone's own, so that a push that is refused leaves those as they were.
_DRAFT: Final = "refs/notes/kservegen-draft"


def fetch_notes(git: Git, remote: str) -> None:
    """Take over the notes of the remote, as Argo CD does: there is nothing else in this ref."""
    tip = remote_tip(git, remote, NOTES)
    if tip is not None:
        git.run("update-ref", NOTES, tip)


def read_note(git: Git, commit: str) -> str:
    """Return the source that a commit's note names; empty where there is none."""
    done = git.attempt("notes", f"--ref={NOTES}", "show", commit)
    return source_in(done.stdout) if done.returncode == 0 else ""


def source_in(text: bytes) -> str:
    """Return the source that a note or a `hydrator.metadata` names; empty where it names none."""
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    source = known.get("drySha") if isinstance(known, dict) else None
    return source if isinstance(source, str) else ""


def write_notes(git: Git, remote: str, commits: Iterable[str], source: str, who: Signature) -> bool:
    """Let notes on these commits name the source; say whether any did not yet."""
    wanted = list(commits)
    for _ in range(ATTEMPTS):
        if remote:
            fetch_notes(git, remote)
        missing = [commit for commit in wanted if read_note(git, commit) != source]
        if not missing:
            return False
        if _write(git, remote, missing, source, who):
            return True
    raise GeneratorError(
        f"moved {ATTEMPTS} times while notes were written to it",
        subject=NOTES,
        hint="The branches are in place; run the command again to write the notes.",
    )


def _write(git: Git, remote: str, commits: list[str], source: str, who: Signature) -> bool:
    old = git.attempt("rev-parse", "--verify", "--quiet", NOTES).stdout.decode().strip()
    git.attempt("update-ref", *((_DRAFT, old) if old else ("-d", _DRAFT)))  # one that is not there need not go
    text = f"{json.dumps({'drySha': source})}\n".encode()
    for commit in commits:
        words = ("notes", f"--ref={_DRAFT}", "add", "--force", "--file=-", commit)
        git.run(*words, stdin=text, environment=dict(who.environment))
    new = git.text("rev-parse", _DRAFT)
    git.run("update-ref", "-d", _DRAFT)
    if remote and not push(git, remote, NOTES, new, old or None):
        return False
    return git.attempt("update-ref", NOTES, new, old or "0" * len(new)).returncode == 0
