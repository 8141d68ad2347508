"""Pull requests through a forge's own command, `gh` or `glab`: it has the credentials, and no shell is started.

Which one follows from the address of the remote. Neither is asked anything but for the pull request of two branches.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.git.process import mask

_SECONDS: Final = 60
_LONGEST: Final = 300


class PullRequest(NamedTuple):
    """Where it is read, and whether it was opened just now."""

    address: str
    is_new: bool


class Proposal(NamedTuple):
    """What is to be merged: branches of the remote, by name, and what people read."""

    head: str
    base: str
    title: str
    body: str


class _Words(NamedTuple):
    """How a forge's command lists and opens: what it calls branches and texts, and the address in what it lists."""

    kind: str
    listing: tuple[str, ...]
    head: str
    base: str
    body: str
    address: str
    creating: tuple[str, ...]


_FORGES: Final = {
    "gh": _Words("pr", ("--state", "open", "--json", "url"), "--head", "--base", "--body", "url", ()),
    "glab": _Words(
        "mr", ("--output", "json"), "--source-branch", "--target-branch", "--description", "web_url", ("--yes",)
    ),
}


class Forge(Struct, frozen=True):
    """A forge's command, run in a clone."""

    name: str
    binary: str
    folder: Path

    def open(self, proposal: Proposal) -> PullRequest:
        """Open a pull request, or find the one that is open already; GeneratorError where the forge refuses."""
        words = _FORGES[self.name]
        branches = (words.head, proposal.head, words.base, proposal.base)
        known = self._run(words.kind, "list", *branches, *words.listing)
        address = next((text(mapping(item).get(words.address)) for item in sequence(_json(known))), "")
        if address:
            return PullRequest(address, is_new=False)
        said = ("--title", proposal.title, words.body, proposal.body)
        printed = self._run(words.kind, "create", *branches, *said, *words.creating)
        found = [word for word in printed.split() if word.startswith("https://")]
        return PullRequest(found[-1] if found else "", is_new=True)

    def _run(self, *words: str) -> str:
        # Nothing may wait for an answer that nobody types.
        environment = {**os.environ, "GH_PROMPT_DISABLED": "1", "NO_PROMPT": "1", "NO_COLOR": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and every word is one argument
                [self.binary, *words],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise GeneratorError(f"does not answer within {_SECONDS} seconds", subject=self.name) from None
        except OSError as problem:
            raise GeneratorError(f"cannot be run: {problem.strerror}", subject=self.name) from problem
        if done.returncode:
            lines = [line.strip() for line in mask(done.stderr.decode("utf-8", "replace")).splitlines() if line.strip()]
            raise GeneratorError(lines[-1][:_LONGEST] if lines else f"exit code {done.returncode}", subject=self.name)
        return done.stdout.decode("utf-8", "replace")


def find_forge(address: str, folder: Path) -> Forge | None:
    """Return the command of the forge that a remote's address leads to; None where it is not on the path.

    A remote that is a folder of this machine is no forge.
    """
    if not ("@" in address or "://" in address) or address.startswith("file:"):
        return None
    name = "glab" if "gitlab" in address.lower() else "gh"
    binary = shutil.which(name)
    return None if binary is None else Forge(name, binary, folder)


def _json(printed: str) -> JsonValue:
    try:
        found: JsonObject = {"listed": json.loads(printed or "[]")}
    except ValueError:
        return None
    return found["listed"]
