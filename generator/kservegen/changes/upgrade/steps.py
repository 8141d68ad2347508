"""The order of an upgrade: CRDs, controllers, runtimes and presets, then models; each step before what needs it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.changes.upgrade.model import Note, Topic, UpgradeStep, permit_name
from kservegen.changes.upgrade.split import OLD_RELEASE, is_before_split, protect
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import ENVIRONMENTS_FOLDER
from kservegen.formats.yaml.emit import emit
from kservegen.render.objects.charts import (
    CACHE_RESOURCES,
    CRD,
    LLM_CRD,
    LLM_RESOURCES,
    RESOURCES,
    RUNTIME_CONFIGS,
    PlannedCharts,
)
from kservegen.render.objects.settings import promises_of

_CHARTS: Final = "oci://ghcr.io/kserve/charts"
_KEEP_NOT: Final = "helm.sh/resource-policy-"


def steps(
    environment: ResolvedEnvironment,
    platform: PlannedCharts,
    notes: Iterable[Note],
    permit: JsonObject,
    *,
    before: str,
    after: str,
) -> Iterator[UpgradeStep]:
    """List what to do in one environment, in order; `permit` are the words of the one that it takes, if any.

    Charts of `platform` that somebody else has installed are theirs to upgrade.
    """
    used = platform.without(promises_of(environment)).names
    moves = is_before_split(before) and bool(used)
    engine = environment.text("gitops", "engine") or "none"
    by_helm = moves or engine == "none"
    if moves:
        yield from protect(used, platform.namespace, before=before)
    if permit:
        yield _permit(environment.name, permit, after)
    yield from _back_up(notes)
    if theirs := [name for name in platform.names if name not in used]:
        yield UpgradeStep(
            title=f"Have {', '.join(theirs) if used else 'KServe'} upgraded to {after} by whoever installed it",
            why="The environment says that others have installed it. What follows needs what it brings.",
        )
    yield _render(environment, after, engine, origin=before if moves else "", syncs=bool(used) and not by_helm)
    if by_helm:
        yield from _by_helm(environment, used, after, moves=moves)
    if engine == "none":
        folder = f"rendered/{environment.name}/models"
        yield UpgradeStep(
            title="Apply the models", commands=(f"kubectl apply --server-side --recursive --filename {folder}",)
        )
    elif moves:
        yield UpgradeStep(
            title=f"Merge what was rendered: {ENGINES[engine].title} takes over",
            why="It finds everything in place.",
            merges=True,
        )
    if moves:
        yield UpgradeStep(
            title="Let the new release have the runtimes",
            why="Only now may helm delete a runtime that its chart drops. CRDs stay kept, whatever is uninstalled.",
            commands=(f"kubectl annotate clusterservingruntimes --all {_KEEP_NOT}",),
        )
    kinds = "inferenceservices,llminferenceservices" if LLM_RESOURCES in platform.names else "inferenceservices"
    yield UpgradeStep(
        title="Look",
        commands=(f"kubectl get pods --namespace {platform.namespace}", f"kubectl get {kinds} --all-namespaces"),
    )


def closing(names: Sequence[str], after: str) -> UpgradeStep:
    """Return the last step of all: what only the way took goes again; `names` are those asked for, none for all."""
    return UpgradeStep(
        title=f"When all of them run {after}: take permits of the upgrade away, state the version in one place",
        why="Nothing that runs changes.",
        commands=(f"kservegen upgrade {' '.join((*names, '--to'))} {after} --tidy",),
        merges=True,
    )


def _permit(name: str, words: JsonObject, after: str) -> UpgradeStep:
    options = f"--owner {shlex.quote(text(words.get('owner')))} --until {text(words.get('expires'))}"
    return UpgradeStep(
        title="Merge a permit first, in a change of its own",
        why="The upgrade is more than guards of the environment let pass, and no change permits itself.",
        commands=(f"kservegen upgrade {name} --to {after} --write-permit {options}",),
        merges=True,
        file=f"{ENVIRONMENTS_FOLDER}/{name}.yaml",
        text=emit({"permits": {permit_name(after): words}}),
    )


def _back_up(notes: Iterable[Note]) -> Iterator[UpgradeStep]:
    crds = [name for note in notes if note.topic is Topic.CRDS for name in note.subjects]
    if crds:
        yield UpgradeStep(
            title="Save the objects of the CRDs that go",
            why="No CRD goes without its objects; a file that holds no items says that there are none.",
            commands=tuple(
                f"kubectl get {name} --all-namespaces --output yaml > {name.partition('.')[0]}.yaml" for name in crds
            ),
        )


def _by_helm(
    environment: ResolvedEnvironment, used: tuple[str, ...], after: str, *, moves: bool
) -> Iterator[UpgradeStep]:
    order, namespace = _migration_order(used) if moves else used, environment.kserve_namespace
    for name in order:
        release = (
            OLD_RELEASE if moves and name == RESOURCES else environment.text("kserve", "releaseNames", name) or name
        )
        values = f" --values rendered/{environment.name}/platform/values/{name}.yaml" if "-crd" not in name else ""
        yield UpgradeStep(
            title=f"Upgrade {name}",
            why=_why(name, moves=moves),
            commands=(
                f"helm upgrade --install {release} {_CHARTS}/{name} --version {after} --namespace {namespace}{values}"
                + (" --wait" if "-crd" not in name else ""),
            ),
        )


def _migration_order(used: tuple[str, ...]) -> tuple[str, ...]:
    """CRDs, then runtimes and presets, then controllers: the old release drops the runtimes when it is upgraded."""
    place = {RUNTIME_CONFIGS: 1, RESOURCES: 2, CACHE_RESOURCES: 3, LLM_RESOURCES: 3}
    return tuple(sorted(used, key=lambda name: place.get(name, 0)))


def _why(name: str, *, moves: bool) -> str:
    if name in {CRD, LLM_CRD}:
        return "First what the controller reads: it must know the new fields before it runs."
    if name == RUNTIME_CONFIGS and moves:
        return "Before the controller: its upgrade drops the runtimes from the old release."
    if name == RESOURCES and moves:
        return f"Under its old release name, {OLD_RELEASE}: a new one would find everything owned by the old."
    if name == LLM_RESOURCES:
        return "Its values leave the shared objects to kserve-resources."
    return ""


def _render(environment: ResolvedEnvironment, after: str, engine: str, *, origin: str, syncs: bool) -> UpgradeStep:
    """State and render the version; `origin` is the one from before the split, if any, `syncs` that charts follow."""
    order = "CRDs, controllers, runtimes and presets, then models"
    words = f"kserve.version: {after}"
    if origin:
        words += f" and kserve.releaseNames: {{{RESOURCES}: {OLD_RELEASE}}}"
    waits = bool(origin) and engine != "none"
    return UpgradeStep(
        title=f"Set {words}, render{'; do not merge yet' if waits else ', and merge'}",
        why=f"{ENGINES[engine].title} syncs the layers in order: {order}." if syncs else "",
        commands=(
            f"kservegen upgrade {environment.name} --to {after}{f' --from {origin}' if origin else ''} --write",
            f"kservegen render {environment.name}",
        ),
        merges=not waits,
    )
