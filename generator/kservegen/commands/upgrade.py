"""What another KServe version changes for a catalog: the use case behind `kservegen upgrade`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.model import Catalog, CatalogDocument
from kservegen.changes.guards import Allowances, GuardLimits
from kservegen.changes.plan.effects import refused_by_cluster
from kservegen.changes.upgrade.change import restarted_models, version_change
from kservegen.changes.upgrade.compare import VersionSide, images, left_behind_by_upgrade, notes
from kservegen.changes.upgrade.model import (
    CarriedValues,
    EnvironmentUpgrade,
    UpgradePermit,
    UpgradeStep,
    permit_name,
)
from kservegen.changes.upgrade.split import carry, is_before_split, parse_old_version
from kservegen.changes.upgrade.steps import closing, steps
from kservegen.checks.kserve_version import version_problem
from kservegen.checks.registry import is_defect
from kservegen.core.diagnostics import Diagnostic, Severity, merge_diagnostics
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.evaluate.environment import Evaluation, Tools, default_environment
from kservegen.evaluate.environments import evaluate_all
from kservegen.evaluate.project import Project, open_project
from kservegen.formats.yaml.load import load_strict
from kservegen.kserve.releases import Releases
from kservegen.render.layout import open_templates

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock
    from kservegen.formats.templates import PageTemplates


class Upgrades(Struct, frozen=True, kw_only=True, eq=False):
    """The upgrades of the environments asked for, in the order to go; `same` run the version already.

    `closing` are the steps after all of them. `diagnostics` are errors that stand today, for which nothing can be said
    about an upgrade.
    """

    project: Project
    after: str
    upgrades: tuple[EnvironmentUpgrade, ...]
    same: tuple[str, ...]
    closing: tuple[UpgradeStep, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def exit_code(self) -> int:
        """1 where something stands in the way, today or under the new version."""
        findings = (*self.diagnostics, *self.refusals)
        return int(any(item.severity is Severity.ERROR and item.waived is None for item in findings))

    @property
    def refusals(self) -> tuple[Diagnostic, ...]:
        """What the new version refuses, in any environment."""
        return merge_diagnostics(refusal for upgrade in self.upgrades for refusal in upgrade.refusals)

    def sharing(self, document: CatalogDocument) -> set[str]:
        """Return the environments that have a file among theirs."""
        return {name for name, source in self.project.catalog.environments.items() if document in source.documents}


def plan_upgrades(
    repository: Repository,
    after: str,
    given: UpgradePermit,
    clock: Clock,
    *,
    environments: Sequence[str] = (),
    installed: str | None = None,
) -> Upgrades:
    """Compare each environment under its version with itself under `after`.

    They come in the order of `environments`; without, those first that guard least. Permits that an upgrade takes are
    `given`; those that are there hold by the `clock`. `installed` is what runs in the clusters, where that is not what
    the catalog says: a version from before the charts that are known. GeneratorError for versions that nothing is known
    of.
    """
    project = open_project(repository)
    releases = project.tools.releases
    _check_versions(project.tools, after, installed)
    going: dict[str, tuple[Evaluation, str]] = {}  # as they are today, and the version that they leave
    same: list[str] = []
    templates = open_templates(repository)
    diagnostics = list(project.diagnostics)
    readable = not any(item.severity is Severity.ERROR for item in diagnostics)
    for today in evaluate_all(project, environments) if readable else ():
        name = today.environment.name
        # What is wrong in the release that is left may be why it is left.
        errors = [d for d in today.diagnostics if d.severity is Severity.ERROR and not is_defect(d.rule)]
        diagnostics.extend(errors)
        if today.built is None or errors:
            continue
        version = installed or today.built.settings.kserve_version
        if version == after:
            same.append(name)
            continue
        if version in releases.versions:  # another is from before all of them
            _check_direction(releases, name, version, after)
        going[name] = today, version
    found: list[tuple[tuple[bool, int, int], EnvironmentUpgrade]] = []
    for tomorrow in evaluate_all(_at_version(project, after, going), tuple(going)) if going else ():
        today, version = going[tomorrow.environment.name]
        limits = GuardLimits.of(today.environment.value, Allowances(), clock=clock)
        upgrade = _upgrade(_Way(project, templates, after, version, given), today, tomorrow, limits)
        found.append((_order(upgrade, limits), upgrade))
    ordered = found if environments else sorted(found, key=lambda item: item[0])
    upgrades = Upgrades(
        project=project,
        after=after,
        upgrades=tuple(upgrade for _, upgrade in ordered),
        same=tuple(same),
        closing=(),
        diagnostics=merge_diagnostics(diagnostics),
    )
    leaves = bool(found or same) and _leaves_something(upgrades)
    return replace(upgrades, closing=(closing(environments, after),)) if leaves else upgrades


def _order(upgrade: EnvironmentUpgrade, limits: GuardLimits) -> tuple[bool, int, int]:
    """Return what sorts environments: what is guarded, and holds much, comes after what has shown that it goes."""
    certain = [model for model in upgrade.restarts if model.certain]
    held = sum(count for model in certain for _, count in model.accelerators)
    return limits.restarts is not None, held, upgrade.pods


def _leaves_something(upgrades: Upgrades) -> bool:
    """Whether the way takes permits, or states the version over a file that all environments on it share."""
    asked = {*(upgrade.environment for upgrade in upgrades.upgrades), *upgrades.same}
    if any(upgrade.permits for upgrade in upgrades.upgrades):
        return True
    for name in sorted(asked):
        documents = upgrades.project.catalog.environments[name].documents
        if permit_name(upgrades.after) in mapping(documents[-1].value.get("permits")):
            return True
        stating = [document for document in documents if "version" in mapping(document.value.get("kserve"))]
        shared = bool(stating) and len(upgrades.sharing(stating[0])) > 1 and upgrades.sharing(stating[0]) <= asked
        if shared and (upgrades.upgrades or len(stating) > 1):
            return True
    return False


def _check_versions(tools: Tools, after: str, installed: str | None) -> None:
    releases = tools.releases
    known = ", ".join(releases.versions)
    if after not in releases.versions and after not in tools.schemas.versions():
        raise GeneratorError(
            f"KServe {after} is not a version that can be checked",
            subject="--to",
            hint=releases.meant(after) or f"Known: {known}.",
        )
    problem = version_problem(after, releases, tools.schemas)
    if problem is not None:
        raise GeneratorError(problem.message, subject="--to", hint=problem.hint)
    if installed is None or installed in releases.versions:
        return
    if parse_old_version(installed) is None:
        raise GeneratorError(f"{installed} is no version", subject="--from", hint="Write it as v0.16.0.")
    if not is_before_split(installed):
        raise GeneratorError(
            f"nothing is known of the charts of KServe {installed}",
            subject="--from",
            hint=f"Known: {known}, and any version before v0.17.0, whose installation is moved over.",
        )


def _check_direction(releases: Releases, name: str, version: str, after: str) -> None:
    if releases.versions.index(version) > releases.versions.index(after):
        raise GeneratorError(
            f"{name} runs {version}, which is later than {after}",
            subject="--to",
            hint="KServe is not taken back this way: its CRDs would drop fields that are stored.",
        )


class _Way(NamedTuple):
    """What the upgrades of one run have in common, and the version that one of them begins at."""

    project: Project
    templates: PageTemplates
    after: str
    installed: str
    given: UpgradePermit


def _at_version(project: Project, version: str, environments: Iterable[str]) -> Project:
    catalog = project.catalog
    for name in environments:
        catalog = with_version(catalog, name, version)
    return replace(project, catalog=catalog)


def _upgrade(way: _Way, today: Evaluation, tomorrow: Evaluation, limits: GuardLimits) -> EnvironmentUpgrade:
    project, templates, after, installed, given = way
    name = today.environment.name
    if today.built is None or tomorrow.built is None:  # the version is known, so both are built
        raise AssertionError(name)
    before, then = _side(today, project.tools), _side(tomorrow, project.tools)
    moves = is_before_split(installed)
    passed = project.tools.releases.passed(after, since=before.release.version)
    said = tuple(left_behind_by_upgrade(before, then) if moves else notes(before, then, passed))
    change = version_change(before.built, then.built, limits, templates, project.tools)
    refused = refused_by_cluster(change.impact, then.built, project.tools)
    new, gone = _compare(today.diagnostics, (*tomorrow.diagnostics, *refused))
    # Nothing is known of what ran under a version from before the split.
    restarts = () if moves else tuple(restarted_models(change.impact, then.built.settings.accelerators))
    permit = given.words(change.permits, after) if change.permits else {}
    return EnvironmentUpgrade(
        environment=name,
        before=installed,
        after=after,
        refusals=new,
        gone=gone,
        notes=said,
        images=tuple(sorted(images(then) - (frozenset() if moves else images(before)))),
        values=then.values,
        restarts=restarts,
        permits=change.permits,
        reviewed=before.release.is_reviewed and then.release.is_reviewed,
        caveats=tuple(each for side in (before, then) for each in side.release.taken_for_granted),
        steps=tuple(steps(today.environment, tomorrow.built.platform, said, permit, before=installed, after=after)),
    )


def _side(evaluation: Evaluation, tools: Tools) -> VersionSide:
    built = evaluation.built
    if built is None:
        raise AssertionError(evaluation.environment.name)
    defaulted = default_environment(built, tools, tools.schemas)
    return VersionSide(
        built=built,
        defaulted=defaulted.objects,
        release=defaulted.context.release,
        platform=defaulted.context.platform,
    )


def _compare(today: Iterable[Diagnostic], tomorrow: Iterable[Diagnostic]) -> tuple[tuple[Diagnostic, ...], int]:
    """Return the findings that are new tomorrow, and how many of today's are gone."""
    old, new = ({_key(item): item for item in items} for items in (today, tomorrow))
    return merge_diagnostics(new[key] for key in new.keys() - old.keys()), len(old.keys() - new.keys())


def _key(item: Diagnostic) -> tuple[object, ...]:
    return item.rule, item.location, item.path, item.subjects


def with_version(catalog: Catalog, name: str, version: str) -> Catalog:
    """Return the catalog with another KServe version in one environment, where the version stands today."""
    source = catalog.environments[name]
    documents = list(source.documents)
    index = stated_in(source.documents)
    value = documents[index].value
    stated = {**value, "kserve": {**mapping(value.get("kserve")), "version": version}}
    documents[index] = replace(documents[index], value=stated)
    return replace(catalog, environments={**catalog.environments, name: replace(source, documents=tuple(documents))})


def stated_in(documents: Sequence[CatalogDocument]) -> int:
    """Return the index of the document that states KServe's version: the last that does, else the environment's own."""
    stating = [index for index, document in enumerate(documents) if "version" in mapping(document.value.get("kserve"))]
    return stating[-1] if stating else len(documents) - 1


def parse_values(content: bytes, file: str) -> JsonObject:
    """Read a file of chart values; GeneratorError for what is none."""
    loaded = load_strict(content, file)
    if loaded.diagnostics:
        problem = loaded.diagnostics[0]
        raise GeneratorError(problem.message, subject=str(problem.location), hint=problem.hint)
    if not isinstance(loaded.value, dict):
        raise GeneratorError("chart values are a map", subject=file, hint="Take them from helm get values.")
    return loaded.value


def carry_values(values: JsonObject, upgrades: Upgrades) -> Iterator[tuple[str, CarriedValues]]:
    """Hand the values of the one chart from before v0.17 to the charts of each environment."""
    charts = upgrades.project.tools.releases.get(upgrades.after).charts
    for upgrade in upgrades.upgrades:
        yield upgrade.environment, carry(values, charts, upgrade.values, before=upgrade.before)
