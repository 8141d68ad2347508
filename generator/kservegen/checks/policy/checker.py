"""All bound policies against many objects: the verdicts of `evaluate`, without running the interpreter twice.

Guards, cheapest first. A policy that does not look at a kind in a namespace is left out once, not for every object. An
object that passed in one environment passes in the next that binds the policy alike. And once a policy has seen enough
objects to be worth the analysis, objects that are equal in what it reads (`reads`) share one verdict, and the others go
to the interpreter cut down to that. Policies that recognise most objects are checked together; those whose objects all
differ are one program (`fusion`). By what they read only plain passes are kept; what is found of an object holds for
that very object, under a binding of the same weight.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

from kservegen.checks.policy.admission import Admission
from kservegen.checks.policy.binding import Bound
from kservegen.checks.policy.evaluate import (
    AdmissionCase,
    choose_params,
    depends_on_object,
    evaluate_case,
    evaluate_policies,
    see,
)
from kservegen.checks.policy.fusion import Fusion, fuse
from kservegen.checks.policy.projection import DocumentPart, cut, projection_key
from kservegen.checks.policy.reads import read_parts
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.defaulting import Defaulted

# From so many objects on, following a policy's expressions costs less than it saves.
_WORTH_FOLLOWING: Final = 8
# A policy whose objects all differ is not worth remembering: after so many keys, half of its objects have to hit.
_TRIAL: Final = 512
# Once policies were asked about so many objects since they are followed, those that recognise most are put together.
_ENOUGH: Final = 12
# Once so many objects had to be asked about, compiling the policies in one costs less than it saves.
_WORTH_FUSING: Final = 96
# Where so many objects are to come all of that is done at once: before processes part.
_MANY: Final = 256
_FIRST_OF_MANY: Final = 4


_Place: TypeAlias = tuple[str, str]


class _Passes(Struct):
    """What passed one policy with one set of parameters: whole objects, and keys of what it reads of them."""

    place: _Place
    unfollowed: int = _WORTH_FOLLOWING
    objects: set[Defaulted] = field(default_factory=set)
    found: dict[tuple[Defaulted, Severity], tuple[Finding, ...]] = field(default_factory=dict)
    keys: set[Hashable] = field(default_factory=set)
    checked: int = 0
    hits: int = 0
    part: DocumentPart | None = None
    followed: bool = False

    @property
    def remembers(self) -> bool:
        """Whether keys are worth their price."""
        return len(self.keys) < _TRIAL or self.hits > len(self.keys)

    @property
    def recognises(self) -> bool:
        """Whether most objects have a known key."""
        return self.is_known and self.hits * 2 > self.checked - self.unfollowed

    @property
    def differs(self) -> bool:
        """Whether most objects have to be asked about, and pass."""
        return self.is_known and self.part is not None and not self.recognises and len(self.found) * 4 < self.checked

    @property
    def is_known(self) -> bool:
        """Whether it has seen enough to tell either, where what it reads can be followed."""
        return self.followed and self.checked - self.unfollowed >= _ENOUGH


class _Joint(Struct):
    """What passed several policies at once, by one key over all that they read."""

    part: DocumentPart
    objects: set[Defaulted] = field(default_factory=set)
    keys: set[Hashable] = field(default_factory=set)


class _Fused(Struct):
    """Policies whose objects differ in what they read, as one program over all of that; None before it is worth it."""

    worth: int
    part: DocumentPart | None = None
    fusion: Fusion | None = None
    asked: int = 0
    passed: int = 0

    def passes(self, planned: Iterable[_Planned], doc: JsonObject) -> bool:
        """Whether an object passes all for certain, as far as the program is asked: not where most objects fail."""
        self.asked += 1
        if self.asked == self.worth:
            self.part = _read_by(_passes_of(planned))
            self.fusion = fuse([(policy.compiled, quick.params) for policy, quick in planned if quick is not None])
        if self.fusion is None or self.part is None or self.passed * 2 < self.asked - 2 * _WORTH_FUSING:
            return False
        passes = self.fusion.passes(mapping(cut(self.part, doc)))
        self.passed += passes
        return passes


class PolicyPasses(Struct, eq=False):
    """What passed in one environment and so passes in the next, by the name of a policy and its parameters.

    `objects` says about how many an environment has.
    """

    objects: int = 0
    passes: dict[_Place, _Passes] = field(default_factory=dict)
    joints: dict[frozenset[_Place], _Joint] = field(default_factory=dict)
    fused: dict[frozenset[_Place], _Fused] = field(default_factory=dict)

    @property
    def is_large(self) -> bool:
        """Whether so many objects come that nothing is lost by compiling ahead."""
        return self.objects >= _MANY

    def of(self, policy: Bound, params: JsonObject | None) -> _Passes:
        """Return what passed a policy with these parameters."""
        place = (policy.name, repr(params))
        if place not in self.passes:
            self.passes[place] = _Passes(place, 0 if self.is_large else _WORTH_FOLLOWING)
        return self.passes[place]

    def joint(self, members: Sequence[_Passes]) -> _Joint:
        """Return what passed all of these."""
        place = frozenset(member.place for member in members)
        if place not in self.joints:
            self.joints[place] = _Joint(_read_by(members))
        return self.joints[place]

    def fusion(self, members: Sequence[_Passes]) -> _Fused:
        """Return these as one program."""
        worth = _FIRST_OF_MANY if self.is_large else _WORTH_FUSING
        return self.fused.setdefault(frozenset(member.place for member in members), _Fused(worth))


def _read_by(members: Iterable[_Passes]) -> DocumentPart:
    part = DocumentPart()
    for member in members:
        if member.part is not None:
            part.merge(member.part)
    return part


class _Quick(Struct, frozen=True):
    """A policy that looks at every object of a kind in a namespace: its parameters, and what has passed it."""

    params: JsonObject | None
    passes: _Passes


_Planned: TypeAlias = tuple[Bound, _Quick | None]


class _Plan(Struct, frozen=True):
    """The policies that look at a kind in a namespace: `together` under one joint key, some fused, the others alone.

    It is `final` once all of them have seen enough to be put where they belong.
    """

    final: bool
    joint: _Joint | None
    together: tuple[_Planned, ...]
    fusion: _Fused | None
    fused: tuple[_Planned, ...]
    others: tuple[_Planned, ...]


class PolicyChecker:
    """Checks the objects of one environment; `namespaces` are its rendered Namespaces, by name."""

    def __init__(self, bound: Iterable[Bound], namespaces: Mapping[str, JsonObject], passes: PolicyPasses) -> None:
        self._bound = tuple(bound)
        self._namespaces = namespaces
        self._passes = passes
        self._chosen: dict[tuple[str, str, str], tuple[_Planned, ...]] = {}
        self._plans: dict[tuple[str, str, str], _Plan] = {}

    def check(self, item: Defaulted) -> tuple[Finding, ...]:
        """Check one object as it would be created; its findings are in no particular order of policies."""
        resource = item.resource
        place = (resource.api_version, resource.id.kind, resource.id.namespace)
        plan = self._plans.get(place)
        if plan is None or not plan.final:
            if place not in self._chosen:
                self._chosen[place] = tuple(self._choose(resource))
            plan = self._plans[place] = self._make_plan(self._chosen[place])
        found = self._check_together(plan.joint, plan.together, item) if plan.joint is not None else []
        if plan.fusion is not None:
            found += self._check_fused(plan.fusion, plan.fused, item)
        found += self._check_each(plan.others, item)
        return tuple(found)

    def _check_together(self, joint: _Joint, planned: tuple[_Planned, ...], item: Defaulted) -> list[Finding]:
        if item in joint.objects:
            return []
        known = projection_key(joint.part, item.resource.doc)
        found = [] if known in joint.keys else self._check_each(planned, item)
        if not found:
            joint.keys.add(known)
            joint.objects.add(item)
        return found

    def _check_fused(self, fusion: _Fused, planned: tuple[_Planned, ...], item: Defaulted) -> list[Finding]:
        unknown = [quick.passes for _, quick in planned if quick is not None and item not in quick.passes.objects]
        if unknown and fusion.passes(planned, item.resource.doc):
            for passes in unknown:
                passes.objects.add(item)
            return []
        return self._check_each(planned, item)

    def _check_each(self, planned: tuple[_Planned, ...], item: Defaulted) -> list[Finding]:
        found: list[Finding] = []
        for policy, quick in planned:
            if quick is None:
                found += evaluate_policies((policy,), item.resource, namespaces=self._namespaces)
            elif item not in quick.passes.objects:
                found += _check(policy, quick, item)
        return found

    def _make_plan(self, planned: tuple[_Planned, ...]) -> _Plan:
        together = [item for item in planned if item[1] is not None and item[1].passes.recognises]
        fused = [item for item in planned if item[1] is not None and item[1].passes.differs]
        joint = self._passes.joint(_passes_of(together)) if len(together) > 1 else None
        fusion = self._passes.fusion(_passes_of(fused)) if len(fused) > 1 else None
        taken = (*(together if joint else ()), *(fused if fusion else ()))
        others = tuple(item for item in planned if item not in taken)
        final = all(passes.is_known for passes in _passes_of(planned))
        return _Plan(final, joint, tuple(together), fusion, tuple(fused), others)

    def _choose(self, resource: Resource) -> Iterable[_Planned]:
        """Choose the policies that look at objects of this kind in this namespace, and how each is checked."""
        admission = Admission(resource=resource)
        namespace = self._namespaces.get(resource.id.namespace)
        for policy in self._bound:
            if depends_on_object(policy, resource):
                yield policy, None
                continue
            seen = see(policy, admission, namespace)
            if seen is None:
                continue
            chosen = choose_params(policy, admission)
            certain = not seen.unknown and seen.admission is admission and len(chosen) == 1
            if not certain or policy.compiled.needs_namespace:
                yield policy, None
            else:
                yield policy, _Quick(chosen[0], self._passes.of(policy, chosen[0]))


def _passes_of(planned: Iterable[_Planned]) -> list[_Passes]:
    return [quick.passes for _, quick in planned if quick is not None]


def _check(policy: Bound, quick: _Quick, item: Defaulted) -> Iterable[Finding]:
    passes, doc = quick.passes, item.resource.doc
    told = passes.found.get((item, policy.severity))
    if told is not None:
        return told
    passes.checked += 1
    if not passes.followed and passes.checked > passes.unfollowed:
        passes.followed = True
        passes.part = read_parts(policy.compiled.policy)
    part = passes.part
    known = projection_key(part, doc) if part is not None and passes.remembers else None
    if known is not None and known in passes.keys:
        passes.hits += 1
        passes.objects.add(item)
        return ()
    shown = None if part is None else mapping(cut(part, doc))
    case = AdmissionCase(policy.compiled, Admission(resource=item.resource), None, quick.params, shown)
    found = tuple(evaluate_case(policy, case))
    if found:
        passes.found[item, policy.severity] = found
        return found
    passes.objects.add(item)
    if known is not None:
        passes.keys.add(known)
    return ()
