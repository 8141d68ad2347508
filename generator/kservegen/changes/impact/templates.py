"""What KServe makes of an object before and after a change in; the roles whose pod templates differ, and where, out.

A workload replaces its pods when its template is another one, and then only. Controllers write a template as they make
it, but for LLM services (KServe v0.19.0 and v0.20.0, pkg/controller/v1alpha2/llmisvc): of labels and annotations only
those count that are added or are others, the image of a storage initializer stays, and so does the configuration of a
running scheduler where the service states none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.changes.plan.fields import DifferingPlace, find_places
from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.quantity import canonical, parse_quantity
from kservegen.core.resource import Resource
from kservegen.kserve.controllers.llm.scheduler_config import CONFIG_TEXT
from kservegen.kserve.controllers.made import KSERVE, STORED, Made, source_of
from kservegen.kserve.controllers.running import PodTemplate, pod_templates

_LLM: Final = "LLMInferenceService"
_SCHEDULER: Final = "scheduler"
_METADATA: Final = frozenset({"labels", "annotations"})
# Maps of amounts, and single amounts.
_AMOUNTS: Final = frozenset({"requests", "limits", "sizeLimit", "divisor"})
# A label of the pods of an InferenceService that span nodes: metadata.generation, which any change of the spec moves.
_GENERATION: Final = "isvc.generation"


class TemplateSource(NamedTuple):
    """Where a field that differs comes from on each side, as `source_of` has it; empty where it is not there."""

    old: Path
    new: Path


class ReplacedPods(NamedTuple):
    """The roles whose pods are replaced, and the sources of what differs in their templates.

    `stuck` names the Deployments whose selector would change: the API server refuses the update, and their pods stay.
    """

    roles: frozenset[str] = frozenset()
    sources: tuple[TemplateSource, ...] = ()
    stuck: tuple[str, ...] = ()


class MadeSide(Struct, frozen=True):
    """An object as it is stored, and what is made of it."""

    stored: Resource
    made: Made


def replaced_pods(old: MadeSide, new: MadeSide) -> ReplacedPods:
    """Compare the templates of what runs on both sides."""
    if old.made is new.made and old.stored.spec == new.stored.spec:
        return ReplacedPods()
    before = _by_role(old)
    roles: set[str] = set()
    stuck: list[str] = []
    sources: dict[TemplateSource, None] = {}
    is_llm = new.stored.kind == _LLM
    for key, after in _by_role(new).items():
        was = before.get(key)
        if was is None:
            continue
        if was.kind != after.kind and not is_llm:
            continue  # another deployment mode, which KServe refuses
        if (was.kind, was.name) == (after.kind, after.name) and was.selector != after.selector:
            stuck.append(after.name)
            continue
        found = [] if was.kind == after.kind else [_ANOTHER_KIND]
        found += _differences(was, after, is_llm=is_llm)
        if _has_generation(after.template) and old.stored.spec != new.stored.spec:
            found.append(_WHOLE_SPEC)
        if found:
            roles.add(after.role)
            sources |= dict.fromkeys(found)
    return ReplacedPods(frozenset(roles), tuple(sources), tuple(stuck))


_WHOLE_SPEC: Final = TemplateSource((STORED, "spec"), (STORED, "spec"))
# A Deployment in the place of a group of nodes, or the other way.
_ANOTHER_KIND: Final = TemplateSource((KSERVE,), (KSERVE,))


def _by_role(side: MadeSide) -> dict[tuple[str, int], PodTemplate]:
    """Find templates by role; canaries, which share one, by their order too."""
    found: dict[tuple[str, int], PodTemplate] = {}
    for template in pod_templates(side.stored.doc, side.made):
        found[template.role, sum(1 for role, _ in found if role == template.role)] = template
    return found


def _differences(old: PodTemplate, new: PodTemplate, *, is_llm: bool) -> Iterator[TemplateSource]:
    if old.template == new.template:
        return
    before, after = old.template, new.template
    if is_llm and new.role == _SCHEDULER:
        after = _with_running_config(old, new)
    for found in find_places(before, after):
        if _is_same_amount(found, before, after) or (is_llm and _is_kept(found)):
            continue
        for old_path, new_path in _each(found, before, after):
            yield TemplateSource(
                source_of(old_path, old.origins) if old_path else (),
                source_of(new_path, new.origins) if new_path else (),
            )


def _each(found: DifferingPlace, before: JsonObject, after: JsonObject) -> Iterator[tuple[Path, Path]]:
    """Yield where a difference stands on each side; of a map that comes or goes, each of its keys."""
    if not found.old:
        keys = mapping(value_at(after, found.new))
        yield from (((), (*found.new, key)) for key in keys) if keys else (((), found.new),)
    elif not found.new:
        keys = mapping(value_at(before, found.old))
        yield from (((*found.old, key), ()) for key in keys) if keys else ((found.old, ()),)
    else:
        yield found.old, found.new


def _is_same_amount(found: DifferingPlace, before: JsonObject, after: JsonObject) -> bool:
    """Whether two amounts are spelt otherwise, which the API server writes alike."""
    if not (found.old and found.new) or _AMOUNTS.isdisjoint(map(str, found.new[-2:])):
        return False
    old, new = value_at(before, found.old), value_at(after, found.new)
    if not isinstance(old, str | int | float) or not isinstance(new, str | int | float):
        return False
    return None not in (parse_quantity(old), parse_quantity(new)) and canonical(old) == canonical(new)


def _is_kept(found: DifferingPlace) -> bool:
    """Whether the controller of LLM services does not update what runs for a difference."""
    if not found.new:
        return "metadata" in found.old and not _METADATA.isdisjoint(map(str, found.old))
    return bool(found.old) and "initContainers" in found.new and found.new[-1] == "image"


def _with_running_config(old: PodTemplate, new: PodTemplate) -> JsonObject:
    """Put the configuration of the running scheduler into a template that has KServe's own."""
    spec = mapping(new.template.get("spec"))
    before = sequence(mapping(old.template.get("spec")).get("containers"))
    running: JsonValue = next((found for found in map(_config, before) if found is not None), None)
    containers: list[JsonValue] = list(sequence(spec.get("containers")))
    for number, container in enumerate(containers):
        args = sequence(mapping(container).get("args"))
        if running is None or CONFIG_TEXT not in args[:-1]:
            continue
        at = args.index(CONFIG_TEXT) + 1
        if source_of(("spec", "containers", number, "args", at), new.origins)[0] == KSERVE:
            words: list[JsonValue] = [*args[:at], running, *args[at + 1 :]]
            configured: JsonObject = {**mapping(container), "args": words}
            containers[number] = configured
    changed: JsonObject = {**spec, "containers": containers}
    return {**new.template, "spec": changed}


def _config(container: JsonValue) -> JsonValue:
    args = sequence(mapping(container).get("args"))
    return args[args.index(CONFIG_TEXT) + 1] if CONFIG_TEXT in args[:-1] else None


def _has_generation(template: JsonObject) -> bool:
    return _GENERATION in mapping(mapping(template.get("metadata")).get("labels"))
