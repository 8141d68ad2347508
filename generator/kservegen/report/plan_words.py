"""What a plan comes to, in words that all forms of the report share: the verdict, and what happens to each object."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from kservegen.changes.impact.model import Cause, Restart, Scaled, summed
from kservegen.changes.plan.model import (
    ABSENT,
    BudgetChange,
    EntryMoves,
    EnvironmentPlan,
    Fate,
    FieldChange,
    LeftRunning,
    ObjectChange,
    OwnerChange,
    Plan,
    PlanSide,
    PoolChange,
    PoolSide,
    Presence,
    Verb,
)
from kservegen.checks.budget.amounts import write_amount
from kservegen.core.repository import OWNERS_FILE
from kservegen.core.resource import ResourceId
from kservegen.report.folding import EACH, LEAST, fold_key, folded_field, without_name
from kservegen.report.summary import listed, plural, plural_of

_VERBS: Final[Mapping[Verb, tuple[str, str]]] = {
    Verb.ADDED: ("is added", "are added"),
    Verb.CHANGED: ("changes", "change"),
    Verb.REMOVED: ("is removed", "are removed"),
    Verb.RENAMED: ("is renamed", "are renamed"),
    Verb.MOVED: ("moves", "move"),
}
_LONGEST: Final = 160
_NAMED: Final = 8  # so many objects fit in a line
_NAMESPACES: Final = 3
_OVERRULED: Final = 3
UNKNOWN: Final = "not known, the catalog has errors"


def verdict(plan: Plan) -> str:
    """Write the first line: what happens where, and what restarts."""
    said = [f"{names}: {text}" for names, text in verdicts(plan)]
    said += [f"{', '.join(plan.unknown)}: {UNKNOWN}"] if plan.unknown else []
    said += _moves(plan.moves)
    said += _holdings(plan.holdings)
    if not said and plan.stale:
        return f"the catalog changes nothing; not current: {', '.join(f'rendered/{name}' for name in plan.stale)}"
    return " · ".join(said) or "nothing changes"


def _holdings(holdings: Sequence[str]) -> Iterator[str]:
    """Say what owners give and take; of many the first, and how many more."""
    if holdings:
        yield f"{OWNERS_FILE}: {listed(holdings, _NAMED)}"


def verdicts(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield what happens, and the names of the environments in which it does."""
    alike: dict[str, list[str]] = {}
    for environment in plan.changing:
        alike.setdefault(verdict_of(environment), []).append(environment.name)
    yield from ((", ".join(names), text) for text, names in alike.items())


def _moves(moves: EntryMoves) -> Iterator[str]:
    """Say which entries stand in another file, or are another's, and which edits an environment overrules."""
    for moved in moves.relocated:
        yield f"{_entries(moved.entries, 'moves', 'move')} from {moved.old} to {moved.new}"
    for handed in moves.handed_over:
        verbs = _entries(handed.entries, "is handed over", "are handed over")
        yield f"{verbs} from {handed.old or 'nobody'} to {handed.new or 'nobody'}"
    for edit in moves.overruled[:_OVERRULED]:
        yield f"{edit.path} of {edit.entry} changes nothing in {edit.environment}: {edit.place} overrules it"
    if moves.overruled[_OVERRULED:]:
        yield f"{len(moves.overruled) - _OVERRULED:,} more edits are overruled by environments"


def _entries(names: tuple[str, ...], one: str, many: str) -> str:
    return f"{names[0]} {one}" if len(names) == 1 else f"{len(names):,} entries {many}"


def verdict_of(environment: EnvironmentPlan) -> str:
    """Write what happens in one environment, in one line."""
    if environment.presence is Presence.GONE:
        return f"the environment is removed, {plural(len(environment.objects), 'object')}"
    parts = ["a new environment"] if environment.presence is Presence.NEW else []
    parts.extend(_models(environment))
    for base, count in environment.arrivals:
        parts.append(f"{plural(count, 'model')} {'arrives' if count == 1 else 'arrive'} through {base}")
    parts.extend(_effects(environment))
    parts.extend(_others(environment))
    if environment.values and environment.presence is Presence.KEPT:
        parts.append(f"values of {plural(len(environment.values), 'chart')} change")
    if environment.version:
        parts.append(f"KServe {' -> '.join(environment.version)}")
    if environment.engine:
        parts.append(f"engine {' -> '.join(name or 'none' for name in environment.engine)}")
    if environment.left.names and not environment.left.is_removed:
        parts.append(f"{plural(len(environment.left.names), 'object')} left running by {environment.left.why}")
    if environment.words:
        parts.append("its guards, waivers or prerequisites change")
    if environment.budgets and not parts:
        one = len(environment.budgets) == 1
        parts.append(f"what {plural(len(environment.budgets), 'budget')} {'holds' if one else 'hold'} changes")
    return ", ".join(parts) or "files that cannot be read are replaced"


def _models(environment: EnvironmentPlan) -> Iterator[str]:
    models = Counter(change.verb for change in environment.objects if change.is_model)
    removed = [change for change in environment.objects if change.is_model and change.verb is Verb.REMOVED]
    deleted = sum(change.fate is Fate.DELETED for change in removed)
    first = True
    elsewhere = sum(1 for change in environment.objects if change.is_model and _changes_namespace(change))
    models[Verb.RENAMED] -= elsewhere
    counts = [(verb, *said, models[verb]) for verb, said in _VERBS.items()]
    counts.append((Verb.RENAMED, "moves to another namespace", "move to another namespace", elsewhere))
    for verb, one, many, count in counts:
        if count:
            said = f"{plural(count, 'model') if first else f'{count:,}'} {one if count == 1 else many}"
            some = "" if deleted == count else f"{deleted:,} "
            yield f"{said} ({some}deleted from the cluster)" if deleted and verb is Verb.REMOVED else said
            first = False


def _others(environment: EnvironmentPlan) -> Iterator[str]:
    """Write what happens to objects that are no models, together: by its verb where it is the same for all."""
    others = [change for change in environment.objects if not change.is_model]
    if others:
        noun = "other object" if len(environment.objects) > len(others) else "object"
        verbs = {change.verb for change in others}
        one, many = _VERBS[verbs.pop() if len(verbs) == 1 else Verb.CHANGED]
        yield f"{plural(len(others), noun)} {one if len(others) == 1 else many}"


def kinds(changes: Iterable[ObjectChange]) -> str:
    """Count objects by kind."""
    counts = Counter(change.key.kind for change in changes)
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))


def _effects(environment: EnvironmentPlan) -> Iterator[str]:
    impact = environment.impact
    unsure = len(impact.restarts) - len(impact.certain)
    if impact.certain:
        one = len(impact.certain) == 1 and impact.certain[0].pods == 1
        yield f"{restarting(impact.certain, environment.gpus)} {'restarts' if one else 'restart'}"
    if unsure:
        yield f"{plural(unsure, 'object')} may restart"
    if impact.refused:
        yield f"{plural(len(impact.refused), 'update')} refused"


def restarting(restarts: Iterable[Restart], gpus: Mapping[str, str]) -> str:
    """Write how many pods, and how many of which accelerators; `gpus` are the names that people know those by."""
    restarts = tuple(restarts)
    pods = plural(sum(restart.pods for restart in restarts), "pod")
    return " / ".join([pods, *_devices((restart.accelerators for restart in restarts), gpus)])


def restart_of(restarts: Sequence[Restart], gpus: Mapping[str, str]) -> str:
    """Say what restarts of one object, or of several alike, what that takes on top, and why, where it is not plain."""
    first, one = restarts[0], len(restarts) == 1
    verb = f"restart{'s' if one else ''}" if first.certain else "may restart"
    said = f"{verb} {restarting(restarts, gpus)}"
    if surge_pods := sum(restart.surge_pods for restart in restarts):
        extra = " / ".join([plural(surge_pods, "pod"), *_devices((restart.surge for restart in restarts), gpus)])
        said += f", {extra} more while {'it rolls' if one else 'they roll'}"
    causes = [text for text in map(_cause, first.causes) if text]
    return f"{said}: {'; '.join(causes)}" if causes else said


class ObjectGroup(NamedTuple):
    """Objects to which the same happens: their changes, none where they only restart, and what happens to their pods.

    `name` is what people call the one, or how many there are of which kind; then `names` are theirs. `fields` are those
    of all, each as one.
    """

    name: str
    names: tuple[str, ...]
    changes: tuple[ObjectChange, ...]
    fields: tuple[FieldChange, ...]
    effect: str
    subjects: tuple[ResourceId, ...]


def object_groups(environment: EnvironmentPlan, *, folds: bool) -> Iterator[ObjectGroup]:
    """Yield what changes, then what only restarts; with `folds` objects to which the same happens are one group."""
    said = _Effects.of(environment)
    alike: dict[Hashable, list[ObjectChange]] = {}
    for change in environment.objects:
        subject = change.key.subject
        key: Hashable = (change.key.kind, what_happens(change), said.key(subject), *map(fold_key, change.fields))
        alike.setdefault(key if folds and change.verb is Verb.CHANGED else subject, []).append(change)
    for changes in alike.values():
        for some in [changes] if len(changes) >= LEAST else [[change] for change in changes]:
            subjects = [change.key.subject for change in some]
            fields = map(folded_field, zip(*(change.fields for change in some), strict=True))
            yield ObjectGroup(*called(subjects), tuple(some), tuple(fields), said.text(subjects), tuple(subjects))
    changed = {change.key.subject for change in environment.objects}
    rest: dict[Hashable, list[ResourceId]] = {}
    for subject in said.subjects:
        if subject not in changed:
            rest.setdefault((subject.kind, said.key(subject)) if folds else subject, []).append(subject)
    for subjects in rest.values():
        for some_of in [subjects] if len(subjects) >= LEAST else [[subject] for subject in subjects]:
            yield ObjectGroup(*called(some_of), (), (), said.text(some_of), tuple(some_of))


def called(subjects: Sequence[ResourceId]) -> tuple[str, tuple[str, ...]]:
    """Return what people call one object, or how many there are of which kind, and then their names."""
    if len(subjects) == 1:
        return str(subjects[0]), ()
    names = tuple(f"{subject.namespace}/{subject.name}".lstrip("/") for subject in subjects)
    return f"{len(subjects):,} {plural_of(subjects[0].kind)}", names


class _Effects(NamedTuple):
    """What happens to pods, by object: those that restart, and numbers that change without a restart."""

    restarts: Mapping[ResourceId, Restart]
    scaled: Mapping[ResourceId, list[Scaled]]
    gpus: Mapping[str, str]
    recreated: Mapping[ResourceId, Mapping[str, int]]  # by the object that comes

    @classmethod
    def of(cls, environment: EnvironmentPlan) -> _Effects:
        scaled: dict[ResourceId, list[Scaled]] = {}
        for item in environment.impact.scaled:
            scaled.setdefault(item.subject, []).append(item)
        restarts = {restart.subject: restart for restart in environment.impact.restarts}
        held = environment.impact.recreated
        moved = ((change.key.subject, change.old_key) for change in environment.objects)
        recreated = {now: held[was.subject] for now, was in moved if was is not None and was.subject in held}
        return cls(restarts, scaled, environment.gpus, recreated)

    @property
    def subjects(self) -> Iterable[ResourceId]:
        return dict.fromkeys((*self.restarts, *self.scaled))

    def key(self, subject: ResourceId) -> Hashable:
        """Return what is equal for objects to whose pods the same happens, whatever their number."""
        restart = self.restarts.get(subject)
        why = (restart.certain, restart.causes) if restart is not None else ()
        return repr((why, [item._replace(subject=ResourceId("", "", "")) for item in self.scaled.get(subject, ())]))

    def text(self, subjects: Sequence[ResourceId]) -> str:
        """Say what happens to the pods of objects that have one key; blank where nothing does."""
        restarts = [self.restarts[subject] for subject in subjects if subject in self.restarts]
        said = [restart_of(restarts, self.gpus)] if restarts else []
        for item in self.scaled.get(subjects[0], ()):
            scales = f"{item.role} {_bounds(item.before)} -> {_bounds(item.after)} pods"
            said.append(f"{scales.lstrip()}{' each' if len(subjects) > 1 else ''}")
        if self.recreated.get(subjects[0]):
            said.append(f"takes {' / '.join(_devices([self.recreated[subjects[0]]], self.gpus))} twice while both run")
        return "; ".join(said)


def _bounds(bounds: tuple[int, int]) -> str:
    return str(bounds[0]) if bounds[0] == bounds[1] else f"{bounds[0]} to {bounds[1]}"


def _devices(parts: Iterable[Mapping[str, int]], gpus: Mapping[str, str]) -> Iterator[str]:
    named = ({gpus.get(name, name): count for name, count in part.items()} for part in parts)
    yield from (f"{count:,} {name}" for name, count in summed(named).items() if count)


def _cause(cause: Cause) -> str:
    where = ", ".join(cause.paths)
    said = f"through {cause.through}{f' ({where})' if where else ''}" if cause.through else ""
    return " ".join(part for part in (said, f"[{cause.note}]" if cause.note else "") if part)


def _changes_namespace(change: ObjectChange) -> bool:
    return change.old_key is not None and change.old_key.namespace != change.key.namespace


# The folder of what makes an engine sync all else; what lies below it, in folders of its own, the engine syncs.
_BY_HAND: Final = "sync"


def what_happens(change: ObjectChange) -> str:
    """Say of one object what its sign does not: where it moves, what becomes of what goes."""
    said = []
    if change.verb is Verb.RENAMED:
        where = "in another namespace" if _changes_namespace(change) else "under another name"
        address = ", at another address, and nothing waits for its pods before the old ones go"
        if change.fate is Fate.LEFT:
            address = ", at another address, beside the old one"
        said.append(f"was {change.old_key}: comes anew {where}{address if change.is_model else ''}")
    if change.verb is Verb.MOVED or (change.old_file and change.by and change.verb is Verb.CHANGED):
        origin = f" from {change.old_file}" if change.old_file else ""
        said.append(f"moves{origin}{f', to {change.by}' if change.by else ''}")
    if not change.readable:
        said.append("what was in its file cannot be read")
    if change.fate is Fate.DELETED:
        said.append(f"deleted from the cluster: {change.by}")
    elif change.fate is Fate.LEFT:
        said.append(f"stays in the cluster: {change.by}")
    if is_applied_by_hand(change):
        said.append(f"nothing syncs it: once this is merged, a person applies {change.file}, as README.md there says")
    return "; ".join(said)


def is_applied_by_hand(change: ObjectChange) -> bool:
    """Whether no engine applies what comes or changes: it is what makes the engine sync all else."""
    return change.verb in {Verb.ADDED, Verb.CHANGED} and change.file.rpartition("/")[0] == _BY_HAND


def owner_line(owner: OwnerChange) -> str:
    """Say that a folder changes hands."""
    return f"{owner.folder}: {owner.old or 'nothing'} -> {owner.new or 'nothing'}"


def left_lines(plan: Plan) -> Iterator[str]:
    """Say first of all what goes on running where nothing in Git stands for it: how much, where, and why."""
    for environment in plan.environments:
        left = environment.left
        if left.names:
            count = left.models or len(left.names)
            one = count == 1
            what = plural(count, "model" if left.models else "object")
            verb = ("keeps running" if one else "keep running") if left.models else ("stays" if one else "stay")
            said = "nothing will delete it" if one and left.outcome == LeftRunning().outcome else left.outcome
            yield f"{environment.name}: {what} {verb}{_where(left)}: {said} ({left.why})"


def _where(left: LeftRunning) -> str:
    noun = "namespaces" if len(left.namespaces) > 1 else "namespace"
    inside = f" in {noun} {listed(left.namespaces, _NAMESPACES)}" if left.namespaces else ""
    return f"{inside} on {left.cluster}" if left.cluster else f"{inside}{' of its cluster' if inside else ''}"


def left_names(environment: EnvironmentPlan) -> str:
    """Name what goes on running where nothing in Git stands for it; empty where nothing does."""
    left = environment.left
    return f"left running, {left.why}: {listed(left.names, _NAMED)}" if left.names else ""


def budget_line(budget: BudgetChange, gpus: Mapping[str, str]) -> str:
    """Write what a budget, or an accelerator that has none, held before and holds after, of what."""

    def amount(value: Fraction | None) -> str:
        return write_amount(budget.resource, value) if value is not None else "nothing"

    use = f"{amount(budget.before)} -> {amount(budget.after)}"
    if budget.granted is None and budget.granted_before is None:
        return f"{gpus.get(budget.name, budget.name)}: {use} at maxReplicas"
    granted = amount(budget.granted)
    if budget.granted_before != budget.granted:
        granted = f"{granted} (was {amount(budget.granted_before)})"
    return f"budget {budget.name}: {use} of {granted} {budget.resource}"


def pool_line(pool: PoolChange) -> str:
    """Write how many nodes of a pool held pods before and do after, of how many, and who finds none."""
    of = "" if pool.after is None or pool.after.most is None else f" of {pool.after.most:,}"
    filled = f"{_filled(pool.before)} -> {_filled(pool.after)}{of} nodes filled"
    return f"node pool {pool.name}: {filled}{pods_waiting(pool)}"


def _filled(side: PoolSide | None) -> str:
    return f"{side.filled:,}" if side is not None else "nothing"


def pods_waiting(pool: PoolChange) -> str:
    """Say how many pods find no node after a change; blank where each has one."""
    waiting = pool.after.waiting if pool.after is not None else 0
    return f", {plural(waiting, 'pod')} without one" if waiting else ""


def value_text(value: PlanSide) -> str:
    """Write a value in one line: a plain text as it is, anything else as JSON, the middle of what is long left out."""
    plain = isinstance(value, str) and value != "" and not value.isspace() and not _looks_typed(value)
    said = str(value) if plain else "" if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return shortened(said)


def shortened(said: str, most: int = _LONGEST) -> str:
    """Leave out the middle of a long text."""
    return said if len(said) <= most else f"{said[: most // 2]} … {said[-most // 2 :]}"


def _looks_typed(value: str) -> bool:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def rewritten_line(environment: EnvironmentPlan) -> str:
    """Say how many files change in bytes only; empty where none does."""
    said = []
    if environment.rewritten:
        said.append(f"{plural(len(environment.rewritten), 'file')} only written anew, with the same meaning")
    if environment.pages and not environment:
        said.append(f"{plural(len(environment.pages), 'page')} for people")
    return ", ".join(said)


def environment_groups(plans: Iterable[EnvironmentPlan], *, folds: bool) -> Iterator[tuple[str, EnvironmentPlan]]:
    """Yield the names of environments of which the same is told, and what is told.

    With `folds` that holds, too, where only their own names differ in it: then `ENV` stands for each's.
    """
    alike: dict[str, list[EnvironmentPlan]] = {}
    for plan in plans:
        alike.setdefault(_told(plan, folds=folds), []).append(plan)
    nameless: dict[str, list[EnvironmentPlan]] = {}
    for told, same in alike.items():
        nameless.setdefault(_nameless(told, same) if folds else told, []).extend(same)
    for key, same in nameless.items():
        names = ", ".join(plan.name for plan in same)
        if key in alike or len(same) == 1:
            yield names, same[0]
        else:
            yield (f"{names} ({EACH}: the name of each)", without_name(same[0], same[0].name))


def _nameless(told: str, same: Sequence[EnvironmentPlan]) -> str:
    """Return what is told of one environment for any name of it; as it is where `ENV` would not be clear."""
    return told if len(same) > 1 or EACH in told else without_name(told, same[0].name)


def _told(plan: EnvironmentPlan, *, folds: bool) -> str:
    """Return what forms of the report make of an environment, without its name."""
    groups = [
        (
            group.name,
            group.names,
            group.effect,
            group.fields,
            [(change.verb, what_happens(change)) for change in group.changes],
        )
        for group in object_groups(plan, folds=folds)
    ]
    budgets = [*(budget_line(budget, plan.gpus) for budget in plan.budgets), *map(pool_line, plan.pools)]
    said = (plan.presence, groups, plan.values, plan.words, plan.owners, plan.version, plan.engine, budgets)
    return repr((said, verdict_of(plan), left_names(plan), plan.unreadable, rewritten_line(plan)))
