"""How a model gets into a pod of an LLM service: a pod in hand, the same with its volumes, downloads or sidecar.

Source: workload_storage.go attachModelArtifacts and workload_lora.go; pkg/utils/storage.go for what is shared.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.llm.pods import LlmPod, config_source, stored_source
from kservegen.kserve.controllers.llm.service import DEFAULT_ACCOUNT, LlmAdapter, LlmService
from kservegen.kserve.controllers.local_models import LOCAL_MODEL_LABEL, cached_uri
from kservegen.kserve.controllers.made import CONFIG_MAP, DERIVED, Traced, WithAnother
from kservegen.kserve.controllers.merging import merge, without_empty
from kservegen.kserve.controllers.pods.credentials import Credentials
from kservegen.kserve.controllers.pods.draft import MODEL_MOUNT, MutatedPod, PodLacksError, PodRefusedError
from kservegen.kserve.derived import child_name
from kservegen.kserve.workloads import LLM_CONTAINER

_INITIALIZER: Final = "storage-initializer"
_SECTION: Final = "storageInitializer"
_LORA_PATH: Final = "/mnt/lora"
_PROVISION: Final = "kserve-provision-location"
_CLAIM: Final = "kserve-pvc-source"
_NATIVE: Final = "oci+native"
_FALLBACK: Final = "FallbackToLogsOnError"
_SEPARATOR: Final = "://"
_URI_CHARACTERS: Final = "/:@!$&'()*+,;=-._~%?#[]"
_HF_ENV: Final = (
    ("HF_HUB_ENABLE_HF_TRANSFER", "1"),
    ("HF_XET_HIGH_PERFORMANCE", "1"),
    ("HF_XET_NUM_CONCURRENT_RANGE_GETS", "8"),
)
_TOKENIZER_FILES: Final = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "config.json",
    "generation_config.json",
)  # fmt: skip
_CA_VOLUME: Final = "cabundle-cert"
_CA_PATH: Final = "/etc/ssl/custom-certs"
_GLOBAL_CA: Final = "global-ca-bundle"
_UNSAFE: Final = lazy_pattern(r"[^A-Za-z0-9._-]")
_LORA_FLAG: Final = "--lora-modules"
_SOURCE: Final = stored_source("model", "uri")


class StorageError(Exception):
    """The model cannot be brought into a pod."""


class MissingError(StorageError):
    """For want of an object that no file need hold."""


class _Download(NamedTuple):
    uri: str
    path: str


class StorageTarget(Struct, frozen=True, kw_only=True):
    """The container that gets the model, and where; `account` is the ServiceAccount whose Secrets a download reads.

    None stands for the namespace's default one, which every namespace has.

    `tokenizer_only`: of the model only what a tokenizer needs is downloaded, and adapters are left out.
    """

    container: str = LLM_CONTAINER
    path: str = MODEL_MOUNT
    account: JsonObject | None = None
    tokenizer_only: bool = False


def attach_model(pod: LlmPod, service: LlmService, target: StorageTarget) -> None:
    """Attach the model and its adapters; StorageError where KServe finds no way to."""
    uri = quote(service.uri, safe=_URI_CHARACTERS)
    if _SEPARATOR not in uri:
        raise StorageError(f"invalid model URI, without a scheme: {service.uri}")
    if value_at(service.spec.value, ("storageInitializer", "enabled")) is False:
        return
    if LOCAL_MODEL_LABEL in service.labels:
        capabilities = service.plane.release.capabilities
        uri = cached_uri(uri, {**service.labels}, {**service.annotations}, capabilities) or uri
    container = pod.container(target.container)
    if container is None:
        raise StorageError(f"no container {target.container}")
    _Storage(pod, service, target, container).attach(uri)


class _Storage:
    def __init__(self, pod: LlmPod, service: LlmService, target: StorageTarget, container: JsonObject) -> None:
        self.pod = pod
        self.service = service
        self.settings = service.plane.settings
        self.target = target
        self.container = container
        by_name = sorted(service.adapters, key=lambda adapter: adapter.name)
        self.adapters: list[LlmAdapter] = [] if target.tokenizer_only else by_name

    def attach(self, uri: str) -> None:
        scheme, separator, rest = uri.partition(_SEPARATOR)
        scheme = scheme.lower()  # the field is Go's net/url.URL, which the webhook's rewriting spells so
        uri = f"{scheme}{separator}{rest}"
        downloads: list[_Download] = []
        schemes = self.service.plane.release.capabilities.llm_schemes
        if scheme not in schemes:
            raise StorageError(f"unsupported schema in model URI: {uri}; supported are {', '.join(schemes)}")
        if scheme == "oci" and self.settings.text(_SECTION, "ociModelMode") == "native" and self.knows_native:
            scheme = _NATIVE
        if scheme == "pvc":
            self.claim(_CLAIM, rest, self.target.path, _SOURCE)
        elif scheme == "oci":
            self.modelcar(rest)
        elif scheme != _NATIVE:  # an image volume is dropped by a Kubernetes that has its gate off, as 1.34 has
            downloads.append(_Download(uri, MODEL_MOUNT))
        base = len(downloads)
        downloads += [
            _Download(adapter.uri, _adapter_path(adapter)) for adapter in self.adapters if adapter.scheme != "pvc"
        ]
        if downloads:
            self.download(downloads, is_single=base == len(downloads) == 1)
        elif not self.service.facts.switches.initializer_kept:
            self.pod.drop("initContainers", _INITIALIZER)
        for adapter in self.adapters:
            if adapter.scheme == "pvc":
                name = child_name("lora-pvc-", adapter.name)
                source = stored_source("model", "lora", "adapters")
                self.claim(name, adapter.uri.partition(_SEPARATOR)[2], _adapter_path(adapter), source)
        if self.adapters:
            self.flags()

    @property
    def knows_native(self) -> bool:
        return _NATIVE in self.service.plane.release.capabilities.llm_schemes

    def claim(self, volume: str, rest: str, path: str, source: tuple[str | int, ...]) -> None:
        """Mount a PersistentVolumeClaim, or a folder of it."""
        claim, _, folder = rest.partition("/")
        if not self.pod.has_volume(volume):
            self.pod.add("volumes", {"name": volume, "persistentVolumeClaim": {"claimName": claim}}, source)
        if not self.pod.has_mount(self.container, volume=volume):
            mount: JsonObject = {"name": volume, "readOnly": True, "mountPath": path}
            if folder:
                mount["subPath"] = folder
            self.pod.add_to(self.container, "volumeMounts", mount, source)

    def modelcar(self, image: str) -> None:
        """Put the model's image beside the server, whose files it sees through the processes that they share."""
        on = self.settings.is_on(_SECTION, "enableModelcar")
        if self.knows_native:
            on = on or self.settings.is_on(_SECTION, "enableOciModelSupport")
            on = on or bool(self.settings.text(_SECTION, "ociModelMode"))
        if not on:
            raise StorageError("OCI modelcars are not enabled: storageInitializer.enableModelcar is off")
        pod, container = self.pod, self.container
        parent = self.target.path.rpartition("/")[0]
        self.async_start()
        if not pod.has_volume(_PROVISION):
            pod.add("volumes", {"name": _PROVISION, "emptyDir": {}})
        mount: JsonObject = {"name": _PROVISION, "mountPath": parent}
        if not pod.has_mount(container, volume=_PROVISION):
            pod.add_to(container, "volumeMounts", mount)
        user = self.settings.section(_SECTION).get("uidModelcar")
        amounts: JsonObject = {
            "cpu": self.settings.text(_SECTION, "cpuModelcar") or "10m",
            "memory": self.settings.text(_SECTION, "memoryModelcar") or "15Mi",
        }
        link = f"ln -sf /proc/$$$$/root/models {self.target.path} && sleep infinity"
        prepared = link if self.target.path == MODEL_MOUNT else f"mkdir -p {parent} && {link}"
        car = _modelcar("modelcar", image, prepared, amounts)
        car["volumeMounts"] = [dict(mount)]
        if user is not None:
            if not self.service.plane.release.capabilities.modelcar_keeps_context:
                container["securityContext"] = {}
            pod.map(container, "securityContext")["runAsUser"] = user
            car["securityContext"] = {"runAsUser": user}
        check = (
            f"echo 'Pre-fetching modelcar {image}: ' && [ -d /models ] && [ \"$$(ls -A /models)\" ] && "
            "echo 'OK ... Prefetched and valid (/models exists)' || "
            "(echo 'NOK ... Prefetched but modelcar is invalid (/models does not exist or is empty)' && exit 1)"
        )
        pod.add("containers", car, _SOURCE)
        pod.add("initContainers", _modelcar("modelcar-init", image, check, amounts), _SOURCE)
        pod.set("shareProcessNamespace", value=True)

    def async_start(self) -> None:
        env = self.pod.items(self.container, "env")
        variable: JsonObject = {"name": "MODEL_INIT_MODE", "value": "async"}
        for place, known in enumerate(env):
            if mapping(known).get("name") == variable["name"]:
                env[place] = variable
                return
        self.pod.add_to(self.container, "env", variable)

    def download(self, downloads: list[_Download], *, is_single: bool) -> None:
        """Add the init container that downloads, and what it leaves behind for the server."""
        pod = self.pod
        place = _common([each.path for each in downloads])
        if not pod.has_volume(_PROVISION):
            pod.add("volumes", {"name": _PROVISION, "emptyDir": {}})
        args: JsonArray = [word for each in downloads for word in each]
        made: JsonObject = {
            "name": _INITIALIZER,
            "image": self.settings.text(_SECTION, "image"),
            "args": args,
            "resources": self.resources(),
            "volumeMounts": [{"name": _PROVISION, "mountPath": place}],
            "terminationMessagePolicy": _FALLBACK,
        }
        origins = [
            Origin(("args",), _SOURCE),
            Origin(("image",), config_source(_SECTION, "image")),
            Origin(("resources",), (CONFIG_MAP, _SECTION, DERIVED)),
        ]
        own = pod.place(_INITIALIZER, "initContainers")
        if own is not None and not self.service.facts.switches.initializer_kept:
            overlay = mapping(sequence(pod.spec.get("initContainers"))[own])
            pod.drop("initContainers", _INITIALIZER)
            if self.service.facts.switches.initializer_overlay:
                made = _overlaid(made, overlay)
        self.credentials(made, downloads, is_single=is_single)
        number = len(pod.items(pod.spec, "initContainers"))
        pod.add("initContainers", made)
        pod.origins += [Origin(("initContainers", number, *each.built), each.words) for each in origins]
        shown = self.target.path if is_single else place
        if not pod.has_mount(self.container, volume=_PROVISION):
            mount: JsonObject = {"name": _PROVISION, "readOnly": True, "mountPath": shown}
            pod.add_to(self.container, "volumeMounts", mount)

    def resources(self) -> JsonObject:
        limits = {"cpu": "cpuLimit", "memory": "memoryLimit"}
        requests = {"cpu": "cpuRequest", "memory": "memoryRequest"}
        return {
            kind: {amount: self.settings.text(_SECTION, field) for amount, field in fields.items()}
            for kind, fields in (("limits", limits), ("requests", requests))
        }

    def credentials(self, made: JsonObject, downloads: list[_Download], *, is_single: bool) -> None:
        service = self.service
        account = self.target.account or service.find("ServiceAccount", DEFAULT_ACCOUNT)
        if account is None:
            account = {"metadata": {"name": DEFAULT_ACCOUNT, "namespace": service.namespace}}
        env = [mapping(variable) for variable in sequence(made.get("env"))]
        confidential = mapping(value_at(service.spec.value, ("model", "confidential")))
        if len(downloads) == 1 and confidential.get("enabled") is True:
            env.append({"name": "CONFIDENTIAL_ENABLED", "value": "true"})
            if resource := text(confidential.get("resourceId")):
                env.append({"name": "CONFIDENTIAL_RESOURCE_ID", "value": resource})
        given = self.given(account, env)
        env = [mapping(variable) for variable in sequence(given.get("env"))]
        mounts = self.pod.items(made, "volumeMounts")
        mounts += sequence(given.get("volumeMounts"))
        known = {text(variable.get("name")) for variable in env}
        if self.service.facts.switches.hub_settings and any(each.uri.startswith("hf://") for each in downloads):
            env += [{"name": name, "value": value} for name, value in _HF_ENV if name not in known]
        if not (is_single and downloads[0].uri.startswith("hf://")):
            env += self.authorities(env, mounts)
        if self.target.tokenizer_only:
            names = ", ".join(json.dumps(name) for name in _TOKENIZER_FILES)
            env.append({"name": "STORAGE_ALLOW_PATTERNS", "value": f"[{names}]"})
        if env:
            made["env"] = list[JsonValue](env)

    def given(self, account: JsonObject, env: list[JsonObject]) -> JsonObject:
        """Return variables, behind those that are there, and mounts that prove who downloads; volumes join the pod."""
        service = self.service
        metadata: JsonObject = {"namespace": service.namespace, "annotations": {**service.annotations}}
        draft = MutatedPod({"metadata": metadata, "spec": {}})
        name = text(mapping(account.get("metadata")).get("name"))
        used = WithAnother(service.plane.beside, ("ServiceAccount", service.namespace, name), account)
        container: JsonObject = {"name": _INITIALIZER, "env": list[JsonValue](env)}
        try:
            Credentials(draft, replace(service.plane, beside=used)).of_account(container, name)
        except PodLacksError as error:
            raise MissingError(str(error)) from error
        except PodRefusedError as error:
            raise StorageError(str(error)) from error
        for volume in sequence(draft.spec.get("volumes")):
            self.pod.add("volumes", mapping(volume))
        return container

    def authorities(self, env: list[JsonObject], mounts: JsonArray) -> list[JsonObject]:
        """Mount the certificates that a download is to trust; of two ConfigMaps the Secret's own counts."""
        stated = {text(variable.get("name")): text(variable.get("value")) for variable in env}
        name, path = stated.get("AWS_CA_BUNDLE_CONFIGMAP", ""), ""
        if name:
            path = stated.get("AWS_CA_BUNDLE", "").rpartition("/")[0] or "/"
        elif configured := self.settings.text(_SECTION, "caBundleConfigMapName"):
            inside = self.service.namespace == self.settings.namespace
            name = configured if inside else _GLOBAL_CA
            path = self.settings.text(_SECTION, "caBundleVolumeMountPath") or _CA_PATH
        if not name:
            return []
        self.pod.add("volumes", {"name": _CA_VOLUME, "configMap": {"name": name}})
        mounts.append({"name": _CA_VOLUME, "readOnly": True, "mountPath": path})
        return [
            {"name": "CA_BUNDLE_CONFIGMAP_NAME", "value": name},
            {"name": "CA_BUNDLE_VOLUME_MOUNT_POINT", "value": path},
        ]

    def flags(self) -> None:
        """Tell the server of its adapters, unless somebody does already."""
        container = self.container
        words = [*sequence(container.get("command")), *sequence(container.get("args"))]
        words += [
            mapping(variable).get("value")
            for variable in sequence(container.get("env"))
            if mapping(variable).get("name") == "VLLM_ADDITIONAL_ARGS"
        ]
        if any(_LORA_FLAG in text(word) for word in words):
            return
        lora = mapping(value_at(self.service.spec.value, ("model", "lora")))
        limits = (("--max-lora-rank", "maxRank"), ("--max-loras", "maxAdapters"), ("--max-cpu-loras", "maxCpuAdapters"))
        added: JsonArray = ["--enable-lora"]
        added += [f"{flag}={lora[field]}" for flag, field in limits if lora.get(field) is not None]
        added.append(_LORA_FLAG)
        for adapter in self.adapters:
            for name in (adapter.name, f"publishers/{self.service.namespace}/models/{adapter.name}"):
                module = json.dumps({"name": name, "path": _adapter_path(adapter)}, separators=(",", ":"))
                added.append(f"'{module}'")
        self.pod.put_first(container, "args", added, stored_source("model", "lora"))


def _modelcar(name: str, image: str, script: str, amounts: JsonObject) -> JsonObject:
    return {
        "name": name,
        "image": image,
        "args": ["sh", "-c", script],
        "resources": {"limits": dict(amounts), "requests": dict(amounts)},
        "terminationMessagePolicy": _FALLBACK,
    }


def _overlaid(made: JsonObject, overlay: JsonObject) -> JsonObject:
    """Lay a user's container over KServe's; what it is and does is KServe's again."""
    merged = merge(Traced(made, []), Traced(without_empty(overlay), [])).value
    merged = {key: value for key, value in merged.items() if key != "command"}
    return {**merged, **{key: made[key] for key in ("name", "args")}}


def _adapter_path(adapter: LlmAdapter) -> str:
    return f"{_LORA_PATH}/{_UNSAFE.sub('-', adapter.name)}"


def _common(paths: list[str]) -> str:
    """Return the deepest folder that all paths lie in; the path itself where there is one."""
    parts = [path.split("/") for path in paths]
    common = []
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    return "/".join(common) or "/"
