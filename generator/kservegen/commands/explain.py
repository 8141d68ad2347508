"""Where each field of a model comes from, leaf by leaf, beside the line that wrote it; and what serves the model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from msgspec import Struct

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import Entry, ResolvedEnvironment, resolve_environment
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.merged import merged
from kservegen.checks.rules.view import models_of, selection_of
from kservegen.commands.field_source import FieldSources
from kservegen.commands.made_summary import MadeSummary, make_stored, summarise_made
from kservegen.core.diagnostics import Finding, Location
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonValue, Path, format_path
from kservegen.core.resource import Resource
from kservegen.core.secrets import HiddenSecrets
from kservegen.core.suggest import suggest_entry
from kservegen.evaluate.environment import build_objects, build_one, default_environment
from kservegen.evaluate.project import Project
from kservegen.kserve.presets import presets_for
from kservegen.kserve.runtimes.advice import obstacle_reason, why_chosen, why_not
from kservegen.render.objects.settings import Settings

_LISTED: Final = 20


class ExplainedField(Struct, frozen=True, kw_only=True):
    """One field of the object: its path, its value, the layer and the line it comes from."""

    path: str
    value: JsonValue
    layer: str
    location: Location


class Serving(Struct, frozen=True, kw_only=True):
    """Which runtime serves a model and why; `runtime` is blank where none does.

    `path` is the model's place in the object; `others` are the other runtimes for its format, with a clause each that
    says why it is not them.
    """

    path: str
    runtime: str
    kind: str
    why: str
    others: tuple[tuple[str, str], ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """What one entry becomes in one environment, field by field, and what serves it.

    `presets` are the configurations that KServe lays under an LLM service; `made` is what its controllers make, None
    where they make nothing of it.
    """

    environment: str
    subject: str
    file: str
    layers: tuple[str, ...]
    fields: tuple[ExplainedField, ...]
    serving: tuple[Serving, ...] = ()
    presets: tuple[str, ...] = ()
    made: MadeSummary | None = None


def explain_entry(project: Project, environment: str, key: str) -> Explanation:
    """Explain the entry called `key` (or namespace/name); GeneratorError where the environment has none."""
    name = project.choose_one(environment)
    resolved, _ = resolve_environment(project.catalog, name)
    entry = find_entry(project.catalog, resolved, key)
    resource = build_one(resolved, entry, project.tools)
    built = build_objects(resolved, project.tools)
    context = None if isinstance(built, Finding) else default_environment(built, project.tools).context
    defaulted = context.resources.get(resource.id, resource) if context else resource
    made = make_stored(defaulted, context) if context else None
    return Explanation(
        environment=name,
        subject=str(resource.id),
        file=f"{name}/{resource.file}",
        layers=tuple(_layers(entry)),
        fields=tuple(_fields(entry, resource, resolved)),
        serving=tuple(_serving(defaulted, context)) if context else (),
        presets=tuple(_presets(defaulted, context)) if context else (),
        made=None if made is None or context is None else summarise_made(made, _scheme(context)),
    )


def _scheme(context: Context) -> str:
    """Return what URLs begin with where KServe's ConfigMap says so."""
    installed = context.installation
    return (installed.settings().text("ingress", "urlScheme") if installed is not None else "") or "http"


def _serving(resource: Resource, context: Context) -> Iterator[Serving]:
    if resource.kind != "InferenceService":
        return
    for path, _, request in models_of(resource, context):
        selection = selection_of(request, context)
        chosen = selection.chosen
        why = why_chosen(selection)
        if chosen is None and selection.obstacle is not None:
            named = selection.candidates[0].runtime if selection.candidates else None
            why = f"{request.runtime or (named and named.name)} "
            why += obstacle_reason(named, selection.obstacle, selection) if named else "is not there"
        yield Serving(
            path=format_path(path),
            runtime=chosen.name if chosen else "",
            kind=chosen.kind if chosen else "",
            why=why,
            others=why_not(selection),
        )


def _presets(resource: Resource, context: Context) -> Iterator[str]:
    if resource.kind == "LLMInferenceService":
        yield from (preset.name for preset in presets_for(merged(resource, context).spec))


def find_entry(catalog: Catalog, environment: ResolvedEnvironment, key: str) -> Entry:
    """Return the entry called `key`, a name or namespace/name; GeneratorError where the environment has none.

    An entry that lives elsewhere is told with where that is, since no other name was meant.
    """
    entry = match_entry(environment, key)
    if entry is not None:
        return entry
    homes = homes_of(catalog, key, (environment.name,))
    if homes:
        raise GeneratorError(f"{key} does not live in {environment.name}", hint=lives_in(homes))
    if any(key == definition.key for definition in catalog.definitions.values()):
        raise GeneratorError(
            f"{key} does not live in {environment.name}",
            hint="It lives in no environment: look at its environments, and for null in their files.",
        )
    hint = suggest_entry(key, (entry.key for entry in environment.entries), "It holds")
    raise GeneratorError(f"there is no {key} in {environment.name}", hint=hint)


def homes_of(catalog: Catalog, key: str, apart_from: Collection[str] = ()) -> list[str]:
    """List the environments that hold an entry called `key`; those that cannot be read are left out."""
    others = [name for name in catalog.environments if name not in {*apart_from, *catalog.unreadable}]
    return [name for name in others if match_entry(resolve_environment(catalog, name)[0], key) is not None]


def lives_in(homes: Sequence[str]) -> str:
    """Say in a sentence where an entry lives."""
    more = f" and {len(homes) - _LISTED:,} more" if len(homes) > _LISTED else ""
    return f"It lives in {', '.join(homes[:_LISTED])}{more}."


def match_entry(environment: ResolvedEnvironment, key: str) -> Entry | None:
    """Return the entry called `key`, a name or namespace/name; None where the environment has none."""
    called = (e for e in environment.entries if key in {e.key, e.name, f"{e.namespace}/{e.name}"})
    return next(called, None)


def _layers(entry: Entry) -> Iterator[str]:
    for fragment in entry.fragments:
        place = fragment.document.source.key(fragment.path)
        if isinstance(fragment.value, dict) and fragment.value:
            yield f"{_layer(fragment.name, entry)} ({place.file}:{place.line})"


def _layer(name: str, entry: Entry) -> str:
    return entry.key if name == "entry" else name


def _fields(entry: Entry, resource: Resource, environment: ResolvedEnvironment) -> Iterator[ExplainedField]:
    secrets = HiddenSecrets(resource.doc)
    sources = FieldSources(entry=entry, resource=resource, environment=environment, settings=Settings.of(environment))
    for path, value in _leaves(resource.doc, ()):
        layer, location = sources.of(path, value)
        yield ExplainedField(path=format_path(path), value=secrets.mask(value, path), layer=layer, location=location)


def _leaves(value: JsonValue, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value
