"""The order of an upgrade: CRDs, controllers, runtimes and presets, then models; each step before what needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.changes.upgrade.model import Note, Topic, UpgradeStep
from kservegen.changes.upgrade.split import OLD_RELEASE, is_before_split, protect
from kservegen.render.objects.charts import CACHE_RESOURCES, CRD, LLM_CRD, LLM_RESOURCES, RESOURCES, RUNTIME_CONFIGS

_CHARTS: Final = "oci://ghcr.io/kserve/charts"
_KEEP_NOT: Final = "helm.sh/resource-policy-"


def steps(
    environment: ResolvedEnvironment, used: tuple[str, ...], notes: Iterable[Note], *, before: str, after: str
) -> Iterator[UpgradeStep]:
    """List what to do in one environment, in order."""
    moves = is_before_split(before)
    engine = environment.text("gitops", "engine") or "none"
    by_helm = moves or engine == "none"
    if moves:
        yield from protect(used, before=before)
    yield from _back_up(notes)
    yield _render(environment, after, engine, merges=not by_helm, before=before)
    if by_helm:
        yield from _by_helm(environment, used, after, moves=moves)
    if engine == "none":
        folder = f"rendered/{environment.name}/models"
        yield UpgradeStep(
            title="Apply the models", commands=(f"kubectl apply --server-side --recursive --filename {folder}",)
        )
    elif moves:
        yield UpgradeStep(
            title=f"Merge what was rendered: {ENGINES[engine].title} takes over", why="It finds everything in place."
        )
    if moves:
        yield UpgradeStep(
            title="Let the new release have the runtimes",
            why="Only now may helm delete a runtime that its chart drops. CRDs stay kept, whatever is uninstalled.",
            commands=(f"kubectl annotate clusterservingruntimes --all {_KEEP_NOT}",),
        )
    kinds = "inferenceservices,llminferenceservices" if LLM_RESOURCES in used else "inferenceservices"
    yield UpgradeStep(
        title="Look",
        commands=("kubectl get pods --namespace kserve", f"kubectl get {kinds} --all-namespaces"),
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
    order = _migration_order(used) if moves else used
    for name in order:
        release = (
            OLD_RELEASE if moves and name == RESOURCES else environment.text("kserve", "releaseNames", name) or name
        )
        values = f" --values rendered/{environment.name}/platform/values/{name}.yaml" if "-crd" not in name else ""
        yield UpgradeStep(
            title=f"Upgrade {name}",
            why=_why(name, moves=moves),
            commands=(
                f"helm upgrade --install {release} {_CHARTS}/{name} --version {after} --namespace kserve{values}"
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


def _render(environment: ResolvedEnvironment, after: str, engine: str, *, merges: bool, before: str) -> UpgradeStep:
    order = "CRDs, controllers, runtimes and presets, then models"
    words = f"kserve.version: {after}"
    origin = ""
    if is_before_split(before):
        words += f" and kserve.releaseNames: {{{RESOURCES}: {OLD_RELEASE}}}"
        origin = f" --from {before}"
    then = ", and merge" if merges else "; do not merge yet" if engine != "none" else ""
    return UpgradeStep(
        title=f"Set {words}, render{then}",
        why=f"{ENGINES[engine].title} syncs the layers in order: {order}." if merges else "",
        commands=(
            f"kservegen upgrade {environment.name} --to {after}{origin} --write",
            f"kservegen render {environment.name}",
        ),
    )
