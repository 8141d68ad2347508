"""Upgrades as text, as JSON: the verdict of each environment first, what stands in the way, what changes, the order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from kservegen.changes.upgrade.model import CarriedValues, EnvironmentUpgrade, Note, RestartedModel, Topic, UpgradeStep
from kservegen.commands.result import Result
from kservegen.commands.upgrade import Upgrades
from kservegen.core.assumptions import Unchecked, merge_assumptions
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.formats.yaml.emit import emit
from kservegen.report.folding import LEAST, without_name
from kservegen.report.json_report import render_json
from kservegen.report.summary import folded, plural, unchecked_lines
from kservegen.report.terminal import fitted
from kservegen.report.text import BOLD, ReadLines, painter, render_findings

_TITLES: Final = {
    Topic.CRDS: "CRDs",
    Topic.CHARTS: "charts",
    Topic.VALUES: "chart values",
    Topic.RUNTIMES: "runtimes and presets",
    Topic.DEFAULTS: "defaults",
    Topic.OBJECTS: "rendered objects",
    Topic.IMAGES: "images that stay behind",
    Topic.BEHAVIOUR: "behaviour",
}
_T = TypeVar("_T")
_SHORT: Final = 3  # lines that are not worth a reference
_NOT_CHECKED: Final = (
    Unchecked("what else runs in the cluster"),
    Unchecked("that the new images can be pulled", "no registry is asked"),
    Unchecked("what the new version of a server makes of a model", "no server is started"),
)


def upgrades_as_text(
    upgrades: Upgrades,
    carried: Mapping[str, CarriedValues],
    written: Sequence[str],
    lines: ReadLines,
    *,
    done: str,
    colour: bool,
    everything: bool = False,
    width: int = 0,
) -> str:
    """Write one part for each environment, findings with their lines before all else.

    `done` is said of files. What is alike for many objects is said once, with their number and the first of their
    names, unless `everything` is asked for; and so is what an environment has in common with one above it. With a
    width no line of words is wider; commands and YAML, which people copy, are left in one piece.
    """
    paint = painter(colour)
    out: list[str] = []
    said: dict[tuple[str, ...], str] = {}
    orders: dict[tuple[UpgradeStep, ...], str] = {}
    if upgrades.diagnostics:
        today = Result(command="upgrade", diagnostics=upgrades.diagnostics)
        out.append(render_findings(today, lines, colour=colour, width=width))
        out.append(
            "These stand today: nothing is said about an upgrade of their environments before they are mended.\n"
        )
    names = [upgrade.environment for upgrade in upgrades.upgrades]
    if len(names) > 1:
        order = f"one after the other, each merged before the next begins: {', '.join(names)}"
        out += [*fitted([order], width), ""]
    for upgrade in upgrades.upgrades:
        out += fitted([paint(_verdict(upgrade), BOLD), *(f"  {caveat}" for caveat in upgrade.caveats)], width)
        for finding, others in _alike(upgrade.refusals, everything=everything):
            refused = Result(command="upgrade", diagnostics=(finding,))
            out += ["", render_findings(refused, lines, colour=colour, width=width).rstrip("\n")]
            out += fitted([f"  {printable(_others(others))}"] if others else [], width)
        for part in (
            *_notes(upgrade.notes, everything=everything),
            *_restarts(upgrade.restarts, everything=everything),
            _images(upgrade.images),
        ):
            known = said.setdefault(tuple(part), upgrade.environment)
            has_more = known != upgrade.environment and len(part) > _SHORT
            out += fitted([f"{part[0]}: as in {known}"] if has_more and not everything else part, width)
        out.extend(_carried(carried.get(upgrade.environment)))
        alike = orders.setdefault(without_name(upgrade.steps, upgrade.environment), upgrade.environment)
        if alike == upgrade.environment or everything:
            out += ["  in this order", *_steps(upgrade.steps, width)]
        else:
            out += fitted([f"  in this order: the steps of {alike}, with {upgrade.environment} in its place"], width)
        out.append("")
    many = (max(map(len, (each.restarts, each.notes, each.refusals))) >= LEAST for each in upgrades.upgrades)
    if not everything and any(many):
        out += ["--all names every object, --output json has them all", ""]
    out.extend(f"{name} runs {upgrades.after} already" for name in upgrades.same)
    if upgrades.closing:
        out.append("after all environments")
        out.extend(_steps(upgrades.closing, width))
    out.extend(f"{file}: {done}" for file in written)
    out.extend(fitted(unchecked_lines(_NOT_CHECKED), width))
    return "\n".join(out) + "\n"


def _verdict(upgrade: EnvironmentUpgrade) -> str:
    weights = [item.severity for item in upgrade.refusals if item.waived is None]
    errors, warnings = weights.count(Severity.ERROR), weights.count(Severity.WARNING)
    free = "no error stands in the way" if warnings else "nothing stands in the way"
    free = free if upgrade.reviewed else "no error was found, and not all was looked at"
    if upgrade.permits:
        free = "a permit comes first" + (", then " + free if warnings or not upgrade.reviewed else "")
    parts = [plural(errors, "error stands", "errors stand") + " in the way" if errors else free]
    if warnings:
        parts.append(plural(warnings, "warning is new", "warnings are new"))
    lost = sum(len(note.subjects) for note in upgrade.notes if note.topic is Topic.CRDS and note.loses)
    if lost:
        parts.append(plural(lost, "CRD goes", "CRDs go"))
    certain = [model for model in upgrade.restarts if model.certain]
    if certain:
        parts.append(
            f"{plural(len(certain), 'model restarts', 'models restart')} ({plural(upgrade.pods, 'pod', 'pods')})"
        )
    return f"{upgrade.environment}: {upgrade.before} to {upgrade.after}: {', '.join(parts)}"


def _alike(items: Sequence[Diagnostic], *, everything: bool) -> Iterator[tuple[Diagnostic, list[Diagnostic]]]:
    """Yield findings, each with those that say the same of other objects."""
    groups: dict[Hashable, list[Diagnostic]] = {}
    for item in (item for item in items if item.waived is None):
        key = (item.rule, item.severity, _without(item.message, (*item.entries, *item.subjects)))
        groups.setdefault(item if everything else key, []).append(item)
    yield from ((some[0], list(some[1:])) for found in groups.values() for some in _few(found))


def _few(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Part what is alike where it is so little that it is read faster one by one."""
    yield from [items] if len(items) >= LEAST else ([item] for item in items)


def _others(items: Sequence[Diagnostic]) -> str:
    names = dict.fromkeys(name for item in items for name in item.entries or item.subjects or (str(item.location),))
    return f"and {len(items):,} more alike: {folded(list(names))}"


def _without(text: str, names: Iterable[str]) -> str:
    """Take names out of a text, the longest first."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "…")
    return text


def _notes(notes: Sequence[Note], *, everything: bool) -> Iterator[list[str]]:
    """Yield the lines of each topic, its title first."""
    for topic in Topic:
        about = [note for note in notes if note.topic is topic]
        groups: dict[Hashable, list[Note]] = {}
        for note in about:
            folds = topic is not Topic.CRDS and not everything
            groups.setdefault((_without(note.text, note.subjects), note.loses) if folds else note, []).append(note)
        if about:
            folded_notes = (line for alike in groups.values() for some in _few(alike) for line in _note(some))
            yield [f"  {_TITLES[topic]}", *folded_notes]


def _note(notes: Sequence[Note]) -> Iterator[str]:
    """Write the first of notes that are alike, and name what the others are about."""
    first = notes[0]
    yield f"    {printable(first.text)}{f' ({first.location})' if first.location else ''}"
    if first.topic is Topic.CRDS:
        yield from (f"      {name}" for name in first.subjects)
    if len(notes) > 1:
        names = [name for note in notes[1:] for name in note.subjects]
        yield f"      and {len(notes) - 1:,} more alike: {printable(folded(names))}"


def _restarts(models: Sequence[RestartedModel], *, everything: bool) -> Iterator[list[str]]:
    """Yield the lines of what restarts for sure, then of what may, its title first."""
    for certain, title in ((True, "restarts"), (False, "may restart")):
        groups: dict[Hashable, list[RestartedModel]] = {}
        for model in models:
            if model.certain is certain:
                groups.setdefault(model if everything else model.why, []).append(model)
        if groups:
            models_alike = (line for alike in groups.values() for some in _few(alike) for line in _restarted(some))
            yield [f"  {title}", *models_alike]


def _restarted(models: Sequence[RestartedModel]) -> Iterator[str]:
    """Write models that restart for one reason, with all their pods."""
    held = sum((Counter(dict(model.accelerators)) for model in models), Counter[str]())
    taken = "".join(f", {count:,} {name}" for name, count in sorted(held.items()))
    pods = f"{plural(sum(model.pods for model in models), 'pod')}{taken}: {printable(models[0].why)}"
    if len(models) == 1:
        yield f"    {models[0].subject}: {pods}"
    else:
        yield f"    {len(models):,} models: {pods}"
        yield f"      {printable(folded([model.subject.partition(' ')[2] for model in models]))}"


def _images(images: Sequence[str]) -> list[str]:
    title = ["  images that the new version pulls (mirror them first where you mirror)"] if images else []
    return [*title, *(f"    {image}" for image in images)]


def _carried(carried: CarriedValues | None) -> Iterator[str]:
    if carried is None:
        return
    if carried.by_chart:
        yield "  values of the old chart, for the environment's file"
        yield from (f"    {line}" for line in emit({"kserve": {"values": carried.by_chart}}).splitlines())
    else:
        yield "  values of the old chart: all of them are defaults now"
    if carried.pinned:
        yield "  images that these values hold"
        yield from (f"    {key}: {printable(known)}" for key, known in carried.pinned)
    if carried.lost:
        yield "  values that go nowhere"
        yield from (f"    {key}: {printable(known)}" for key, known in carried.lost)


def _steps(steps: Sequence[UpgradeStep], width: int) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield from fitted([f"    {number}. {step.title}", *([f"       {step.why}"] if step.why else [])], width)
        yield from (f"       $ {command}" for command in step.commands)
        if step.text:
            yield f"       It writes into {printable(step.file)}:"
            yield from (f"         {printable(line)}" for line in step.text.splitlines())


def upgrades_as_json(upgrades: Upgrades, carried: Mapping[str, CarriedValues], written: Sequence[str]) -> str:
    """Return the JSON report: findings of today and of the new version, and `upgrade` by environment."""
    caveats = dict.fromkeys(caveat for upgrade in upgrades.upgrades for caveat in upgrade.caveats)
    result = Result(
        command="upgrade",
        diagnostics=(*upgrades.diagnostics, *upgrades.refusals),
        assumptions=merge_assumptions(caveats),
        unchecked=_NOT_CHECKED,
    )
    report: JsonObject = {
        "to": upgrades.after,
        "written": list(written),
        "environments": [_as_json(upgrade, carried.get(upgrade.environment)) for upgrade in upgrades.upgrades],
        "same": list(upgrades.same),
        "steps": [_step_as_json(step) for step in upgrades.closing],
    }
    return render_json(result, upgrade=report)


def _as_json(upgrade: EnvironmentUpgrade, carried: CarriedValues | None) -> JsonObject:
    return {
        "environment": upgrade.environment,
        "from": upgrade.before,
        "to": upgrade.after,
        "gone": upgrade.gone,
        "notes": [_note_as_json(note) for note in upgrade.notes],
        "restarts": [
            {
                "subject": model.subject,
                "pods": model.pods,
                "accelerators": dict(model.accelerators),
                "why": model.why,
                "certain": model.certain,
            }
            for model in upgrade.restarts
        ],
        "images": list(upgrade.images),
        "permits": dict(upgrade.permits),
        "steps": [_step_as_json(step) for step in upgrade.steps],
        **(
            {
                "values": carried.by_chart,
                "pinnedValues": [{"key": key, "about": about} for key, about in carried.pinned],
                "lostValues": [{"key": key, "about": about} for key, about in carried.lost],
            }
            if carried
            else {}
        ),
    }


def _step_as_json(step: UpgradeStep) -> JsonObject:
    writes: JsonObject = {"file": step.file, "text": step.text} if step.text else {}
    return {
        "title": step.title,
        "why": step.why,
        "commands": list(step.commands),
        "merges": step.merges,
        **writes,
    }


def _note_as_json(note: Note) -> JsonObject:
    place: JsonObject = {"file": note.location.file, "line": note.location.line} if note.location else {}
    return {
        "topic": note.topic.value,
        "text": note.text,
        "subjects": list(note.subjects),
        "loses": note.loses,
        **place,
    }
