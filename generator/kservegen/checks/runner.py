"""Objects in, what every layer says of each out: the one place that judges an object, whoever wrote it.

The catalog's objects and manifests from disk come through here alike. First the object alone, which holds wherever the
same object stands: its schema and, where the shape is right, the rules that look at nothing else. Then, in the light of
a context, the rules that also look at other objects and at the platform.
Schemas judge what the author wrote, rules what the API server would store of it; findings speak of what he wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from kservegen.checks.engines.choice import ShapeEngine
from kservegen.checks.manuals import manuals
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.discover import RuleSet, discover
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.document import mapping
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.cel_rules import UNSUPPORTED
from kservegen.kserve.defaulting import Defaulted

# Areas without stages of their own: what stands in them keeps an object from being read or admitted.
_ADMISSION_AREAS: Final = frozenset({"schema", "yaml"})


class Verdict(NamedTuple):
    """What becomes of an object: does the API server take it, and does the controller create its workload."""

    admitted: bool
    deployable: bool


_GOOD: Final = Verdict(admitted=True, deployable=True)


class Judge:
    """Judges objects by schemas and rules; what the engine compiles is kept from one call to the next."""

    def __init__(self, engine: ShapeEngine, rules: RuleSet, manuals: Mapping[str, RuleMeta]) -> None:
        self._engine = engine
        self._manuals = manuals
        self._stages = {found.id: found.stage for found in rules.rules}
        self._alone = rules.within(Scope.OBJECT)
        self._around = rules.within(Scope.ENVIRONMENT)
        self._updates = rules.within(Scope.UPDATE)

    def alone(self, objects: Sequence[Defaulted], context: Context) -> list[tuple[Finding, ...]]:
        """Judge each object by itself; of the context only the version and the mode are looked at."""
        verdicts = self._engine.check([item.written for item in objects], context.release.version)
        sound = [o for o, verdict in zip(objects, verdicts, strict=True) if not is_misshapen(verdict)]
        found: dict[int, list[Finding]] = {}
        for written, finding in _run(self._alone, sound, context):
            found.setdefault(id(written), []).append(finding)
        return [(*v, *found.get(id(o.written), ())) for o, v in zip(objects, verdicts, strict=True)]

    def around(self, objects: Iterable[Defaulted], context: Context) -> list[tuple[Resource, Finding]]:
        """Judge objects, whose shape must be right, in the light of what stands around them.

        Returned is the object as it was written; `context.resources` are to hold the defaulted ones.
        """
        objects = tuple(objects)
        found = _run(self._around, objects, context)
        return found + self.updates(objects, context) if context.old else found

    def updates(self, objects: Iterable[Defaulted], context: Context) -> list[tuple[Resource, Finding]]:
        """Say what is refused of the change from `context.old`, whatever is to be said of its outcome."""
        return _run(self._updates, objects, context)

    @property
    def batch(self) -> int:
        """How many objects at a time it is worth judging."""
        return self._engine.batch

    @property
    def rules(self) -> frozenset[str]:
        """The ids of all rules that have a manual."""
        return frozenset(self._manuals)

    def verdict(self, findings: Iterable[Finding]) -> Verdict:
        """Read off an object's findings what becomes of it."""
        findings = tuple(findings)
        if not findings:
            return _GOOD
        stages = {self._stage(finding.rule) for finding in findings if self.severity(finding) is Severity.ERROR}
        admitted = Stage.ADMISSION not in stages
        return Verdict(admitted, admitted and Stage.DEPLOYMENT not in stages)

    def severity(self, finding: Finding) -> Severity:
        """Return what a finding weighs: its own severity, or else its rule's."""
        return finding.severity or self._manuals[finding.rule].severity

    def _stage(self, rule: str) -> Stage | None:
        if rule.partition("/")[0] in _ADMISSION_AREAS:
            return Stage.ADMISSION
        return self._stages.get(rule)


def open_judge(engine: ShapeEngine) -> Judge:
    """Return a judge with every rule of this package."""
    return Judge(engine, discover(), manuals())


def is_misshapen(findings: Iterable[Finding]) -> bool:
    """Tell whether a schema has spoken: rules look only at objects of the right shape, one mistake is one finding.

    A rule that a schema states and that nobody can judge offline says nothing about the shape.
    """
    return any(finding.rule.startswith("schema/") and finding.rule != UNSUPPORTED for finding in findings)


def _run(rules: RuleSet, objects: Iterable[Defaulted], context: Context) -> list[tuple[Resource, Finding]]:
    """Run rules on defaulted objects and bring their findings home to what was written."""
    by_stored = {id(item.resource): item for item in objects if not _is_leaving(item.resource, context)}
    found = rules.run((item.resource for item in by_stored.values()), context)
    return [(by_stored[id(stored)].written, at_home(by_stored[id(stored)], finding)) for stored, finding in found]


def _is_leaving(resource: Resource, context: Context) -> bool:
    """Whether this is an update of an object that is being deleted: no webhook of KServe's looks at it."""
    return resource.id in context.old and bool(mapping(resource.doc.get("metadata")).get("deletionTimestamp"))


def at_home(item: Defaulted, finding: Finding) -> Finding:
    """Let a finding about a defaulted object speak of what its author wrote."""
    return replace(finding, path=item.original_path(finding.path)) if item.moves else finding
