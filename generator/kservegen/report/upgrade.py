"""Upgrades as text, as JSON: the verdict of each environment first, what stands in the way, what changes, the order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kservegen.changes.upgrade.model import CarriedValues, EnvironmentUpgrade, Note, Topic, UpgradeStep
from kservegen.commands.result import Result
from kservegen.commands.upgrade import Upgrades
from kservegen.core.assumptions import Unchecked, merge_assumptions
from kservegen.core.diagnostics import Severity
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.formats.yaml.emit import emit
from kservegen.report.json_report import render_json
from kservegen.report.summary import plural, unchecked_lines
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
    colour: bool,
) -> str:
    """Write one part for each environment, findings with their lines before all else."""
    paint = painter(colour)
    out: list[str] = []
    if upgrades.diagnostics:
        today = Result(command="upgrade", diagnostics=upgrades.diagnostics)
        out.append(render_findings(today, lines, colour=colour))
        out.append(
            "These stand today: nothing is said about an upgrade of their environments before they are mended.\n"
        )
    for upgrade in upgrades.upgrades:
        out.append(paint(_verdict(upgrade), BOLD))
        out.extend(f"  {caveat}" for caveat in upgrade.caveats)
        if upgrade.refusals:
            refused = Result(command="upgrade", diagnostics=upgrade.refusals)
            out.append("")
            out.append(render_findings(refused, lines, colour=colour).rstrip("\n"))
        out.extend(_notes(upgrade.notes))
        out.extend(_restarts(upgrade))
        out.extend(_images(upgrade.images))
        out.extend(_carried(carried.get(upgrade.environment)))
        out.extend(_steps(upgrade.steps))
        out.append("")
    out.extend(f"{name} runs {upgrades.after} already" for name in upgrades.same)
    out.extend(f"{file}: kserve.version is {upgrades.after} now; next: kservegen render" for file in written)
    out.extend(unchecked_lines(_NOT_CHECKED))
    return "\n".join(out) + "\n"


def _verdict(upgrade: EnvironmentUpgrade) -> str:
    weights = [item.severity for item in upgrade.refusals if item.waived is None]
    errors, warnings = weights.count(Severity.ERROR), weights.count(Severity.WARNING)
    free = "no error stands in the way" if warnings else "nothing stands in the way"
    free = free if upgrade.reviewed else "no error was found, and not all was looked at"
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


def _notes(notes: Sequence[Note]) -> Iterator[str]:
    for topic in Topic:
        about = [note for note in notes if note.topic is topic]
        if about:
            yield f"  {_TITLES[topic]}"
        for note in about:
            place = f" ({note.location})" if note.location else ""
            yield f"    {printable(note.text)}{place}"
            if topic is Topic.CRDS:
                yield from (f"      {name}" for name in note.subjects)


def _restarts(upgrade: EnvironmentUpgrade) -> Iterator[str]:
    for certain, title in ((True, "restarts"), (False, "may restart")):
        models = [model for model in upgrade.restarts if model.certain is certain]
        if models:
            yield f"  {title}"
        for model in models:
            taken = "".join(f", {count} {name}" for name, count in model.accelerators)
            yield f"    {model.subject}: {plural(model.pods, 'pod', 'pods')}{taken}: {printable(model.why)}"


def _images(images: Sequence[str]) -> Iterator[str]:
    if images:
        yield "  images that the new version pulls: mirror them first where you mirror"
        yield from (f"    {image}" for image in images)


def _carried(carried: CarriedValues | None) -> Iterator[str]:
    if carried is None:
        return
    if carried.by_chart:
        yield "  values of the old chart, for the environment's file"
        yield from (f"    {line}" for line in emit({"kserve": {"values": carried.by_chart}}).splitlines())
    else:
        yield "  values of the old chart: all of them are defaults now"
    if carried.lost:
        yield "  values that go nowhere"
        yield from (f"    {key}: {printable(known)}" for key, known in carried.lost)


def _steps(steps: Sequence[UpgradeStep]) -> Iterator[str]:
    yield "  in this order"
    for number, step in enumerate(steps, 1):
        yield f"    {number}. {step.title}"
        if step.why:
            yield f"       {step.why}"
        yield from (f"       $ {command}" for command in step.commands)


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
        "steps": [{"title": step.title, "why": step.why, "commands": list(step.commands)} for step in upgrade.steps],
        **(
            {"values": carried.by_chart, "lostValues": [{"key": key, "about": about} for key, about in carried.lost]}
            if carried
            else {}
        ),
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
