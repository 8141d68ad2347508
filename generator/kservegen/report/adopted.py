"""What `adopt` found, made and proved, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kservegen.changes.plan.model import ABSENT, PlanSide
from kservegen.changes.upgrade.split import leaves_of
from kservegen.commands.adopt import Adoption
from kservegen.commands.adopting.cluster import CLUSTER_PLACE
from kservegen.commands.adopting.reading import LeftOut
from kservegen.commands.adopting.values import ChartValues
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import MANIFESTS_FOLDER
from kservegen.core.resource import ResourceId
from kservegen.formats.inert import printable
from kservegen.report.json_report import finding_as_json, place_as_json
from kservegen.report.plan_words import value_text
from kservegen.report.summary import listed, plural

_LISTED: Final = 10
_MANIFESTS: Final = f"{MANIFESTS_FOLDER}/"
_WRITES: Final = (
    "kubectl get inferenceservices,llminferenceservices,servingruntimes --all-namespaces --output yaml writes them."
)
_NEXT: Final = "next: kservegen render, then kservegen init for CI; gitops.engine says who syncs"


def adoption_as_text(adoption: Adoption, *, written: bool) -> str:
    """Write the proof first, then what did not come in, then what was made of the rest."""
    lines = [*_problems(adoption), *_refused(adoption), *_proof(adoption), *_left_out(adoption)]
    lines += [*_no_objects(adoption), *_made(adoption)]
    lines.append(_end(adoption, written=written))
    return "".join(f"{printable(line)}\n" for part in lines for line in part.split("\n"))


def _problems(adoption: Adoption) -> Iterator[str]:
    for problem in adoption.problems:
        yield f"{_place(problem.location)}: {problem.message}{f' ({problem.hint})' if problem.hint else ''}"


def _refused(adoption: Adoption) -> Iterator[str]:
    if adoption.refused:
        yield f"{plural(len(adoption.refused), 'object')} that the API server or KServe's webhooks would refuse:"
    for item in adoption.refused:
        for finding in item.findings:
            yield f"  {item.environment}: {_place(finding.location)}: {item.id}: {finding.message} ({finding.rule})"


def _proof(adoption: Adoption) -> Iterator[str]:
    if not adoption.equal and not adoption.kept:
        return
    of_all = f"{adoption.equal:,} of {adoption.equal + len(adoption.kept):,} objects of KServe's kinds"
    yield f"proof: {of_all} would be stored as they are now"
    if adoption.literal:
        yield f"  of them by spec alone: {', '.join(map(str, adoption.literal))}"
    for (environment, identity), changes in adoption.kept.items():
        said = [f"{change.path or 'the object'}: {_side(change.old)} -> {_side(change.new)}" for change in changes]
        yield f"  {environment}: {identity} stays a plain manifest, for the catalog would say"
        yield from (f"    {line}" for line in said[:_LISTED])
    yield "pods that restart: none"
    if adoption.assumed:
        models = plural(adoption.assumed, "model says", "models say")
        yield f"taken for granted: {models} no mode, and KServe's own is {adoption.mode} (--mode says otherwise)"


def _place(location: Location) -> str:
    """Say where an object stands: a line of a file, or a cluster."""
    return location.file if location.file.startswith(CLUSTER_PLACE) else str(location)


def _side(value: PlanSide) -> str:
    return "nothing" if value is ABSENT else value_text(value)


def _left_out(adoption: Adoption) -> Iterator[str]:
    places: dict[tuple[str, ResourceId], dict[str, list[str]]] = {}
    for name, items in adoption.left_out.items():
        for item in items:
            places.setdefault((item.reason, item.id), {}).setdefault(name, []).append(_place(item.location))
    told: dict[tuple[str, ...], dict[str, list[str]]] = {}  # by environments and reason
    counts: Counter[tuple[str, ...]] = Counter()
    for (reason, identity), found in places.items():
        here = [place for each in found.values() for place in each]
        told.setdefault(tuple(found), {}).setdefault(reason, []).append(f"{identity} ({', '.join(here)})")
        counts[tuple(found)] += len(here)
    for names, reasons in told.items():
        of_each = " of each" if len(names) > 1 else ""
        yield f"{', '.join(names)}: left out, {plural(counts[names] // len(names), 'object')}{of_each}:"
        for reason, named in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
            yield f"  {reason}: {listed(named, _LISTED)}"


def _no_objects(adoption: Adoption) -> Iterator[str]:
    for name, places in adoption.no_objects.items():
        yield f"{name}: no objects of Kubernetes, so left out: {listed([str(place) for place in places], _LISTED)}"


def _made(adoption: Adoption) -> Iterator[str]:
    if not (adoption.equal or adoption.kept):
        return
    manifests = sum(path.startswith(_MANIFESTS) for path in adoption.files)
    catalog = len(adoption.files) - manifests
    plain = f" and {plural(manifests, 'plain manifest')}" if manifests else ""
    before, after = adoption.lines_before, adoption.lines_after
    fewer = f" ({100 * (1 - after / before):.0f} % fewer)" if after < before else ""
    lines = f"{before:,} lines of KServe's manifests become {after:,}{fewer}"
    yield f"{plural(catalog, 'file')} of a catalog{plain}: {lines}"
    yield from _told_once({name: tuple(_installed(values)) for name, values in adoption.charts.items()})
    yield from _told_once({name: (_waived(waivers),) for name, waivers in adoption.waivers.items()})
    yield from _told_once(
        {
            name: (f"only told, for they refuse what runs (Audit): {', '.join(policies)}",)
            for name, policies in adoption.audited.items()
        }
    )
    if adoption.errors and not adoption.refused:  # what is refused is told above, and nothing is written
        yield f"of the catalog kservegen validate will say {plural(len(adoption.errors), 'error')}:"
        for error in adoption.errors[:_LISTED]:
            subjects = "".join(f"{subject}: " for subject in error.subjects[:1])
            yield f"  {error.location}: {subjects}{error.message} ({error.rule})"
        if len(adoption.errors) > _LISTED:
            yield f"  and {len(adoption.errors) - _LISTED:,} more"
    if adoption.waivable:
        yield f"--owner NAME waives {adoption.waivable:,} of them for a time: NAME answers for it"


def _told_once(lines: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Say what is the same of environments once, with their names before its first line."""
    environments: dict[tuple[str, ...], list[str]] = {}
    for name, said in lines.items():
        if said:
            environments.setdefault(said, []).append(name)
    for (first, *rest), names in environments.items():
        yield f"{', '.join(names)}: {first}"
        yield from rest


def _installed(values: Sequence[ChartValues]) -> Iterator[str]:
    for each in values:
        stated = plural(sum(1 for _ in leaves_of(each.stated)), "value")
        yield f"{each.chart} reads what it was installed with: {stated} beside its defaults"
        yield from (f"  not taken over: {key}: {why}" for key, why in each.lost)


def _waived(waivers: Mapping[str, JsonValue]) -> str:
    days = sorted({text(mapping(waiver).get("expires")) for waiver in waivers.values()})
    until = f"until {days[0]}" if len(days) == 1 else f"that end from {days[0]} to {days[-1]}"
    return f"{plural(len(waivers), 'waiver')} {until}, for what is refused and runs: {', '.join(waivers)}"


def _end(adoption: Adoption, *, written: bool) -> str:
    if written:
        return _written(adoption)
    if not (adoption.equal or adoption.kept or adoption.problems or adoption.refused):
        if any(adoption.left_out.values()):
            return "nothing is left to adopt"
        return f"nothing was found to adopt: no object of a kind of KServe stands there. {_WRITES}"
    if not adoption.may_be_written:
        if adoption.problems:
            hint = ": mend the files named first, move them away, or name the paths of the others"
        else:
            hint = ": --leave-out takes the others" if adoption.refused else ""
        return f"nothing was written, and --write will not either as long as something is lost{hint}"
    return "nothing was written: --write writes it"


def _written(adoption: Adoption) -> str:
    """Name the files of the catalog, the folders of manifests, and the steps that follow."""
    catalog = [path for path in adoption.files if not path.startswith(_MANIFESTS)]
    folders = Counter("/".join(path.split("/")[:2]) for path in adoption.files if path.startswith(_MANIFESTS))
    lines = [f"written: {', '.join(catalog)}"]
    lines += [f"  and {plural(count, 'manifest')} below {folder}/" for folder, count in folders.items()]
    return "\n".join((*lines, _NEXT))


def adoption_as_json(adoption: Adoption, *, written: bool) -> JsonObject:
    """Return the report's `adoption`."""
    return {
        "written": written,
        "files": list(adoption.files),
        "lines": {"manifests": adoption.lines_before, "catalog": adoption.lines_after},
        "equal": adoption.equal,
        "deploymentMode": adoption.mode,
        "modelsOfAssumedMode": adoption.assumed,
        "bySpecAlone": [str(identity) for identity in adoption.literal],
        "keptAsManifests": [
            {
                "environment": environment,
                "object": str(identity),
                "fields": [{"path": c.path, "now": _side(c.old), "rendered": _side(c.new)} for c in changes],
            }
            for (environment, identity), changes in adoption.kept.items()
        ],
        "problems": [finding_as_json(problem) for problem in adoption.problems],
        "refused": [
            {
                "environment": item.environment,
                "object": str(item.id),
                "findings": [finding_as_json(finding) for finding in item.findings],
            }
            for item in adoption.refused
        ],
        "errors": [finding_as_json(error) for error in adoption.errors],
        "waivers": {environment: dict(waivers) for environment, waivers in adoption.waivers.items()},
        "charts": [
            {
                "environment": environment,
                "chart": each.chart,
                "values": each.stated,
                "leftOut": [{"key": key, "reason": why} for key, why in each.lost],
            }
            for environment, values in adoption.charts.items()
            for each in values
        ],
        "audited": {environment: list(policies) for environment, policies in adoption.audited.items()},
        "noObjects": [
            {"environment": name, **place_as_json(place)}
            for name, places in adoption.no_objects.items()
            for place in places
        ],
        "leftOut": [_as_json(name, item) for name, items in adoption.left_out.items() for item in items],
    }


def _as_json(environment: str, item: LeftOut) -> JsonObject:
    return {
        "environment": environment,
        "object": str(item.id),
        "reason": item.reason,
        **place_as_json(item.location),
    }
