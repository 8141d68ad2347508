"""The words of one workload (predictor, transformer, worker, ...) placed into its container and its pod."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from kservegen.catalog.field_mapping import CONTAINER, POD
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path
from kservegen.core.suggest import did_you_mean
from kservegen.render.objects.draft import Draft
from kservegen.render.objects.settings import Settings


def container_of(draft: Draft, words: JsonObject, base: Path, built: Path, *, shell: bool = False) -> JsonObject:
    """Return the container fields that `words` hold; `shell` quotes arguments for one more round of shell parsing."""
    container: JsonObject = {}
    for word, value in words.items():
        if word in CONTAINER:
            if word == "args" and isinstance(value, dict):
                container[word] = _arguments(draft, value, (*base, word), (*built, word), shell=shell)
            else:
                container[word] = value
                draft.came((*built, word), (*base, word))
    return container


def pod_of(draft: Draft, words: JsonObject, base: Path, built: Path, more: frozenset[str] = frozenset()) -> JsonObject:
    """Return the pod fields that `words` hold, and those of `more`."""
    pod: JsonObject = {}
    for word, value in words.items():
        if word in POD or word in more:
            pod[word] = value
            draft.came((*built, word), (*base, word))
    return pod


def _arguments(draft: Draft, value: JsonObject, words: Path, built: Path, *, shell: bool) -> JsonArray:
    """Write a map of arguments as `--name=value`; true is a bare flag."""
    out: JsonArray = []
    for name, item in value.items():
        flag = name if name.startswith("-") else f"--{name}"
        draft.came((*built, len(out)), (*words, name))
        if item is True:
            out.append(flag)
        elif item is False or isinstance(item, dict | list):
            draft.report(
                "catalog/argument-value",
                (*words, name),
                f"argument {name} cannot be written as a flag",
                seen="false" if item is False else "a map" if isinstance(item, dict) else "a list",
                allowed="text, a number, or true for a bare flag",
                hint="Leave the argument out (null in an environment), name the negative flag, or quote JSON as text.",
            )
        else:
            argument = f"{flag}={item}"
            out.append(shlex.quote(argument) if shell else argument)
    return out


def attach_accelerator(
    draft: Draft,
    settings: Settings,
    words: JsonObject,
    base: Path,
    *,
    container: JsonObject,
    container_path: Path,
    pod: JsonObject,
    pod_path: Path,
) -> None:
    """Add what `accelerator` stands for in this environment; replaces nothing that is written out."""
    wanted = words.get("accelerator")
    if isinstance(wanted, str):
        wanted = {"type": wanted}  # the schema asks for the map, and what it would stand for is judged, too
    if not isinstance(wanted, dict):
        return
    here = (*base, "accelerator")
    kind = wanted.get("type")
    facts = settings.accelerators.get(kind) if isinstance(kind, str) else None
    if not isinstance(facts, dict):
        draft.report(
            "catalog/unknown-accelerator",
            (*here, "type") if "type" in mapping(words["accelerator"]) else here,
            f"this environment has no accelerator {kind}" if kind else "accelerator names no type",
            seen=str(kind or ""),
            allowed=", ".join(settings.accelerators) or "none is defined",
            hint=_accelerator_meant(kind if isinstance(kind, str) else "", settings.accelerators),
            cause=kind if isinstance(kind, str) else "",
        )
        return
    count = wanted.get("count", 1)
    if not isinstance(count, int):
        count = 1  # the schema says what is wrong with it
    resource = facts.get("resource")
    if isinstance(resource, str):
        _add_resource(draft, container, container_path, resource=resource, count=str(count), base=base)
    selector = facts.get("nodeSelector")
    if isinstance(selector, dict) and selector:
        said = pod.get("nodeSelector")
        pod["nodeSelector"] = selector | (said if isinstance(said, dict) else {})
        for key in selector.keys() - (said.keys() if isinstance(said, dict) else set()):
            draft.came((*pod_path, "nodeSelector", key), here)
    _add_tolerations(draft, pod, pod_path, facts.get("tolerations"), here)


_DEFINE: Final = "Define it under accelerators in the environment's file."


def _accelerator_meant(kind: str, known: JsonObject) -> str:
    """Advise on the name of an accelerator that is not there: by letters in any case, by a part, by its GPU."""
    if not known:
        return f"{_DEFINE[:-1]}, or list where the entry lives: environments: [...]."
    wanted = kind.lower()
    same = [name for name, facts in known.items() if wanted in {name.lower(), text(mapping(facts).get("gpu")).lower()}]
    near = same or [name for name in known if wanted and wanted in name.lower()]
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return did_you_mean(kind, known, f"Take one of those, or d{_DEFINE[1:]}")


def _add_resource(draft: Draft, container: JsonObject, built: Path, *, resource: str, count: str, base: Path) -> None:
    here = (*base, "accelerator")
    said = container.get("resources")
    resources: JsonObject = dict(said) if isinstance(said, dict) else {}
    for part in ("requests", "limits"):
        given = resources.get(part)
        amounts: JsonObject = dict(given) if isinstance(given, dict) else {}
        explicit = amounts.get(resource)
        if explicit is not None and str(explicit) != count:
            draft.report(
                "catalog/said-twice",
                (*base, "resources", part, resource),
                f"resources.{part} and {format_path(here)} ask for different numbers of {resource}",
                other=(*here, "count"),
                seen=f"{explicit} and {count}",
                hint="Leave the number to accelerator, or make them equal.",
            )
        elif explicit is None:
            amounts[resource] = count
            draft.came((*built, "resources", part, resource), (*here, "count"))
        resources[part] = amounts
    container["resources"] = resources


def _add_tolerations(draft: Draft, pod: JsonObject, built: Path, more: JsonValue, words: Path) -> None:
    if not isinstance(more, list) or not more:
        return
    said = pod.get("tolerations")
    tolerations: JsonArray = list(said) if isinstance(said, list) else []
    for item in more:
        if item not in tolerations:
            draft.came((*built, "tolerations", len(tolerations)), words)
            tolerations.append(item)
    pod["tolerations"] = tolerations


def workload_pod(
    draft: Draft,
    settings: Settings,
    words: JsonObject,
    base: Path,
    built: Path,
    *,
    name: str,
    more: frozenset[str] = frozenset(),
    shell: bool = False,
) -> JsonObject:
    """Return the pod that `words` hold: its own fields, those of `more`, and the container called `name`."""
    pod = pod_of(draft, words, base, built, more)
    path = serving_path(pod, built, name)
    container = container_of(draft, words, base, path, shell=shell)
    attach_accelerator(draft, settings, words, base, container=container, container_path=path, pod=pod, pod_path=built)
    put_container(draft, pod, built, container, name=name, base=base)
    return pod


def put_container(draft: Draft, pod: JsonObject, built: Path, container: JsonObject, *, name: str, base: Path) -> None:
    """Put flat container words into the pod's container called `name`, which comes first if it is new.

    Origins of the flat words must have been recorded below its path: `serving_path` tells it beforehand.
    """
    listed = pod.get("containers")
    containers: JsonArray = list(listed) if isinstance(listed, list) else []
    index = find_container(containers, name)
    if not container:
        return
    if index is None:
        for at in range(len(containers)):
            draft.came((*built, "containers", at + 1), (*base, "containers", at))
        pod["containers"] = [{"name": name, **container}, *containers]
        return
    path = (*built, "containers", index)
    target: JsonObject = {"name": name, **container}
    known = containers[index]
    if isinstance(known, dict):
        draft.overlay(target, path, {k: v for k, v in known.items() if k != "name"}, (*base, "containers", index))
    containers[index] = target
    pod["containers"] = containers


def serving_path(pod: Mapping[str, JsonValue], built: Path, name: str) -> Path:
    """Return where `put_container` will put the container called `name`."""
    listed = pod.get("containers")
    index = find_container(listed, name) if isinstance(listed, list) else None
    return (*built, "containers", index or 0)


def find_container(containers: JsonArray, name: str) -> int | None:
    """Return the index of the container called `name`; a first one without a name is taken for it."""
    for index, item in enumerate(containers):
        if isinstance(item, dict) and item.get("name", name if index == 0 else "") == name:
            return index
    return None
