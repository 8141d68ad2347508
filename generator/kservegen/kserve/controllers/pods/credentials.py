"""Credentials of a download: a ServiceAccount, its Secrets and settings in; variables and volumes out.

Source: pkg/credentials at v0.19.0 and v0.20.0. Values of Secrets are looked at only where KServe's webhook itself reads
them.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import named
from kservegen.kserve.controllers.parts import append
from kservegen.kserve.controllers.pods.draft import MutatedPod, PodLacksError, PodRefusedError

_ROLE_ARN: Final = "eks.amazonaws.com/role-arn"
_ANNOTATION: Final = "serving.kserve.io/s3-"
# Variable, annotation, and key of the ConfigMap, in KServe's order; those of the endpoint stand apart.
_S3: Final = (
    ("S3_VERIFY_SSL", "verifyssl", "s3VerifySSL"),
    ("awsAnonymousCredential", "useanoncredential", "s3UseAnonymousCredential"),
    ("AWS_DEFAULT_REGION", "region", "s3Region"),
    ("S3_USER_VIRTUAL_BUCKET", "usevirtualbucket", "s3UseVirtualBucket"),
    ("S3_USE_ACCELERATE", "useaccelerate", "s3UseAccelerate"),
    ("AWS_CA_BUNDLE", "cabundle", "s3CABundle"),
    ("AWS_CA_BUNDLE_CONFIGMAP", "cabundle-configmap", "s3CABundleConfigMap"),
)
_AZURE: Final = (
    "SUBSCRIPTION_ID",
    "TENANT_ID",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "STORAGE_ACCESS_KEY",
    "ACCESS_TOKEN",
    "ACCESS_EXPIRES_ON_SECONDS",
    "ACCOUNT_NAME",
    "SERVICE_URL",
)
_AZURE_MARKS: Final = ("AZ_CLIENT_ID", "AZURE_CLIENT_ID", "AZURE_ACCESS_TOKEN")
_AZURE_KEY: Final = "AZURE_STORAGE_ACCESS_KEY"
_ENCRYPTED: Final = "ENC["  # as SOPS writes what only a cluster can read
_SUPPORTED: Final = ("s3", "hdfs", "webhdfs")
_BUCKETED: Final = ("s3",)


class Credentials:
    """Adds credentials to the container of a pod that downloads or logs."""

    def __init__(self, draft: MutatedPod, plane: ControlPlane) -> None:
        self._draft = draft
        self._plane = plane
        self._settings = plane.settings.section("credentials")
        self._s3 = mapping(self._settings.get("s3"))

    def _secret(self, name: str) -> JsonObject | None:
        return self._plane.beside.find("Secret", self._draft.namespace, name)

    @property
    def _named_secret(self) -> str:
        """The Secret that the pod itself names."""
        return self._draft.annotation(text(self._settings.get("storageSecretNameAnnotation")))

    def of_account(self, container: JsonObject, account: str) -> None:
        """Add the credentials of a ServiceAccount, or of the Secret that the pod names."""
        namespace = self._draft.namespace
        found = self._plane.beside.find("ServiceAccount", namespace, account or "default")
        if found is None:
            return
        annotations = mapping(mapping(found.get("metadata")).get("annotations"))
        if _ROLE_ARN in annotations:
            self._extend(container, self._s3_settings(annotations))
        if self._named_secret:
            names = [self._named_secret]
        else:
            names = [text(mapping(item).get("name")) for item in sequence(found.get("secrets"))]
        for name in names:
            secret = self._secret(name)
            if secret is None:
                raise PodLacksError(f'secrets "{name}" not found')
            self._of_secret(container, name, secret)

    def _of_secret(self, container: JsonObject, name: str, secret: JsonObject) -> None:
        data = {**mapping(secret.get("data")), **mapping(secret.get("stringData"))}
        key_name = text(self._s3.get("s3SecretAccessKeyName")) or "awsSecretAccessKey"
        gcs = text(mapping(self._settings.get("gcs")).get("gcsCredentialFileName"))
        if key_name in data:
            own_id = text(self._s3.get("s3AccessKeyIDName")) or "awsAccessKeyID"
            keys = [
                _from_secret("AWS_ACCESS_KEY_ID", name, own_id),
                _from_secret("AWS_SECRET_ACCESS_KEY", name, key_name),
            ]
            annotations = mapping(mapping(secret.get("metadata")).get("annotations"))
            self._extend(container, [*keys, *self._s3_settings(annotations)])
        elif gcs and gcs in data:
            self._mount_secret(container, "user-gcp-sa", name, "/var/secrets/")
            self._extend(container, [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": f"/var/secrets/{gcs}"}])
        elif any(mark in data for mark in _AZURE_MARKS):
            self._extend(container, list(_azure(name, data)))
        elif _AZURE_KEY in data:
            self._extend(container, [_from_secret(_AZURE_KEY, name, _AZURE_KEY)])
        elif "https-host" in data:
            if "headers" in data:
                host, headers = _plain(secret, "https-host"), _plain(secret, "headers")
                if host is not None and headers is not None:
                    self._extend(container, [{"name": f"{host}-headers", "value": headers}])
        elif "HDFS_NAMENODE" in data:
            self._mount_secret(container, "hdfs-secrets", name, "/var/secrets/kserve-hdfscreds")
        elif "HF_TOKEN" in data:
            self._extend(container, [_from_secret("HF_TOKEN", name, "HF_TOKEN")])

    def _mount_secret(self, container: JsonObject, volume: str, secret: str, path: str) -> None:
        self._draft.add_volume({"name": volume, "secret": {"secretName": secret}})
        append(container, "volumeMounts", {"name": volume, "readOnly": True, "mountPath": path})

    def _s3_settings(self, annotations: JsonObject) -> list[JsonObject]:
        def stated(key: str, field: str) -> str:
            own = annotations.get(f"{_ANNOTATION}{key}")
            return own if isinstance(own, str) else text(self._s3.get(field))

        found: list[JsonObject] = []
        https, endpoint = stated("usehttps", "s3UseHttps"), stated("endpoint", "s3Endpoint")
        if endpoint.startswith(("http://", "https://")):
            https = "1" if endpoint.startswith("https://") else "0"
            endpoint = endpoint.partition("://")[2]
        if https:
            found.append({"name": "S3_USE_HTTPS", "value": https})
        if endpoint:
            scheme = "http" if https == "0" else "https"
            found.append({"name": "S3_ENDPOINT", "value": endpoint})
            found.append({"name": "AWS_ENDPOINT_URL", "value": f"{scheme}://{endpoint}"})
        for variable, key, field in _S3:
            if value := stated(key, field):
                found.append({"name": variable, "value": value})
        return found

    def _extend(self, container: JsonObject, variables: list[JsonObject]) -> None:
        """Append variables; one that is there already takes the later value in its first place."""
        for variable in variables:
            present = sequence(container.get("env"))
            at = named(present, text(variable["name"]))
            if at is None:
                append(container, "env", variable)
            elif "value" in variable:
                container["env"] = [
                    {**mapping(item), "value": variable["value"]} if place == at else item
                    for place, item in enumerate(present)
                ]

    def of_storage(self, container: JsonObject, key: str, parameters: JsonObject, uri: str) -> str:
        """Add the entry of the storage Secret that a `storage` block means; return the URI with its place filled in."""
        name = self._named_secret or text(self._settings.get("storageSpecSecretName")) or "storage-config"
        secret = self._secret(name)
        data = {} if secret is None else {**mapping(secret.get("data")), **mapping(secret.get("stringData"))}
        kind, bucket = text(parameters.get("type")), text(parameters.get("bucket"))
        if key and (secret is None or key not in data):
            what = f"specified storage key {key} not found in storage secret {name}"
            if secret is None:
                raise PodLacksError(f'secrets "{name}" not found')
            raise PodRefusedError(what)
        entry_key = key or (f"default_{kind}" if kind else "default")
        if secret is not None and entry_key in data:
            append(container, "env", _from_secret("STORAGE_CONFIG", name, entry_key))
            if not kind:
                kind, bucket = self._entry(container, secret, entry_key, bucket)
        if not kind:
            untold = "unable to determine storage type"
            raise PodLacksError(untold) if secret is None else PodRefusedError(untold)
        if uri.startswith("<scheme-placeholder>://"):
            path = uri.partition("://")[2]
            if kind in _BUCKETED and not bucket:
                message = f"format [{kind}] requires a bucket but one wasn't found in storage data or parameters"
                raise PodRefusedError(message)
            uri = f"{kind}://{bucket}/{path}" if kind in _BUCKETED else f"{kind}://{path}"
        if parameters:
            merged = json.dumps(parameters, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
            append(container, "env", {"name": "STORAGE_OVERRIDE_CONFIG", "value": merged})
        return uri

    def _entry(self, container: JsonObject, secret: JsonObject, key: str, bucket: str) -> tuple[str, str]:
        """Read type and bucket from an entry of the storage Secret."""
        written = _plain(secret, key)
        if written is None:
            raise PodLacksError(f"what the entry {key} of the storage Secret holds cannot be read here")
        try:
            entry = mapping(json.loads(written))
        except (ValueError, RecursionError) as problem:
            raise PodRefusedError(f"the entry {key} of the storage Secret is no JSON") from problem
        kind = text(entry.get("type"))
        if kind and kind not in _SUPPORTED:
            message = f"storage type must be one of [s3, hdfs, webhdfs]. storage type [{kind}] is not supported"
            raise PodRefusedError(message)
        if entry.get("cabundle_configmap"):
            append(container, "env", {"name": "AWS_CA_BUNDLE_CONFIGMAP", "value": entry["cabundle_configmap"]})
        return kind, bucket or text(entry.get("bucket"))


def _from_secret(variable: str, secret: str, key: str) -> JsonObject:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _azure(secret: str, data: JsonObject) -> list[JsonObject]:
    found = []
    for name in _AZURE:
        key = next((key for key in (f"AZURE_{name}", f"AZ_{name}") if key in data), None)
        if key is not None or name == "TENANT_ID":
            found.append(_from_secret(f"AZURE_{name}", secret, key or f"AZ_{name}"))
    return found


def _plain(secret: JsonObject, key: str) -> str | None:
    """Return what stands under a key of a Secret; None where that is not known.

    Data that is no base64 is no Secret that a server has: it stands in for one, or is encrypted.
    """
    stated = mapping(secret.get("stringData")).get(key)
    if isinstance(stated, str):
        return None if stated.startswith(_ENCRYPTED) else stated
    value = text(mapping(secret.get("data")).get(key))
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
