"""The use case `adopt`: manifests that run in, a catalog that renders the same out, and the proof that it does.

The catalog is made in memory, rendered and compared with what came in, as a cluster would store both. An object that
flat words do not bring back is said by `spec`, and one that this does not bring back either stays a manifest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.companions import ALL_ENVIRONMENTS
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.resolve import resolve_environment
from kservegen.changes.adoption import stored_differences
from kservegen.changes.plan.model import FieldChange
from kservegen.checks.basis import UNPROMISED
from kservegen.checks.waivers.apply import Clock
from kservegen.checks.waivers.model import is_waivable
from kservegen.checks.waivers.write import NewWaiver, new_waivers
from kservegen.commands.adopting.catalog import DraftCatalog
from kservegen.commands.adopting.cluster import ClusterContent
from kservegen.commands.adopting.reading import (
    Inventoried,
    LeftOut,
    Target,
    asks_for_knative,
    read_cluster,
    read_running,
    with_annotation,
)
from kservegen.commands.adopting.values import ChartValues, ValuesFile, installed_mode, read_values, restated
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Severity
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.names import label_error
from kservegen.core.repository import CATALOG_SOURCES, DEFAULTS_NAME, MANIFESTS_FOLDER, Repository
from kservegen.core.resource import ResourceId
from kservegen.core.suggest import did_you_mean
from kservegen.evaluate.defaulted import installation_of
from kservegen.evaluate.environment import Tools, build_objects
from kservegen.evaluate.project import open_project, open_tools
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.kserve.defaulting.inference_service import MODE
from kservegen.render.objects.settings import stated_mode

_USUAL_ENVIRONMENT: Final = "prod"
_SECOND: Final = "stands before, too, and differs: the first is taken"
USUAL_MODE: Final = "Standard"
KNATIVE: Final = "Knative"
_TAKEN: Final = frozenset({DEFAULTS_NAME, ALL_ENVIRONMENTS})


class AdoptOptions(Struct, frozen=True, kw_only=True):
    """What to adopt, by environment: paths, or what clusters gave. `leaves_out` takes what can be admitted.

    `piped` is standard input, for the path `-`.

    `version` is the KServe that runs them; None is the one that a cluster runs, or else the newest reviewed one. `mode`
    is that of the cluster; None is what the status of models without a mode of their own says. `binds` are policies to
    bind. `excuse` is how waivers for what they and other rules refuse are made; None makes none.
    """

    paths: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    piped: bytes = b""
    clusters: Mapping[str, ClusterContent] = field(default_factory=dict)
    version: str | None = None
    mode: str | None = None
    leaves_out: bool = False
    values: tuple[ValuesFile, ...] = ()
    binds: tuple[str, ...] = ()
    excuse: NewWaiver | None = None


class RefusedObject(Struct, frozen=True, kw_only=True):
    """An object that the API server or KServe's webhooks would refuse, with the findings that say why."""

    environment: str
    id: ResourceId
    findings: tuple[Diagnostic, ...]


class Adoption(Struct, frozen=True, kw_only=True, eq=False):
    """A catalog that is not written yet, by file, and what proves it.

    `equal` counts the objects that a cluster would store as they came in; of those that only `spec` brings back,
    `literal` are the names. `kept` stay plain manifests, by environment and object with what the catalog would say
    differently. `errors` are what is left beside `waivers`, and beside policies that only tell (`audited`), both by
    environment; `waivable` of them would be waived if somebody answered for them. So many models are `assumed` to be of
    the cluster's `mode`: nothing that came in tells it.
    """

    files: Mapping[str, bytes]
    lines_before: int
    lines_after: int
    equal: int
    literal: tuple[ResourceId, ...]
    kept: Mapping[tuple[str, ResourceId], tuple[FieldChange, ...]]
    refused: tuple[RefusedObject, ...]
    left_out: Mapping[str, Sequence[LeftOut]]
    no_objects: Mapping[str, Sequence[Location]]
    problems: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...]
    waivers: Mapping[str, Mapping[str, JsonValue]]
    audited: Mapping[str, tuple[str, ...]]
    waivable: int
    charts: Mapping[str, tuple[ChartValues, ...]]
    mode: str
    assumed: int

    @property
    def may_be_written(self) -> bool:
        """Whether there is something to write, and nothing is lost by it."""
        return bool(self.equal or self.kept) and not (self.problems or self.refused)


def by_environment(paths: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Read `ENV=PATH` and `PATH`, which is of `prod`; GeneratorError for no path, or a name that is none."""
    found: dict[str, tuple[Path, ...]] = {}
    for said in paths:
        name, equals, path = said.partition("=")
        if not equals or "/" in name or Path(said).exists():
            name, path = _USUAL_ENVIRONMENT, said
        _check_name(name)
        _check_said(path, said, "PATH")
        found[name] = (*found.get(name, ()), Path(path))
    return found


def contexts_by_environment(contexts: Sequence[str]) -> dict[str, str | None]:
    """Read `ENV=CONTEXT` and `CONTEXT`, which is of `prod`; none at all is the current context, as None.

    GeneratorError for a name that no environment can have, for an environment of two clusters, and for no context.
    """
    found: dict[str, str | None] = {}
    for said in contexts:
        name, _, context = said.rpartition("=")
        name = name or _USUAL_ENVIRONMENT
        _check_name(name)
        _check_said(context, said, "CONTEXT")
        if name in found:
            raise GeneratorError(
                "an environment is one cluster", subject=said, hint="Name each: --context dev=NAME --context prod=NAME."
            )
        found[name] = context
    return found or {_USUAL_ENVIRONMENT: None}


def values_files(said: Sequence[str]) -> Iterator[tuple[str, str, Path]]:
    """Read `CHART=FILE`, which is of every environment, and `ENV=CHART=FILE`: environment, chart, path."""
    for each in said:
        chart, equals, path = each.partition("=")
        environment = ""
        if "=" in path and not Path(path).exists():
            environment, (chart, equals, path) = chart, path.partition("=")
            _check_name(environment)
        if not (chart and equals and path):
            raise GeneratorError(
                "write CHART=FILE, or ENV=CHART=FILE", subject=each, hint="As in kserve-resources=values.yaml."
            )
        yield environment, chart, Path(path)


def _check_said(value: str, said: str, what: str) -> None:
    if not value:  # a variable that is not set, and never this folder or the current context
        raise GeneratorError(f"{what} is empty", subject=said, hint=f"Write {what}, or ENV={what}.")


def _check_name(name: str) -> None:
    problem = "it is taken" if name in _TAKEN else label_error(name)
    if problem:
        raise GeneratorError(
            f"this can be no environment's name: {problem}",
            subject=name,
            hint="Write small letters, digits and dashes, as in dev=NAME.",
        )


def adopt(repository: Repository, options: AdoptOptions) -> Adoption:
    """Make a catalog of what runs; nothing is written."""
    if not repository.root.is_dir():
        raise GeneratorError("no such folder", subject=str(repository.root), hint="Give an existing folder to --root.")
    tools = open_tools(repository)
    _check_policies(tools, options.binds)
    with without_collector():
        found: dict[str, Inventoried] = {}
        for name, paths in options.paths.items():
            found[name] = read_running(
                paths, _target(tools, options.version or tools.releases.newest_reviewed), options.piped
            )
        for name, content in options.clusters.items():
            version = options.version or content.version or tools.releases.newest_reviewed
            found[name] = read_cluster(content.objects, content.place, _target(tools, version), content.namespace)
        _keep_apart(repository, found)
        problems = [problem for one in found.values() for problem in one.problems]
        for one in found.values():
            if options.leaves_out:
                one.left_out += [LeftOut(*item[:2], _SECOND) for item in one.contradicting]
            else:
                problems += [item.finding for item in one.contradicting]
        _check_environments(options.values, found)
        charts = {
            name: read_values(options.values, name, tools.releases.get(one.version).charts)
            for name, one in found.items()
        }
        mode = options.mode or _installed_mode(tools, found, charts)
        assumed = 0 if mode or any(one.modes for one in found.values()) else sum(1 for _ in _following(found))
        mode = _settle_modes(found, mode)
        stated = {name: stated_mode(mode, tools.releases.get(one.version).defects) for name, one in found.items()}
        draft = DraftCatalog(found, mode, stated, tuple(dict.fromkeys(options.binds)), charts)
        return _Proof(repository, tools, draft, options).run(tuple(problems), assumed)


def _check_environments(files: Sequence[ValuesFile], found: Mapping[str, Inventoried]) -> None:
    for file in files:
        if file.environment and file.environment not in found:
            raise GeneratorError(
                "nothing comes in of such an environment",
                subject=file.environment,
                hint=did_you_mean(file.environment, found, f"Named are: {', '.join(found)}."),
            )


def _installed_mode(
    tools: Tools, found: Mapping[str, Inventoried], charts: Mapping[str, tuple[ChartValues, ...]]
) -> str | None:
    """Return the mode that KServe was installed with; None where no values say it.

    GeneratorError where environments differ: one catalog of them follows one mode.
    """
    modes = {
        mode: name
        for name, values in charts.items()
        if (mode := installed_mode(values, tools.releases.get(found[name].version).charts))
    }
    if len(modes) > 1:
        said = ", ".join(f"{name} is {mode}" for mode, name in sorted(modes.items()))
        raise GeneratorError(
            f"clusters of several deployment modes: {said}",
            subject="--values",
            hint="Say with --mode which one models without a mode of their own follow.",
        )
    return next(iter(modes), None)


def _check_policies(tools: Tools, names: Sequence[str]) -> None:
    known = [policy.name for policy in tools.policies().policies] if names else []
    for name in names:
        if name not in known:
            raise GeneratorError(
                "there is no such policy", subject=name, hint=did_you_mean(name, known, f"Known: {', '.join(known)}.")
            )


def _target(tools: Tools, version: str) -> Target:
    return Target.of(tools.schemas, tools.releases.get(version))


def _keep_apart(repository: Repository, found: Mapping[str, Inventoried]) -> None:
    """Refuse input that lies where the new catalog reads its own files."""
    root = repository.root.resolve()
    for one in found.values():
        for path in one.files:
            place = path.resolve()
            if place.is_relative_to(root) and place.relative_to(root).parts[0] in CATALOG_SOURCES:
                raise GeneratorError(
                    "what comes in lies where the catalog reads its own files",
                    subject=str(path),
                    hint="Move it to another folder, running/ for one, or give another folder to --root.",
                )


def _settle_modes(found: Mapping[str, Inventoried], said: str | None) -> str:
    """Return the mode of the cluster; what a status says differently of a model becomes the model's own word.

    A model without the annotation follows the cluster, so its status tells the cluster's mode; without a status, words
    that only Knative knows.
    """
    recorded = Counter(mode for one in found.values() for mode in one.modes.values())
    only = KNATIVE if any(map(asks_for_knative, _following(found))) else USUAL_MODE
    mode = said or next((name for name, _ in recorded.most_common(1)), only)
    for one in found.values():
        for identity, own in one.modes.items():
            if own != mode and identity in one.entries:
                running = one.entries[identity]
                doc = with_annotation(running.resource.doc, MODE, own)
                one.entries[identity] = running._replace(resource=replace(running.resource, doc=doc))
    return mode


def _following(found: Mapping[str, Inventoried]) -> Iterator[JsonObject]:
    """Yield the models that follow the cluster's mode, and of which nothing tells it."""
    for one in found.values():
        for identity, running in one.entries.items():
            if identity.kind == "InferenceService" and identity not in one.modes:
                doc = running.resource.doc
                if not mapping(mapping(doc.get("metadata")).get("annotations")).get(MODE):
                    yield doc


class _Proof:
    """Makes the catalog, holds what it renders against what came in, and mends what differs."""

    def __init__(self, repository: Repository, tools: Tools, draft: DraftCatalog, options: AdoptOptions) -> None:
        self._repository = repository
        self._tools = tools
        self._draft = draft
        self._leaves_out = options.leaves_out
        self._excuse_by = options.excuse
        self._platforms: dict[str, dict[str, JsonObject]] = {}  # values by environment and chart, as they are rendered

    def run(self, problems: tuple[Diagnostic, ...], assumed: int) -> Adoption:
        draft = self._draft
        kept = self._settle()
        self._settle_values()
        evaluated = self._evaluate()
        refused = self._refused(evaluated)
        if refused and self._leaves_out:
            for item in refused:
                one = draft.found[item.environment]
                one.entries.pop(item.id, None)
                reason = "; ".join(finding.message for finding in item.findings)
                one.left_out.append(LeftOut(item.id, item.findings[0].location, reason))
            kept |= self._settle()
            evaluated, refused = self._evaluate(), ()
        draft.promises = _missing(evaluated)
        if any(draft.promises.values()) and _errors(evaluated):  # what is promised may answer some of them
            evaluated = self._evaluate()
        if _errors(evaluated) and self._excuse(evaluated):
            evaluated = self._evaluate()
        errors = _errors(evaluated)
        files = draft.files()
        found = draft.found.values()
        entries = [identity for one in found for identity in one.entries if identity not in draft.unsaid]
        left_out = {  # refused since, or for what they need
            (name, item.id) for name, one in draft.found.items() for item in one.left_out if item.id not in one.entries
        }
        words = (content for path, content in files.items() if not path.startswith(f"{MANIFESTS_FOLDER}/"))
        return Adoption(
            files=files,
            lines_before=sum(
                one.entries[identity].lines for one in found for identity in one.entries.keys() - draft.unsaid
            ),
            lines_after=sum(content.count(b"\n") for content in words),
            equal=len(entries),
            literal=tuple(sorted(draft.literal.intersection(entries))),
            kept={place: changes for place, changes in kept.items() if place not in left_out},
            refused=refused,
            left_out={name: one.left_out for name, one in draft.found.items()},
            no_objects={name: one.no_objects for name, one in draft.found.items() if one.no_objects},
            problems=problems,
            errors=errors,
            waivers=draft.waivers,
            audited=draft.audited,
            waivable=sum(map(is_waivable, errors)),
            charts=draft.charts,
            mode=draft.mode,
            assumed=assumed,
        )

    def _excuse(self, evaluated: EvaluatedRepository) -> bool:
        """Waive what may be waived and somebody answers for, and let other policies only tell; True for any."""
        waivers: dict[str, dict[str, JsonValue]] = {}
        audited: dict[str, tuple[str, ...]] = {}
        for name, evaluation in evaluated.evaluations.items():
            errors = [d for d in evaluation.diagnostics if d.severity is Severity.ERROR and is_waivable(d)]
            owned = {entry.key for entry in evaluation.environment.entries if entry.words.get("owner")}
            given = self._excuse_by
            answered = [d for d in errors if d.entries and given and (given.owner or owned.issuperset(d.entries))]
            if given is not None and answered:
                found = new_waivers(answered, evaluation.environment.entries, given, ())
                waivers[name] = {str(path[-1]): waiver for path, waiver in found.items()}
            left = {d.rule for d in errors if d not in answered}
            audited[name] = tuple(policy for policy in self._draft.bound if f"policy/{policy}" in left)
        self._draft.waivers = {name: found for name, found in waivers.items() if found}
        self._draft.audited = {name: found for name, found in audited.items() if found}
        return bool(self._draft.waivers or self._draft.audited)

    def _settle(self) -> dict[tuple[str, ResourceId], tuple[FieldChange, ...]]:
        """Say each object in the first form that brings it back; return those that stay manifests, and why.

        What is said of one object can change how others are said, so the last look finds nothing.
        """
        kept: dict[tuple[str, ResourceId], tuple[FieldChange, ...]] = {}
        while differences := self._differences():
            literal = {identity for _, identity in differences}
            again = literal & self._draft.literal
            self._draft.literal |= literal
            self._draft.unsaid |= again
            kept |= {place: changes for place, changes in differences.items() if place[1] in again}
        return kept

    def _settle_values(self) -> None:
        """Say what KServe's charts were installed with until they read it from the catalog, as far as they can."""
        draft, before = self._draft, None
        while before != (draft.charts, draft.added):
            before = dict(draft.charts), dict(draft.added)
            for name, values in before[0].items():
                rendered = self._platforms[name]
                there = [each for each in values if each.chart in rendered]
                if len(there) < len(values):  # no kind in use asks for it, and it is there
                    draft.added[name] = tuple(each.chart for each in values if each not in there)
                else:
                    charts = self._tools.releases.get(draft.found[name].version).charts
                    draft.charts[name] = tuple(restated(each, rendered[each.chart], charts) for each in values)
            if before != (draft.charts, draft.added):
                self._differences()

    def _with_files(self) -> Repository:
        return replace(self._repository, sources={**(self._repository.sources or {}), **self._draft.files()})

    def _evaluate(self) -> EvaluatedRepository:
        clock = Clock(self._excuse_by.since) if self._excuse_by is not None else None
        wanted = EvaluationOptions(names=(), out=self._repository.output, judges_output=False, clock=clock)
        return evaluate_repository(self._with_files(), wanted)

    def _differences(self) -> dict[tuple[str, ResourceId], tuple[FieldChange, ...]]:
        """Hold each object against what is rendered of it; one that is not rendered differs as a whole."""
        project = open_project(self._with_files())
        tools = project.tools
        found: dict[tuple[str, ResourceId], tuple[FieldChange, ...]] = {}
        for name, one in self._draft.found.items():
            built = build_objects(resolve_environment(project.catalog, name)[0], tools)
            if isinstance(built, Finding):
                raise GeneratorError(built.message, subject=name, hint=built.hint)
            rendered = {item.resource.id: item.resource for item in built.entries}
            installation = installation_of(built.settings)
            self._platforms[name] = built.platform.values()
            for identity, running in one.entries.items():
                if identity in self._draft.unsaid:
                    continue
                now = rendered.get(identity)
                if now is None:
                    found[name, identity] = (FieldChange("", "an object", "nothing"),)
                elif changes := stored_differences(running.resource, now, installation, tools.schemas):
                    found[name, identity] = changes
        return found

    def _refused(self, evaluated: EvaluatedRepository) -> tuple[RefusedObject, ...]:
        checker = evaluated.project.tools.checker
        refused = []
        for name, one in self._draft.found.items():
            refused += [
                RefusedObject(environment=name, id=identity, findings=(told,))
                for identity, told in one.unserved.items()
            ]
            by_subject: dict[str, list[Diagnostic]] = {}
            for diagnostic in evaluated.evaluations[name].diagnostics:
                for told in diagnostic.apart():
                    finding = Finding(rule=told.rule, path=(), message="", severity=told.severity)
                    if told.severity is Severity.ERROR and not checker.verdict((finding,)).admitted:
                        for subject in told.subjects:
                            by_subject.setdefault(subject, []).append(told)
            refused += [
                RefusedObject(
                    environment=name,
                    id=identity,
                    findings=tuple(replace(told, location=running.location) for told in by_subject[str(identity)]),
                )
                for identity, running in one.entries.items()
                if str(identity) in by_subject
            ]
        return tuple(refused)


def _errors(evaluated: EvaluatedRepository) -> tuple[Diagnostic, ...]:
    return tuple(d for d in evaluated.diagnostics if d.severity is Severity.ERROR and not d.promise)


def _missing(evaluated: EvaluatedRepository) -> dict[str, tuple[str, ...]]:
    """List by environment what its objects need and nobody renders: it is there, since they run."""
    found: dict[str, tuple[str, ...]] = {}
    for name, evaluation in evaluated.evaluations.items():
        named = {f"{each.kind}/{each.name}" for each in evaluation.assumptions if each.why == UNPROMISED}
        found[name] = tuple(sorted(named | {d.promise for d in evaluation.diagnostics if d.promise}))
    return found


def write_adoption(repository: Repository, adoption: Adoption) -> None:
    """Write the catalog, all files or none; GeneratorError where one of them is there already."""
    there = sorted(path for path in adoption.files if (repository.root / path).exists())
    if there:
        raise GeneratorError(
            f"already holds {', '.join(there[:5])}{' and more' if len(there) > 5 else ''}",
            subject=str(repository.root),
            hint="Adopt into a folder without a catalog, or move these files away.",
        )
    replace_files(repository.root, {}, adoption.files)
