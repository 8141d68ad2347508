"""What one change may do without being told so: what goes, restarts and is left behind in; findings out.

Guards are words of an environment, and so are the permits that raise them for a time. Where a change is judged from a
base revision both are those of the base (`evaluate/base.py`): no change raises its own limits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.locate import diagnose_environment
from kservegen.core.diagnostics import Diagnostic, Finding, Location
from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.manual import by_manual
from kservegen.core.repository import ENVIRONMENTS_FOLDER, OUTPUT_FOLDER
from kservegen.render.gitops.layers import LayerPart

if TYPE_CHECKING:
    from kservegen.changes.plan.model import LeftRunning
    from kservegen.checks.waivers.apply import Clock

# How many objects a change may remove where the environment sets no guard.
DEFAULT_MAX_REMOVALS = 10

_NAMED = 3  # so many names fit in a line

# What leaves a layer of these otherwise leaves the cluster, too. The others stay in any case.
_PRUNED: Final = frozenset(
    {LayerPart.POLICIES, LayerPart.QUOTAS, LayerPart.RUNTIMES, LayerPart.COMPANIONS, LayerPart.MODELS}
)
_VALUES: Final = "platform/values"


class Allowances(Struct, frozen=True):
    """What somebody at a terminal allows beyond the guards: objects, accelerators, objects."""

    removals: int = 0
    restarts: int = 0
    left_behind: int = 0


class GuardLimits(Struct, frozen=True, kw_only=True):
    """How much one change may do to an environment: its guards, raised by the permits that hold, and by a terminal.

    `restarts` is None where nothing limits them. `explicit` removals are those that somebody allowed by number: they
    may be of everything. `command` says what raises them at a terminal; blank where only a permit does. `remark` is
    what has to be known before a permit is written, as where the environment's file is gone; mostly blank.
    """

    removals: int
    explicit: int
    restarts: int | None
    left_behind: int
    rights: int = 0
    command: str = ""
    remark: str = ""

    @classmethod
    def of(
        cls,
        words: JsonObject,
        allowed: Allowances,
        *,
        clock: Clock | None = None,
        command: str = "",
        remark: str = "",
    ) -> GuardLimits:
        """Read the words of an environment; with a `clock`, permits that have expired raise nothing."""
        guards = mapping(words.get("guards"))
        permits = [permit for permit in map(mapping, mapping(words.get("permits")).values()) if _holds(permit, clock)]

        def permitted(word: str, at_terminal: int) -> int:
            return max([at_terminal, *(integer(permit.get(word)) or 0 for permit in permits)])

        explicit = permitted("removals", allowed.removals)
        removals, restarts = integer(guards.get("maxRemovals")), integer(guards.get("maxRestartingAccelerators"))
        return cls(
            removals=max(DEFAULT_MAX_REMOVALS if removals is None else removals, explicit),
            explicit=explicit,
            restarts=None if restarts is None else max(restarts, permitted("restartingAccelerators", allowed.restarts)),
            left_behind=max(integer(guards.get("maxLeftBehind")) or 0, permitted("leftBehind", allowed.left_behind)),
            rights=permitted("rights", 0),
            command=command,
            remark=remark,
        )


def most_permitted(words: JsonObject, word: str, clock: Clock) -> int:
    """Return the most that a permit of an environment allows of a word on a day; 0 where none does."""
    permits = map(mapping, mapping(words.get("permits")).values())
    return max((integer(permit.get(word)) or 0 for permit in permits if _holds(permit, clock)), default=0)


def _holds(permit: JsonObject, clock: Clock | None) -> bool:
    """Whether a permit is complete and has not expired."""
    if not text(permit.get("reason")) or not text(permit.get("owner")):
        return False
    try:
        expires = date.fromisoformat(text(permit.get("expires")))
    except ValueError:
        return False
    return clock is None or clock.day <= expires


class Removed(Struct, frozen=True):
    """What goes from one environment, by name, and whether no model is left in it."""

    names: Sequence[str]
    emptied: bool


def is_emptied(name: str, gone: Iterable[str], desired: Iterable[str]) -> bool:
    """Whether files of models go from an environment, and none is wanted in it; paths begin with its name."""
    models = f"{name}/models/"
    return any(path.startswith(models) for path in gone) and not any(path.startswith(models) for path in desired)


def guard_removals(
    name: str, environment: ResolvedEnvironment | None, removed: Removed, limits: GuardLimits, moving: int = 0
) -> Iterator[Diagnostic]:
    """Refuse to remove more than an environment allows, or everything; None is an environment that is gone.

    Where every model goes, who permits that they are left behind knows of it. `moving` are the accelerators that the
    same permit has to allow, as a model that moves goes and comes again.
    """
    count = len(removed.names)
    explicit = max(limits.explicit, limits.left_behind) if removed.emptied else limits.explicit
    if count <= max(limits.removals, explicit) and not (removed.emptied and count > explicit):
        return
    message = (
        f"the change removes every model of {name}" if removed.emptied else f"the change removes too much of {name}"
    )
    finding = Finding(
        rule="gitops/removal-guard",
        path=("guards", "maxRemovals"),
        message=message,
        seen=f"{count} removed: {_some(removed.names)}",
        allowed="never every model, unless a permit says so" if removed.emptied else f"at most {limits.removals}",
        hint=_way_out(limits, name, {"removals": count, **_moving(moving)}, f"--allow-removals {count}", moving),
        at_key=True,
    )
    yield from _diagnose(name, environment, finding)


def guard_left_behind(
    name: str, environment: ResolvedEnvironment | None, left: LeftRunning, limits: GuardLimits, moving: int = 0
) -> Iterator[Diagnostic]:
    """Refuse to leave running what nothing in Git stands for any more; None is an environment that is gone.

    Of what Git has no longer, removals that somebody allowed by number cover it as well: they know that it goes.
    """
    count = len(left.names)
    limit = max(limits.left_behind, limits.explicit) if left.is_removed else limits.left_behind
    if not left.guarded or count <= limit:
        return
    option = f"--allow-removals {count}" if left.is_removed else f"--allow-left-behind {count}"
    finding = Finding(
        rule="gitops/left-behind-guard",
        path=left.path,
        message=f"{left.why}, and what ran goes on: nothing in Git stands for it any more"
        if left.is_removed
        else f"{left.why} leaves running what nothing in Git stands for any more",
        seen=f"{count} left behind: {_some(left.names)}",
        allowed=f"at most {limits.left_behind}",
        hint=_way_out(limits, name, {"leftBehind": count, **_moving(moving)}, option, moving),
        at_key=True,
    )
    yield from _diagnose(name, environment, finding)


def guard_restarts(
    environment: ResolvedEnvironment, holding: Mapping[str, int], limits: GuardLimits
) -> Iterator[Diagnostic]:
    """Refuse to restart pods that hold more accelerators together than an environment allows; by object."""
    total = sum(holding.values())
    if limits.restarts is None or total <= limits.restarts:
        return
    largest = sorted((name for name in holding if holding[name]), key=lambda name: (-holding[name], name))
    finding = Finding(
        rule="gitops/restart-guard",
        path=("guards", "maxRestartingAccelerators"),
        message=f"the change restarts too much of {environment.name} at once",
        seen=f"pods with {total} accelerators: {_some([f'{name} ({holding[name]})' for name in largest])}",
        allowed=f"at most {limits.restarts}",
        hint="Change fewer models at once. "
        + _way_out(limits, environment.name, _moving(total), f"--allow-restarts {total}"),
        at_key=True,
    )
    yield from diagnose_environment(environment, [finding])


def guard_rights(environment: ResolvedEnvironment, before: JsonObject, limits: GuardLimits) -> Iterator[Diagnostic]:
    """Refuse to widen what the engine may do in a cluster; `before` are the words of the environment's base."""
    wider = tuple(_wider_rights(mapping(before.get("gitops")), environment.mapping("gitops")))
    if len(wider) <= limits.rights:
        return
    finding = Finding(
        rule="gitops/rights-guard",
        path=("gitops", *wider[0].words),
        message=f"the change widens what the engine of {environment.name} may do",
        seen=", ".join(each.said for each in wider),
        allowed="nothing more" if not limits.rights else f"at most {limits.rights} of these",
        hint=_way_out(replace(limits, command=""), environment.name, {"rights": len(wider)}, ""),
        at_key=True,
    )
    yield from diagnose_environment(environment, [finding])


class _WiderRight(Struct, frozen=True):
    """A word of `gitops` that gives an engine more than it had, and what it says."""

    words: tuple[str | int, ...]
    said: str


def _wider_rights(before: JsonObject, after: JsonObject) -> Iterator[_WiderRight]:
    """Compare what the words give; without them the rendered projects and accounts hold, as narrow as can be."""
    for words in (("project",), ("flux", "serviceAccountName")):
        was, now = (text(value_at(side, words)) for side in (before, after))
        if now and now != was:
            yield _WiderRight(words, f"{'.'.join(words)}: {was or 'none'} -> {now}")
    accounts = ("flux", "serviceAccounts")
    if value_at(before, accounts) == "namespace" and value_at(after, accounts) != "namespace":
        yield _WiderRight(accounts, f"{'.'.join(accounts)}: namespace -> {text(value_at(after, accounts)) or 'layer'}")
    had = {_kind(item) for item in sequence(before.get(_KINDS))}
    for index, item in enumerate(sequence(after.get(_KINDS))):
        if _kind(item) not in had:
            group, kind = _kind(item)
            yield _WiderRight((_KINDS, index), f"{_KINDS}: {kind}{f' of {group}' if group else ''}")


_KINDS: Final = "namespaceResourceWhitelist"


def _kind(item: JsonValue) -> tuple[str, str]:
    words = mapping(item)
    return text(words.get("group")), text(words.get("kind"))


def _moving(accelerators: int) -> dict[str, int]:
    return {"restartingAccelerators": accelerators} if accelerators else {}


def _way_out(limits: GuardLimits, name: str, counts: Mapping[str, int], option: str, moving: int = 0) -> str:
    """Say how the limit is raised: by a permit that lands first, or at a terminal, which CI is not."""
    permit = ", ".join(f"{word}: {count}" for word, count in counts.items())
    option += f" --allow-restarts {moving}" if moving else ""
    words = f"permits: {{NAME: {{{permit}, reason: …, owner: …, expires: YEAR-MONTH-DAY}}}}."
    way = f"merge a permit first, in a change of its own: {ENVIRONMENTS_FOLDER}/{name}.yaml, {words}"
    if limits.command:
        way = f"run at a terminal: kservegen {limits.command} {option}; in CI, {way}"
    return f"If that is meant, {way}{f' {limits.remark}' if limits.remark else ''}"


def _diagnose(name: str, environment: ResolvedEnvironment | None, finding: Finding) -> Iterator[Diagnostic]:
    """Give a finding the line of its guard; of an environment that is gone, the file that it had."""
    if environment is not None:
        yield from diagnose_environment(environment, [finding])
        return
    gone = f"{OUTPUT_FOLDER}/{name} belongs to no environment any more"
    yield by_manual(
        finding.rule,
        finding.message if finding.rule == "gitops/left-behind-guard" else gone,
        Location(f"{ENVIRONMENTS_FOLDER}/{name}.yaml"),
        seen=finding.seen,
        allowed=finding.allowed,
        hint=finding.hint,
        environments=(name,),
    )


def check_permits(environment: ResolvedEnvironment, clock: Clock | None) -> Iterator[Diagnostic]:
    """Say which permits of an environment's file raise nothing any more."""
    for name, words in mapping(environment.written.get("permits")).items():
        expires = text(mapping(words).get("expires"))
        try:
            day = date.fromisoformat(expires)
        except ValueError:
            day = None
        problem = "on a day that the calendar does not have" if expires and day is None else ""
        if clock is not None and day is not None and day < clock.day:
            problem = f"on {day}"
        if problem:
            finding = Finding(
                rule="gitops/permit-expired",
                path=("permits", name, "expires"),
                message=f"permit {name} expired {problem}, so it raises no guard",
                hint="Remove it.",
            )
            yield from diagnose_environment(environment, [finding])


def left_behind(
    environments: Iterable[ResolvedEnvironment], removed: Collection[str], desired: Iterable[str]
) -> Iterator[Diagnostic]:
    """Say of every layer that leaves Git whole that it stays in the cluster; paths begin with the environment.

    No engine removes what the last file of a layer stood for: the folder goes, the engine's object stays, finds nothing
    to compare with, and leaves the cluster as it is.
    """
    if not removed:
        return
    wanted = frozenset(path.rpartition("/")[0] for path in desired)
    for environment in environments:
        engine = ENGINES.get(environment.text("gitops", "engine"))
        own = f"{environment.name}/"
        paths = [path.removeprefix(own) for path in removed if path.startswith(own)]
        if engine and paths:
            for folder in sorted({path.rpartition("/")[0] for path in paths}):
                if f"{own}{folder}" not in wanted and folder.partition("/")[0] in _PRUNED:
                    yield from _left_layer(environment, engine.kind, folder.replace("/", "-"), folder.partition("/")[2])
            for path in sorted(path for path in paths if path.startswith(f"{_VALUES}/")):
                yield from _left_layer(
                    environment, engine.kind, path.removeprefix(f"{_VALUES}/").removesuffix(".yaml"), ""
                )


def _left_layer(environment: ResolvedEnvironment, kind: str, layer: str, namespace: str) -> Iterator[Diagnostic]:
    known = namespace in environment.mapping("namespaces")
    finding = Finding(
        rule="gitops/left-behind",
        path=("namespaces", namespace) if known else ("gitops",),
        message=f"nothing of {layer} is left to sync, so what it has synced stays in the cluster",
        hint=f"When this is merged, delete the {kind} {environment.name}-{layer}, then what it has synced.",
        at_key=True,
    )
    yield from diagnose_environment(environment, [finding])


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
