"""Objects in, what every layer says of each out: the one place that checks an object, whoever wrote it.

The catalog's objects and manifests from disk come through here alike. First the object alone, which holds wherever the
same object stands: its schema and, where the shape is right, the rules that look at nothing else. Then, in the light of
a context, the rules that also look at other objects and at the platform.
Schemas check what the author wrote, rules what the API server would store of it; each finding comes with the one of the
two that its path belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from kservegen.checks.engines.choice import ShapeEngine
from kservegen.checks.registry import is_defect, manuals
from kservegen.checks.rules.base import Context, Scope, Stage
from kservegen.checks.rules.discover import RuleSet, discover
from kservegen.core.crashes import crash_finding
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.cel_rules import UNSUPPORTED
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.defaulting import Defaulted

# A finding, and the object that its path belongs to.
ObjectFinding: TypeAlias = tuple[Resource, Finding]

# By the identity of a stored object: the object, what was made of it, and what was found of that. What holds an object
# keeps another from taking its identity.
MadeFindings: TypeAlias = dict[int, tuple[Resource, Made, Sequence[ObjectFinding]]]
# Made objects are large; beyond this number they are looked at in each environment.
_MOST_SHARED: Final = 2048

# Areas without stages of their own: what stands in them keeps an object from being read or admitted.
_ADMISSION_AREAS: Final = frozenset({"schema", "yaml"})


class ObjectVerdict(NamedTuple):
    """What becomes of an object: does the API server take it, does the controller create its workload, does that run.

    What has an error does not run, and what does not run has one. `runs` is None where it hangs on a known defect of a
    release that nobody has chosen: the defect is a warning there.
    """

    admitted: bool
    deployable: bool
    runs: bool | None


_GOOD: Final = ObjectVerdict(admitted=True, deployable=True, runs=True)


class Checker:
    """Checks objects by schemas and rules; what the engine compiles is kept from one call to the next."""

    def __init__(self, engine: ShapeEngine, rules: RuleSet, manuals: Mapping[str, RuleMeta]) -> None:
        self._engine = engine
        self._manuals = manuals
        self._stages = {found.id: found.stage for found in rules.rules}
        self._alone = rules.within(Scope.OBJECT)
        self._around = rules.within(Scope.ENVIRONMENT)
        self._updates = rules.within(Scope.UPDATE)
        self._made = rules.within(Scope.MADE)
        self._made_around = rules.within(Scope.MADE_AROUND)

    def alone(self, objects: Sequence[Defaulted], context: Context) -> list[tuple[ObjectFinding, ...]]:
        """Check each object by itself; of the context only the version and the mode are looked at."""
        shapes = self._shapes([item.written for item in objects], context.release.version)
        found = [
            [(item.written, finding) for finding in (shape if item.failure is None else (item.failure,))]
            for item, shape in zip(objects, shapes, strict=True)
        ]
        sound = [(item, own) for item, own in zip(objects, found, strict=True) if not is_misshapen(own)]
        for (_, own), more in zip(sound, _run(self._alone, [item for item, _ in sound], context), strict=True):
            own.extend(more)
        return [tuple(own) for own in found]

    def _shapes(self, written: Sequence[Resource], version: str) -> list[tuple[Finding, ...]]:
        """Check the shape of each object: of all at once, and one by one where that fails."""
        try:
            return self._engine.check(written, version)
        except GeneratorError:
            raise
        except Exception as crash:  # noqa: BLE001 - the others are judged all the same
            if len(written) == 1:
                return [(crash_finding("checking the shape of this object", crash),)]
        return [shape for resource in written for shape in self._shapes([resource], version)]

    def around(self, objects: Sequence[Defaulted], context: Context) -> list[list[ObjectFinding]]:
        """Check each object, whose shape must be right, in the light of what stands around it.

        `context.resources` are to hold the defaulted ones.
        """
        found = _run(self._around, objects, context)
        if context.old:
            for own, more in zip(found, self.updates(objects, context), strict=True):
                own.extend(more)
        return found

    def made(
        self,
        objects: Sequence[Defaulted],
        found: Sequence[Iterable[ObjectFinding]],
        context: Context,
        shared: MadeFindings | None = None,
        settled: Collection[Defaulted] = (),
    ) -> list[list[ObjectFinding]]:
        """Check what KServe makes of each object, of which `found` is what was said so far.

        Nothing is said of what is made of an object that is refused, or of which no workload is made. `shared` holds
        what was found in other environments, for those in which the same comes of an object. Of `settled` ones nobody
        asks what is found of that alone.
        """
        shared = {} if shared is None else shared
        verdicts = (self.verdict(finding for _, finding in so_far) for so_far in found)
        good = [item for item, verdict in zip(objects, verdicts, strict=True) if verdict.deployable]
        known = [() if item in settled else _known(shared, item, context) for item in good]
        fresh = [item for item, own in zip(good, known, strict=True) if own is None]
        now = dict(zip(map(id, fresh), _run(self._made, fresh, context), strict=True))
        around = _run(self._made_around, good, context)
        more: dict[int, list[ObjectFinding]] = {}
        for item, own, last in zip(good, known, around, strict=True):
            first = now[id(item)] if own is None else own
            if own is None:
                _keep(shared, item, context, first)
            more[id(item)] = [*first, *last]
        return [more.get(id(item), []) for item in objects]

    def updates(self, objects: Sequence[Defaulted], context: Context) -> list[list[ObjectFinding]]:
        """Say what is refused of each change from `context.old`, whatever is to be said of its outcome."""
        return _run(self._updates, objects, context)

    @property
    def batch(self) -> int:
        """How many objects at a time it is worth checking."""
        return self._engine.batch

    @property
    def rules(self) -> frozenset[str]:
        """The ids of all rules that have a manual."""
        return frozenset(self._manuals)

    def verdict(self, findings: Iterable[Finding]) -> ObjectVerdict:
        """Read off an object's findings what becomes of it."""
        findings = tuple(findings)
        if not findings:
            return _GOOD
        stages = {self._stage(finding.rule) for finding in findings if self.severity(finding) is Severity.ERROR}
        admitted = Stage.ADMISSION not in stages
        runs = False if stages else None if any(map(self._is_lenient, findings)) else True
        return ObjectVerdict(admitted, admitted and Stage.DEPLOYMENT not in stages, runs)

    def _is_lenient(self, finding: Finding) -> bool:
        """Whether a finding is of a defect that keeps models from running, and was made lighter."""
        return is_defect(finding.rule) and self.severity(finding).rank > self._manuals[finding.rule].severity.rank

    def severity(self, finding: Finding) -> Severity:
        """Return what a finding weighs: its own severity, or else its rule's."""
        return finding.severity or self._manuals[finding.rule].severity

    def _stage(self, rule: str) -> Stage | None:
        if rule.partition("/")[0] in _ADMISSION_AREAS:
            return Stage.ADMISSION
        return self._stages.get(rule)


def open_checker(engine: ShapeEngine) -> Checker:
    """Return a checker with every rule of this package."""
    return Checker(engine, discover(), manuals())


def is_misshapen(findings: Iterable[ObjectFinding]) -> bool:
    """Tell whether a schema has spoken: rules look only at objects of the right shape, one mistake is one finding.

    A rule that a schema states and that nobody can check offline says nothing about the shape.
    """
    return any(
        finding.rule.startswith(("schema/", "internal/not-judged")) and finding.rule != UNSUPPORTED
        for _, finding in findings
    )


def _known(shared: MadeFindings, item: Defaulted, context: Context) -> Sequence[ObjectFinding] | None:
    """Return what was found of an object in another environment, if the very same is made of it in this one."""
    entry = shared.get(id(item.resource))
    if entry is None or entry[0] is not item.resource:
        return None
    return entry[2] if entry[1] is context.simulation.made(item.resource) else None


def _keep(shared: MadeFindings, item: Defaulted, context: Context, found: Sequence[ObjectFinding]) -> None:
    """Keep what was found, unless the object crashed on the way: then it is told in each environment."""
    crashed = any(finding.rule.startswith("internal/") for _, finding in found)
    made = None if crashed else context.simulation.made(item.resource)
    if made is not None and len(shared) < _MOST_SHARED:
        shared[id(item.resource)] = (item.resource, made, found)


def _run(rules: RuleSet, objects: Sequence[Defaulted], context: Context) -> list[list[ObjectFinding]]:
    """Run rules on defaulted objects; what they find comes back object by object."""
    found: list[list[ObjectFinding]] = [[] for _ in objects]
    by_object = {id(item.resource): own for item, own in zip(objects, found, strict=True)}
    checked = (item.resource for item in objects if not _is_deleted(item.resource, context))
    for resource, finding in rules.run(checked, context):
        by_object[id(resource)].append((resource, finding))
    return found


def _is_deleted(resource: Resource, context: Context) -> bool:
    """Whether this is an update of an object that is being deleted: no webhook of KServe's looks at it."""
    return resource.id in context.old and bool(mapping(resource.doc.get("metadata")).get("deletionTimestamp"))
