"""One environment on a branch of its own, in the layout of Argo CD's Source Hydrator.

The files lie where they lie beside the catalog (`rendered/<env>`), so that the way from one layout to the other
changes nothing but `targetRevision`. `hydrator.metadata` stands at the top and in the folder, a note on the commit
says the source again: what renders to the same files gets a new note and no commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.git.remote import leads_to
from kservegen.git.tree import files, read
from kservegen.git.write import Edits, with_trailers
from kservegen.render.commit.base import Base, Question, Superseded, check_order, last_source
from kservegen.render.commit.contents import compare_with
from kservegen.render.commit.landing import Landing, Prepared, tip_of
from kservegen.render.commit.message import source_trailers, write_message
from kservegen.render.commit.notes import read_note, source_in
from kservegen.render.commit.source import RenderSource

HYDRATOR_METADATA: Final = "hydrator.metadata"
PROPOSED: Final = "-next"  # GitOps Promoter knows no other ending


class Hydrated(Struct, frozen=True, kw_only=True, eq=False):
    """A job: one environment. `active` is the branch that is synced; `repository` is the address of the source's.

    `unmanaged` are the files that the environment answers for beside.
    Where `proposes`, the commit goes to a branch beside it, for a pull request to open.
    """

    ask: Question
    environment: str
    desired: Mapping[str, bytes]
    unmanaged: frozenset[str]
    active: str
    repository: str
    proposes: bool
    words: str

    @property
    def branch(self) -> str:
        """The branch that the commit goes to."""
        return self.ask.branch

    @property
    def environments(self) -> tuple[str, ...]:
        """The one environment."""
        return (self.environment,)

    @property
    def compare(self) -> str:
        """The refs that a pull request would be opened from."""
        return f"{self.active}...{self.branch}" if self.proposes else ""

    def prepare(self) -> Prepared | Superseded:
        """Look where the branch is, and say what would be committed there now."""
        git = self.ask.git
        tip = tip_of(git, self.branch, self.ask.remote)
        base = self._base(tip)
        later = check_order(self.ask, self._source_of(base.tree_of) if tip is None else self._source_of(tip))
        if later is not None:
            return later
        contents = compare_with(git, base.tree_of, self.desired, (self.environment,), self.unmanaged)
        edits = contents.edits(git)
        if edits:
            edits = Edits({**edits.write, **self._metadata()}, edits.remove)
        return Prepared(
            tip=tip,
            parents=base.parents,
            tree_of=base.tree_of,
            contents=contents,
            edits=edits,
            message=with_trailers(git, write_message(contents, (self.environment,), self.words), self._trailers()),
        )

    def start(self, landing: Landing) -> bool:
        """Make the branch that a proposal goes into where there is none; say whether there was none."""
        if not self.proposes or tip_of(self.ask.git, self.active, self.ask.remote) is not None:
            return False
        landing.start(self.active)
        return True

    def _base(self, tip: str | None) -> Base:
        """Build a proposal on what is synced now; what it held before and was not merged is its other parent."""
        git = self.ask.git
        active = tip_of(git, self.active, self.ask.remote) if self.proposes else None
        if active is None:
            return Base((tip,), tip) if tip else Base((), "")
        if tip is None or leads_to(git, tip, active):
            return Base((active,), active)
        if leads_to(git, active, tip):
            return Base((tip,), tip)
        return Base((tip, active), active)

    def _source_of(self, commit: str) -> str:
        """Return the source of what a commit holds: of its note, its metadata, its own trailer, in this order."""
        if not commit:
            return ""
        git = self.ask.git
        noted = read_note(git, commit)
        if noted:
            return noted
        blob = files(git, commit, f"{OUTPUT_FOLDER}/{self.environment}").get(HYDRATOR_METADATA)
        described = source_in(read(git, [blob.name])[blob.name]) if blob is not None and blob.is_file else ""
        return described or last_source(git, commit)

    def _metadata(self) -> dict[str, bytes]:
        """Return the two files that say what was hydrated, by path from the top."""
        folder = self.ask.git.inside(f"{OUTPUT_FOLDER}/{self.environment}")
        url: JsonObject = {"repoURL": self.repository} if self.repository else {}
        command = f"kservegen render {self.environment}"
        return {
            HYDRATOR_METADATA: _as_json(describe_source(self.ask.source, self.repository)),
            f"{folder}/{HYDRATOR_METADATA}": _as_json({**url, "drySha": self.ask.source.name, "commands": [command]}),
        }

    def _trailers(self) -> dict[str, str]:
        source = self.ask.source
        about = {
            "author": source.author,
            "sha": source.name,
            "subject": source.subject,
            "body": json.dumps(source.body, ensure_ascii=False) if source.body else "",
            "repourl": self.repository if "://" in self.repository else "",  # Argo CD takes nothing else for one
            "date": source.date,
        }
        named = {f"Argocd-reference-commit-{key}": value for key, value in about.items() if value}
        return {**named, **source_trailers(source)}


def describe_source(source: RenderSource, repository: str) -> JsonObject:
    """Return what `hydrator.metadata` at the top says, in the words and the order of Argo CD."""
    known: JsonObject = {
        "repoURL": repository,
        "drySha": source.name,
        "author": source.author,
        "date": source.date,
        "subject": source.subject,
        "body": source.body,
        "references": list(source.references),
    }
    return {key: value for key, value in known.items() if value}


def _as_json(value: JsonObject) -> bytes:
    return f"{json.dumps(value, ensure_ascii=False, indent=2)}\n".encode("utf-8", "backslashreplace")
