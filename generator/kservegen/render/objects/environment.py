"""One environment built: every object it stands for, the charts and values of its platform, and its README."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.field_mapping import MODEL_KINDS
from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.store import Shapes
from kservegen.kserve.charts.model import Charts
from kservegen.render.objects.charts import PlannedCharts, plan_platform
from kservegen.render.objects.companion import build_companion
from kservegen.render.objects.custom_resource import build_custom_resource
from kservegen.render.objects.draft import Draft, EntryFinding
from kservegen.render.objects.finish import finish
from kservegen.render.objects.inference_service import build_inference_service
from kservegen.render.objects.llm_inference_service import build_llm_inference_service
from kservegen.render.objects.namespace import build_namespaces
from kservegen.render.objects.pins import pin
from kservegen.render.objects.quotas import build_quotas
from kservegen.render.objects.settings import Settings

_BUILDERS: dict[str, Callable[[Draft, Settings], None]] = {
    "InferenceService": build_inference_service,
    "LLMInferenceService": build_llm_inference_service,
}


class BuiltEntry(Struct, frozen=True, kw_only=True, eq=False):
    """What an entry became, and what its words contradict."""

    entry: Entry
    resource: Resource
    problems: tuple[EntryFinding, ...]


class BuiltEnvironment(Struct, frozen=True, kw_only=True, eq=False):
    """Everything that one environment emits, still as data."""

    environment: ResolvedEnvironment
    settings: Settings
    platform: PlannedCharts
    entries: tuple[BuiltEntry, ...]
    own: tuple[Resource, ...]  # objects of the environment itself: namespaces, policies, Applications
    crashes: tuple[tuple[Entry, Finding], ...] = ()  # entries that could not be built

    @property
    def installed_values(self) -> dict[str, JsonObject]:
        """The values by chart that say how KServe is installed; none where others did that and an inventory tells."""
        inventory = self.environment.inventory
        if self.platform.by_others and inventory is not None and inventory.covers("ClusterServingRuntime"):
            return {}
        return self.platform.values()

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All objects, those of the environment first."""
        return (*self.own, *(built.resource for built in self.entries))


def build_environment(
    environment: ResolvedEnvironment,
    settings: Settings,
    charts: Charts,
    shapes: Shapes,
    policies: tuple[Resource, ...] = (),
    shared: dict[Entry, BuiltEntry] | None = None,
) -> BuiltEnvironment:
    """Build every object of an environment, around those of its policies, which come ready.

    `shared` holds entries that an environment of equal settings has had built; those of this one are added.
    Cannot fail on what the catalog's schema has let through.
    """
    shared = {} if shared is None else shared
    crashes: list[tuple[Entry, Finding]] = []
    for entry in environment.entries:
        if entry not in shared and (item := _try_to_build(entry, settings, shapes, crashes)) is not None:
            shared[entry] = item
    entries = tuple(shared[entry] for entry in environment.entries if entry in shared)
    platform = plan_platform(environment, settings, {built.resource.kind for built in entries}, charts)
    namespaces = build_namespaces(environment)
    quotas = build_quotas(environment)
    synced = [*namespaces, *policies, *quotas, *(built.resource for built in entries)]
    sync: list[Resource] = []
    if environment.text("gitops", "engine") in ENGINES:
        from kservegen.render.gitops.sync import build_sync  # noqa: PLC0415 - where something is synced

        sync = build_sync(environment, platform, synced)
    return BuiltEnvironment(
        environment=environment,
        settings=settings,
        platform=platform,
        entries=entries,
        own=(*namespaces, *policies, *quotas, *sync),
        crashes=tuple(crashes),
    )


def _try_to_build(
    entry: Entry, settings: Settings, shapes: Shapes, crashes: list[tuple[Entry, Finding]]
) -> BuiltEntry | None:
    """Build an entry; None where that fails, which is said, and the others are built all the same."""

    def judge() -> Iterator[BuiltEntry | None]:
        yield build_entry(entry, settings, shapes)

    return next(contained("building this entry", judge, lambda crash: crashes.append((entry, crash))))


def build_entry(entry: Entry, settings: Settings, shapes: Shapes) -> BuiltEntry:
    """Build the object of one entry."""
    if entry.is_companion:
        resource, problems = build_companion(entry, settings, shapes)
        return BuiltEntry(entry=entry, resource=resource, problems=problems)
    draft = Draft(entry)
    known = MODEL_KINDS.get(entry.info.kind)
    if known is not None:
        _check_words(draft, known)
    _BUILDERS.get(entry.info.kind, build_custom_resource)(draft, settings)
    doc = finish(draft.doc, settings, shapes.quantities(entry.info.api_version, entry.info.kind))
    if settings.pins:
        pin(doc, settings.pins)
    return BuiltEntry(entry=entry, resource=draft.resource(_file(entry), doc), problems=tuple(draft.problems))


def _check_words(draft: Draft, known: frozenset[str]) -> None:
    """Report words of another kind; `defaults` serve all kinds, so what comes from there alone is passed over."""
    entry = draft.entry
    if entry.words.keys() <= known:
        return
    for word in sorted(entry.words.keys() - known - entry.defaulted):
        owners = [kind for kind, words in MODEL_KINDS.items() if word in words]
        if not owners:
            continue  # no word at all: the catalog's schema has a finding for it
        draft.problems.append(
            EntryFinding(
                Finding(
                    rule="catalog/word-not-for-kind",
                    path=(word,),
                    message=f"{entry.info.kind} has no word {word}",
                    hint=_INSTEAD.get((entry.info.kind, word), f"It is a word of {', '.join(owners)}."),
                    at_key=True,
                )
            )
        )


_INSTEAD = {
    ("LLMInferenceService", "storageUri"): "Write model: hf://owner/model instead.",
    ("LLMInferenceService", "minReplicas"): "Write replicas, or scaling: {minReplicas: …} instead.",
    ("LLMInferenceService", "maxReplicas"): "Write scaling: {maxReplicas: …} instead.",
    ("InferenceService", "replicas"): "Write minReplicas and maxReplicas instead.",
    ("InferenceService", "router"): "Set kind: LLMInferenceService, which has a router.",
}


def _file(entry: Entry) -> str:
    folder = f"{entry.info.folder}/{entry.namespace}" if entry.info.namespaced else entry.info.folder
    return f"{folder}/{entry.info.kind.lower()}-{entry.name}.yaml"
