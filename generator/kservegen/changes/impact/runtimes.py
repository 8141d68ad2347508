"""Which runtimes change, and where in a model that they serve it shows: two sides in, causes out.

Source: KServe v0.19.0 and v0.20.0, pkg/controller/v1beta1/inferenceservice/controller.go. The controller watches
runtimes: an update of a spec reconciles the services whose status names that runtime, unless their annotation
`serving.kserve.io/disable-auto-update` keeps them out once they are ready. A runtime that is made or removed reconciles
nobody, so a model goes over to another one only when KServe next looks at the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.catalog.merge import MERGE_KEYS, merge_values
from kservegen.changes.impact.comparing import differences
from kservegen.changes.impact.effective import RUNTIME_KINDS, ImpactScene
from kservegen.changes.impact.model import Cause
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.charts.model import Chart, KeyPath, effective
from kservegen.kserve.charts.runtimes import Runtime
from kservegen.kserve.workloads import SERVING_CONTAINER

_CHART: Final = "kserve-runtime-configs"
_SHARED: Final[KeyPath] = ("kserve", "servingruntime")
_VERSION: Final[KeyPath] = ("kserve", "version")
_PLACEHOLDER: Final[KeyPath] = (*_SHARED, "modelNamePlaceholder")
_MULTI_NODE_KEY: Final = "huggingfaceserver_multinode"
_OPT_OUT: Final = "serving.kserve.io/disable-auto-update"
# What decides whom a runtime serves, or is for ModelMesh: no text of pods.
_CHOOSING: Final = frozenset(
    {
        "builtInAdapter",
        "disabled",
        "grpcDataEndpoint",
        "grpcEndpoint",
        "httpDataEndpoint",
        "multiModel",
        "protocolVersions",
        "replicas",
        "storageHelper",
        "supportedModelFormats",
    }
)
# Who is told what (inference_service_defaults.go, SetRuntimeDefaults; `{{.Annotations.modelFormat}}`).
_TOLD: Final = {
    "modelFormat": ("kserve-mlserver", "kserve-predictiveserver"),
    "protocolVersion": ("kserve-torchserve",),
}
_TOLD_SERVERS: Final = {"modelFormat": ("mlserver",), "protocolVersion": ("torchserve",)}
_SERVERS: Final = {"kserve-mlserver": "mlserver", "kserve-torchserve": "torchserve"}
_CLASSES: Final = frozenset({"xgboost", "lightgbm", "mlflow"})
_SERVER_TYPE: Final = "serving.kserve.io/server-type"
_MODEL: Final[Path] = ("spec", "predictor", "model")
_CHOICES: Final = frozenset({"modelFormat", "protocolVersion", "runtime"})
_LATER = "when KServe next looks at the model, at the latest when its controller restarts"
_KEPT_OUT = f"annotation {_OPT_OUT} keeps a ready model as it is until its next own change"

_IMAGE: Final[Path] = ("spec", "containers", 0, "image")


class _Change(NamedTuple):
    """What changes in a runtime: paths of the object, or values of the chart. `tag_only`: of its image only the tag."""

    paths: tuple[Path, ...]
    doc: JsonObject
    tag_only: bool = False


class Runtimes:
    """The runtimes on both sides of a change; cheap where nothing of them changed."""

    def __init__(self, before: ImpactScene, after: ImpactScene) -> None:
        self._before, self._after = before, after
        self._known: dict[ResourceId, _Change] = {}
        self.any_changed = self._is_chart_changed() or any(self._changed_objects())

    def causes(self, subject: ResourceId) -> Iterator[Cause]:
        """Say why a model restarts because of what serves it."""
        old, new = self._before[subject], self._after[subject]
        was, now = self._chosen(self._before, old), self._chosen(self._after, new)
        if was is None or now is None:
            return  # KServe's controller leaves the pods of a model that nothing serves as they are
        if was != now:
            yield self._moved(was, now, old, new)
            return
        told = [path for path in _choices(old, new) if self._is_told(now, path)]
        if told:
            yield Cause(paths=tuple(map(format_path, told)), note=f"{now.name} is told of it")
        changed = self._changed_below(now, new)
        if changed is not None:
            yield changed

    def relabels(self, subject: ResourceId) -> bool:
        """Whether the runtimes of two kinds of servers label a model otherwise: all its components bear the label."""
        old, new = self._before[subject], self._after[subject]
        labels = [
            self._label(self._chosen(scene, resource), resource, scene)
            for scene, resource in ((self._before, old), (self._after, new))
        ]
        return labels[0] != labels[1]

    @staticmethod
    def _label(identity: ResourceId | None, resource: Resource, scene: ImpactScene) -> tuple[str, str]:
        """Return the label that KServe gives a model for its server: of MLServer a class, of TorchServe an envelope."""
        if identity is None:
            return "", ""
        written = scene.side.resources.get(identity)
        said = written.annotations.get(_SERVER_TYPE) if written is not None else None
        server = said or _SERVERS.get(identity.name, "")
        model = mapping(_predictor(resource).get("model"))
        if server == "mlserver":
            name = text(mapping(model.get("modelFormat")).get("name"))
            return "modelClass", name if name in _CLASSES else "sklearn"
        if server == "torchserve":
            return "serviceEnvelope", "v2" if model.get("protocolVersion") in {"v2", "grpc-v2"} else "v1"
        return "", ""

    def _changed_below(self, now: ResourceId, new: Resource) -> Cause | None:
        paths = [path for path in self._change(now).paths if self._reaches(path, now, new)]
        if not paths:
            return None
        kept_out = text(new.annotations.get(_OPT_OUT)) == "true"
        return Cause(
            through=str(now),
            paths=tuple(format_path(path) for path in paths),
            certain=not kept_out,
            note=_KEPT_OUT if kept_out else "",
        )

    def _chosen(self, scene: ImpactScene, resource: Resource) -> ResourceId | None:
        selection = scene.selection(resource, _predictor(resource))
        chosen = selection.chosen if selection is not None else None
        return ResourceId(chosen.kind, chosen.namespace, chosen.name) if chosen is not None else None

    def _moved(self, was: ResourceId, now: ResourceId, old: Resource, new: Resource) -> Cause:
        """Tell of another runtime: at once where the model or the runtime that it leaves is updated, else some day."""
        through = f"{was} -> {now.kind} {now.name}"
        asked = _choices(old, new)
        updated = bool(asked) or self._is_updated(was)
        paths = tuple(format_path(path) for path in asked)
        return Cause(through=through, paths=paths, certain=updated, note="" if updated else _LATER)

    def _is_told(self, identity: ResourceId, path: Path) -> bool:
        """Whether what chooses a runtime is handed on to this one: as a class, as arguments, as an envelope."""
        word = path[3]
        resource = self._after.side.resources.get(identity)
        if resource is None:
            return identity.name in _TOLD.get(str(word), ())
        server = resource.annotations.get(_SERVER_TYPE)
        reads_format = word == "modelFormat" and "{{.Annotations.modelFormat}}" in str(resource.doc)
        return reads_format or server in _TOLD_SERVERS.get(str(word), ())

    def _is_updated(self, identity: ResourceId) -> bool:
        """Whether a runtime is there on both sides with another spec."""
        if identity not in self._before.runtimes or identity not in self._after.runtimes:
            return False
        return bool(self._change(identity).paths) or (self._before.runtimes[identity] != self._after.runtimes[identity])

    def _reaches(self, path: Path, runtime: ResourceId, resource: Resource) -> bool:
        """Whether a change of a runtime shows in a model's pods: what the model says itself stands over it."""
        predictor = _predictor(resource)
        word = path[1] if len(path) > 1 else ""
        if word in _CHOOSING:
            return False
        if word == "workerSpec":
            return predictor.get("workerSpec") is not None
        if path[0] != "spec" or word != "containers" or len(path) < 4:
            return not _is_overridden(predictor, path[1:], mapping(self._change(runtime).doc.get("spec")))
        change = self._change(runtime)
        containers = sequence(mapping(change.doc.get("spec")).get("containers"))
        index = path[2] if isinstance(path[2], int) else 0
        name = mapping(containers[index]).get("name") if index < len(containers) else ""
        if containers and name != SERVING_CONTAINER:
            return True
        model = mapping(predictor.get("model"))
        if path[3] == "image" and change.tag_only and model.get("runtimeVersion"):
            return False
        return not _is_overridden(model, path[3:], mapping(containers[index]) if index < len(containers) else {})

    def _change(self, identity: ResourceId) -> _Change:
        known = self._known.get(identity)
        if known is None:
            known = self._known[identity] = self._compare(identity)
        return known

    def _compare(self, identity: ResourceId) -> _Change:
        old, new = (scene.side.resources.get(identity) for scene in (self._before, self._after))
        if old is not None and new is not None:
            if old is new:
                return _Change((), new.doc)
            paths = tuple(differences(old.doc.get("spec"), new.doc.get("spec"), ("spec",)))
            return _Change(paths, new.doc, _is_tag_only(old.doc, new.doc))
        if old is not None or new is not None:
            return _Change((("spec",),), (new or old).doc)  # type: ignore[union-attr]
        return self._compare_charts(identity.name)

    def _compare_charts(self, name: str) -> _Change:
        old, new = (_of_chart(scene, name) for scene in (self._before, self._after))
        paths: list[Path] = [_IMAGE] if old.image != new.image else []
        paths += [key for key in {**old.values, **new.values} if old.values.get(key) != new.values.get(key)]
        tag_only = old.image[0] == new.image[0]
        return _Change(tuple(paths), {}, tag_only)

    def _is_chart_changed(self) -> bool:
        before, after = self._before.side, self._after.side
        if before.release.version != after.release.version:
            return True
        return before.values.get(_CHART) != after.values.get(_CHART)

    def _changed_objects(self) -> Iterator[ResourceId]:
        before, after = self._before.side.resources, self._after.side.resources
        for identity in {**before, **after}:
            if identity.kind in RUNTIME_KINDS and before.get(identity) is not after.get(identity):
                yield identity


class _Installed(NamedTuple):
    """A runtime of the chart: its image (repository, tag) and what else the values say of it."""

    image: tuple[JsonValue, JsonValue]
    values: dict[Path, JsonValue]


def _of_chart(scene: ImpactScene, name: str) -> _Installed:
    runtime, chart = scene.side.release.runtimes.runtimes.get(name), scene.side.release.charts.by_name.get(_CHART)
    values = scene.side.values.get(_CHART)
    if runtime is None or chart is None or values is None:
        return _Installed((None, None), {})
    tag = effective(chart, values, runtime.tag_path) or effective(chart, values, _VERSION)
    repository = effective(chart, values, runtime.image_path)
    return _Installed((repository, f"{tag}{runtime.tag_suffix}"), dict(_other_values(chart, values, runtime)))


def _other_values(chart: Chart, values: JsonObject, runtime: Runtime) -> Iterator[tuple[Path, JsonValue]]:
    keys = {runtime.values_key} | ({_MULTI_NODE_KEY} if runtime.multi_node else set())
    read = {runtime.image_path, runtime.tag_path, runtime.disabled_path}
    for path, key in chart.keys.items():
        ours = path == _PLACEHOLDER or (path[:2] == _SHARED and len(path) > 2 and path[2] in keys)
        if ours and key.live and path not in read:
            value = effective(chart, values, path)
            whole = isinstance(value, dict) and isinstance(key.default, dict)
            yield path, merge_values(key.default, value) if whole else value  # type: ignore[arg-type]


def _choices(old: Resource, new: Resource) -> list[Path]:
    """List what a model says otherwise than before to choose its runtime."""
    models = [_predictor(resource).get("model") for resource in (old, new)]
    return [path for path in differences(models[0], models[1], _MODEL) if len(path) > 3 and path[3] in _CHOICES]


def _is_tag_only(old: JsonObject, new: JsonObject) -> bool:
    before, after = (_serving_image(doc) for doc in (old, new))
    return "@" not in before + after and before.rpartition(":")[0] == after.rpartition(":")[0]


def _serving_image(doc: JsonObject) -> str:
    containers = (mapping(item) for item in sequence(mapping(doc.get("spec")).get("containers")))
    return text(next((c.get("image") for c in containers if c.get("name") == SERVING_CONTAINER), ""))


def _is_overridden(words: JsonObject, path: Path, base: JsonObject) -> bool:
    """Whether a model says itself what its runtime, `base`, says at a path: merged as KServe merges the two."""
    word = path[0] if path else ""
    if word == "args" or not isinstance(word, str):
        return False  # arguments are added to the runtime's
    own = words.get(word)
    if isinstance(own, dict):
        return len(path) > 1 and _is_overridden(own, path[1:], mapping(base.get(word)))
    if isinstance(own, list):
        return word == "command" or _names_item(own, sequence(base.get(word)), word, path)
    return own is not None and own != ""


def _names_item(own: JsonArray, base: JsonArray, word: str, path: Path) -> bool:
    """Whether a list that is merged by a key has an item of its own for the one that changes."""
    keys = MERGE_KEYS.get(word)
    index = path[1] if len(path) > 1 else None
    if keys is None or not isinstance(index, int) or index >= len(base):
        return False
    wanted = [mapping(base[index]).get(key, usual) for key, usual in keys]
    return any([mapping(item).get(key, usual) for key, usual in keys] == wanted for item in own)


def _predictor(resource: Resource) -> JsonObject:
    return mapping(resource.spec.get("predictor"))
