"""Installations from before KServe v0.17, whose one chart `kserve` became several: its values, and the way over.

Source: KServe's upgrade guide (migration to the split charts) and the chart tables of this project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kservegen.catalog.merge import merge_values
from kservegen.changes.upgrade.model import CarriedValues, UpgradeStep
from kservegen.core.document import nested, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.charts.model import Chart, Charts, Key, KeyPath
from kservegen.kserve.charts.release import config_owner

# The release that the chart `kserve` was installed as goes on under its name with the chart kserve-resources.
OLD_RELEASE: Final = "kserve"
_SPLIT: Final = (0, 17)
_NEAR: Final = 0.8  # a slip; names of siblings are alike by intent
_RENAMED_MODES: Final = (0, 16)
_VERSION: Final = lazy_pattern(r"v?([0-9]{1,9})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:[-+].*)?")
_VERSIONED: Final[KeyPath] = ("kserve", "version")
_MODE: Final[KeyPath] = ("kserve", "controller", "deploymentMode")
_MODES: Final = {"RawDeployment": "Standard", "Serverless": "Knative"}

_MODELS: Final = "inferenceservices,servingruntimes,trainedmodels,inferencegraphs"
_MODE_COLUMNS: Final = (
    "NAMESPACE:.metadata.namespace,NAME:.metadata.name,MODE:.metadata.annotations.serving\\.kserve\\.io/deploymentMode"
)
_KEEP: Final = "helm.sh/resource-policy=keep"
_LOCAL_MODEL_CRDS: Final = tuple(
    f"{plural}.serving.kserve.io"
    for plural in ("localmodelcaches", "localmodelnamespacecaches", "localmodelnodegroups", "localmodelnodes")
)
_LLM_CRDS: Final = tuple(
    f"{plural}.serving.kserve.io" for plural in ("llminferenceservices", "llminferenceserviceconfigs")
)
_OWNED_BY_CRD_CHART: Final = {
    "kserve-localmodel-crd": _LOCAL_MODEL_CRDS,
    "kserve-llmisvc-crd": _LLM_CRDS,
}


def parse_old_version(version: str) -> tuple[int, int, int] | None:
    """Read `v0.16.0`, with or without the v; None for what is no version."""
    found = _VERSION.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def is_before_split(version: str) -> bool:
    """Whether an installation of this version has the one chart `kserve`."""
    parsed = parse_old_version(version)
    return parsed is not None and parsed[:2] < _SPLIT


def carry(values: JsonObject, charts: Charts, used: Mapping[str, JsonObject], *, before: str) -> CarriedValues:
    """Hand each value of the old chart to those charts in use that read it; what their defaults say is left out.

    `used` are the charts in use with their values. What follows from the environment's own words goes nowhere, and
    neither does a tag that names the old version.
    """
    by_chart: JsonObject = {}
    lost = []
    pinned: dict[str, str] = {}
    in_use = [charts.by_name[name] for name in used if name in charts.by_name]
    owner = config_owner(charts, used)
    for path, value in leaves_of(values, ()):
        known = _follows(path, value, before) or (
            "" if any(_key(c, path) for c in in_use) else _what_is_known(charts, path)
        )
        if known:
            lost.append((".".join(path), known))
            continue
        for chart in in_use:
            key = _key(chart, path)
            # One chart writes the shared objects; the same value in another changes nothing.
            if key is None or key.default == value or (key.feeds and chart.name != owner):
                continue
            by_chart = merge_values(by_chart, {chart.name: nested(path, value)})
            if held := _pin(key, value):
                pinned[".".join(path)] = f"stays at {held}, whatever the version of the chart"
    return CarriedValues(by_chart=by_chart, lost=tuple(lost), pinned=tuple(pinned.items()))


def _pin(key: Key, value: JsonValue) -> str:
    """Return the tag or digest that a value holds an image at; blank where it holds none."""
    written = text(value)
    if key.path[-1] == "tag":
        return written
    _, at, digest = written.partition("@")
    tag = written.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return (digest if at else tag) if key.type == "image" else ""


def _follows(path: KeyPath, value: JsonValue, before: str) -> str:
    """Say what takes the place of a value that is not carried over; blank for one that is."""
    if path == _VERSIONED:
        return "follows kserve.version of the environment"
    if path == _MODE:
        mode = _MODES.get(str(value), str(value))
        return f"write kserve.deploymentMode: {mode} in the environment's file"
    if path[-1] == "tag" and value == before:
        return f"left out: it would hold an image at {before}"
    return ""


def leaves_of(value: JsonValue, path: KeyPath = ()) -> Iterator[tuple[KeyPath, JsonValue]]:
    """Yield every value below one, by path; an empty map is one."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from leaves_of(item, (*path, str(name)))
    elif path:
        yield path, value


def _key(chart: Chart, path: KeyPath) -> Key | None:
    """Return the key that takes a value: the path itself, or the map that it stands in."""
    for end in range(len(path), 0, -1):
        key = chart.keys.get(path[:end])
        if key is not None:
            return key if key.live else None
    return None


def _what_is_known(charts: Charts, path: KeyPath) -> str:
    dotted = ".".join(path)
    for chart in charts.by_name.values():
        meant = chart.mistaken.get(path)
        if meant is not None:
            return f"{chart.name} calls it {'.'.join(meant)}"
        if path in chart.absent:
            return chart.absent[path]
        key = chart.keys.get(path)
        if key is not None and key.inert:
            return key.inert
    readers = charts.readers(path)
    if readers:
        return f"{', '.join(readers)} reads {dotted}, and is not in use here"
    return f"no chart reads it{_near(charts, path)}"


def _near(charts: Charts, path: KeyPath) -> str:
    """Ask whether another name is meant where a path leaves those that charts read; blank where none is near."""
    read = {key[:end] for chart in charts.by_name.values() for key in chart.keys for end in range(len(key) + 1)}
    length = next((end for end in range(len(path)) if path[: end + 1] not in read), None)
    if length is None:
        return ""
    names = sorted(key[length] for key in read if len(key) == length + 1 and key[:length] == path[:length])
    near = did_you_mean(path[length], names, cutoff=_NEAR)
    return f". {near}" if near else ""


def protect(used: tuple[str, ...], namespace: str, *, before: str) -> Iterator[UpgradeStep]:
    """List what has to be done to an installation of the one chart before any of the new ones may come."""
    yield UpgradeStep(
        title="Write down what is installed",
        why="A way back: nothing below deletes models, and mistakes in it would.",
        commands=(
            f"helm list --namespace {namespace}",
            f"helm get values {OLD_RELEASE} --namespace {namespace} --output yaml > kserve-values.yaml",
            f"kubectl get {_MODELS} --all-namespaces --output yaml > models-backup.yaml",
            "kubectl get clusterservingruntimes --output yaml > runtimes-backup.yaml",
        ),
    )
    parsed = parse_old_version(before)
    if parsed is not None and parsed[:2] < _RENAMED_MODES:
        yield UpgradeStep(
            title="Look for objects with the old names of deployment modes",
            why=(
                "v0.16 renamed RawDeployment and Serverless to Standard and Knative. What is rendered has the new"
                " names; other objects keep the old ones, and some with an old name hung while being deleted."
            ),
            commands=(f"kubectl get inferenceservices --all-namespaces --output custom-columns='{_MODE_COLUMNS}'",),
        )
    yield UpgradeStep(
        title="Keep every CRD and runtime through the move",
        why="The old release owns them: it would delete them with the templates that it no longer has.",
        commands=(
            f"kubectl get crd --output name | grep serving.kserve.io | xargs kubectl annotate --overwrite {_KEEP}",
            f"kubectl annotate clusterservingruntimes --all --overwrite {_KEEP}",
        ),
    )
    owners = [
        f"kubectl annotate --overwrite crd {' '.join(crds)} meta.helm.sh/release-name={chart}"
        for chart, crds in _OWNED_BY_CRD_CHART.items()
        if chart in used
    ]
    if "kserve-runtime-configs" in used:
        owners.append(
            "kubectl annotate clusterservingruntimes --all --overwrite meta.helm.sh/release-name=kserve-runtime-configs"
        )
    if owners:
        yield UpgradeStep(
            title="Give them to their new releases",
            why="Helm installs nothing over what another release owns.",
            commands=tuple(owners),
        )
