"""Files of manifests in, what becomes of every document out: judged alone, and with all others around it.

Alone is what the API server and the controller of a reference cluster would say. A reference that another given
document satisfies is no mistake, so what is reported, and fails, is what is left with all of them around.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

from kservegen.checks.manifests.documents import InputDocument, read_documents
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.runner import Judge, Verdict, is_misshapen
from kservegen.commands.result import DocumentReport, Documents
from kservegen.core.diagnostics import Diagnostic, Finding, Related, Severity, merge
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SCHEMA_NOT_FOUND
from kservegen.kserve.defaulting import Defaulted, default

_REFUSED: Final = Verdict(admitted=False, deployable=False)


@dataclass(slots=True)
class _Judged:
    """A document with what its layers say: alone, and what other objects and the platform add to that."""

    document: InputDocument
    stored: Defaulted | None  # as the cluster would store it; None where there is no object
    own: tuple[Finding, ...]
    alone: list[Finding] = field(default_factory=list)
    among: list[Finding] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return self.stored is not None and not is_misshapen(self.own)

    @property
    def is_unknown(self) -> bool:
        return any(finding.rule == SCHEMA_NOT_FOUND and finding.severity is Severity.INFO for finding in self.own)


class Linter:
    """Judges manifests file by file; what goes across files is said at the end.

    Of a document that was read, the data and the places of its values are kept; its text is not.
    """

    def __init__(self, judge: Judge, cluster: Cluster) -> None:
        self._judge = judge
        self._cluster = cluster
        self._judged: list[_Judged] = []
        self._waiting: list[_Judged] = []
        self._extra: list[Diagnostic] = []
        self._files = 0

    def add(self, data: bytes | Diagnostic, file: str, *, named: bool) -> int:
        """Read the documents of one file and judge each alone; return how many there are."""
        self._files += 1
        if isinstance(data, Diagnostic):
            self._extra.append(data)
            return 1
        documents = read_documents(data, file, named=named)
        for document in documents:
            item = _Judged(document, self._store(document.resource), ())
            if item.stored is not None:
                self._waiting.append(item)
            elif not any(problem.severity is Severity.ERROR for problem in document.problems):
                self._extra.extend(document.problems)  # nothing that is meant for a cluster
                continue
            self._judged.append(item)
        if len(self._waiting) >= self._judge.batch:
            self._judge_waiting()
        return len(documents)

    def _judge_waiting(self) -> None:
        """Judge each object that was read and not judged, alone."""
        waiting, self._waiting = self._waiting, []
        verdicts = self._judge.alone(_stored(waiting), self._cluster.context)
        for item, verdict in zip(waiting, verdicts, strict=True):
            item.own = verdict
        sound = {id(item.document.resource): item for item in waiting if item.is_sound}
        for resource, finding in self._judge.around(_stored(sound.values()), self._cluster.context):
            sound[id(resource)].alone.append(finding)

    def _store(self, resource: Resource | None) -> Defaulted | None:
        return None if resource is None else default(resource, self._cluster.installation)

    def note(self, diagnostic: Diagnostic) -> None:
        """Add what was seen of the files themselves."""
        self._extra.append(diagnostic)

    def finish(self) -> tuple[Documents, tuple[Diagnostic, ...]]:
        """Return every document's verdict, and the findings that are left with all documents around."""
        self._judge_waiting()
        self._judge_together()
        reports = tuple(self._report(judged) for judged in self._judged)
        verdicts = [self._verdict(judged, judged.among) for judged in self._judged if not judged.is_unknown]
        documents = Documents(
            reports=reports,
            files=self._files,
            not_admitted=sum(not verdict.admitted for verdict in verdicts),
            not_deployable=sum(verdict.admitted and not verdict.deployable for verdict in verdicts),
            not_checked=len(reports) - len(verdicts),
        )
        found = [d for judged in self._judged if not judged.is_unknown for d in self._diagnose(judged, judged.among)]
        return documents, merge([*self._extra, *found, *self._unknown_kinds(), *_duplicates(self._judged)])

    def _judge_together(self) -> None:
        """Judge again what other objects can change, now that all of them are known."""
        sound = {id(judged.document.resource): judged for judged in self._judged if judged.is_sound}
        objects = _stored(sound.values())
        given = {item.resource.id: item.resource for item in objects}
        context = replace(self._cluster.context, resources={**self._cluster.context.resources, **given})
        for resource, finding in self._judge.around(objects, context):
            sound[id(resource)].among.append(finding)

    def _verdict(self, judged: _Judged, around: Iterable[Finding]) -> Verdict:
        if any(problem.severity is Severity.ERROR for problem in judged.document.problems):
            return _REFUSED
        return self._judge.verdict([*judged.own, *around])

    def _diagnose(self, judged: _Judged, around: Iterable[Finding]) -> Iterator[Diagnostic]:
        yield from judged.document.problems
        for finding in (*judged.own, *around):
            yield judged.document.diagnose(finding, self._judge.severity(finding))

    def _report(self, judged: _Judged) -> DocumentReport:
        document = judged.document
        identity = document.resource.id if document.resource is not None else ResourceId("", "", "")
        verdict = self._verdict(judged, judged.alone)
        return DocumentReport(
            file=document.file,
            number=document.number,
            kind=identity.kind,
            name=identity.name,
            namespace=identity.namespace,
            admitted=None if judged.is_unknown else verdict.admitted,
            deployable=None if judged.is_unknown else verdict.deployable,
            diagnostics=merge(self._diagnose(judged, judged.alone)),
        )

    def _unknown_kinds(self) -> Iterator[Diagnostic]:
        """Say once of each kind without a schema that it is not checked, where it first stands."""
        kinds: dict[str, list[Diagnostic]] = {}
        for judged in self._judged:
            if judged.is_unknown:
                (found,) = self._diagnose(judged, ())
                kinds.setdefault(found.seen, []).append(found)
        for first, count in ((alike[0], len(alike)) for alike in kinds.values()):
            message = first.message if count == 1 else f"{first.message} ({count:,} documents)"
            yield replace(first, message=message)


def _stored(judged: Iterable[_Judged]) -> list[Defaulted]:
    return [item.stored for item in judged if item.stored is not None]


def _duplicates(judged: Iterable[_Judged]) -> Iterator[Diagnostic]:
    """Find objects that stand twice in a folder, in one file above all: files side by side may be alternatives.

    Further apart the same name may be meant for another cluster.
    """
    seen: dict[tuple[str, str, ResourceId], InputDocument] = {}
    for document in (item.document for item in judged):
        resource = document.resource
        if resource is None or not resource.id.name:
            continue
        group = resource.api_version.rpartition("/")[0]
        first = seen.setdefault((str(PurePosixPath(document.file).parent), group, resource.id), document)
        if first is not document:
            yield _duplicate(document, resource, first)


def _duplicate(document: InputDocument, resource: Resource, first: InputDocument) -> Diagnostic:
    path: Path = ("metadata", "name")
    return Diagnostic(
        rule="kubernetes/duplicate-object",
        severity=Severity.WARNING if first.file == document.file else Severity.INFO,
        message=f"{resource.id} stands here a second time",
        location=document.locate(path),
        path=format_path(document.inside + path),
        seen=resource.id.name,
        hint="Remove one of them, or give it a name or a namespace of its own.",
        subjects=(str(resource.id),),
        related=(Related("it stands here first", first.locate(path)),),
    )
