"""Which storage URIs KServe's controllers take: a URI in, the reason why not out, or None."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Resource
from kservegen.formats.regexp import RegexpError, regexp_matches

LORA_SCHEMES: Final = ("hf", "s3", "pvc")
TRAINED_MODEL_SCHEMES: Final = ("s3://", "gs://", "https://", "http://")

_SCHEME: Final = lazy_pattern(r"[a-zA-Z0-9_]+://")
_WEB: Final = lazy_pattern(r"https?://.+/.+")
_PATH_END: Final = lazy_pattern(r"[?#]")
_ESCAPED_PATH: Final = lazy_pattern(r"[A-Za-z0-9\-_.~!$&'()*+,;=:@\[\]/%]*")
_UNESCAPED: Final = "$&+,/:;=@~"
_AZURE_HOST: Final = "blob.core.windows.net"


@lru_cache(maxsize=4096)
def service_error(uri: str, schemes: tuple[str, ...]) -> str | None:
    """Validate an InferenceService's storageUri against the storage container that every installation has."""
    # Without a scheme anywhere it is taken for a local path, so s3:/b/m passes and fails much later.
    if _WEB.search(uri) or not _SCHEME.search(uri):
        return None
    if _AZURE_HOST in uri:
        return "an Azure blob URI names a container after the host"
    if uri.startswith(schemes):
        return None
    return f"no storage handles {uri.partition('://')[0]}://"


@lru_cache(maxsize=4096)
def llm_error(uri: str, schemes: tuple[str, ...]) -> str | None:
    """Validate the URI of an LLMInferenceService's model or LoRA adapter; schemes go by any case."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return "it has no scheme"
    if not rest:
        return "nothing follows the scheme"
    return None if scheme.lower() in schemes else f"{scheme}:// is not handled here"


@lru_cache(maxsize=4096)
def written_url(uri: str) -> str:
    """Return a URL as Go writes one that it has read: the scheme in lower case, in the path what may not stand escaped.

    The URIs of LLM services are such URLs (knative.dev/pkg/apis, URL; net/url, URL.EscapedPath). What is no URL comes
    back as it is.
    """
    scheme, separator, rest = uri.partition("://")
    host, slash, behind = rest.partition("/")
    if not separator or not scheme.isascii():
        return uri
    path = _PATH_END.split(behind, maxsplit=1)[0]
    fits = _ESCAPED_PATH.fullmatch(path) is not None
    written = path if fits else quote(unquote(path), safe=_UNESCAPED)
    return f"{scheme.lower()}://{host}{slash}{written}{behind[len(path) :]}"


def is_claimed(uri: str, storage_containers: Iterable[Resource]) -> bool:
    """Whether a ClusterStorageContainer of the environment handles the URI."""
    return claiming(uri, storage_containers) is not None


def claiming(uri: str, storage_containers: Iterable[Resource]) -> Resource | None:
    """Return the ClusterStorageContainer of the environment that handles the URI."""
    return next((container for container in storage_containers if handles(container.doc, uri)), None)


def handles(container: JsonObject, uri: str) -> bool:
    """Whether a ClusterStorageContainer downloads what a URI names."""
    spec = mapping(container.get("spec"))
    if container.get("disabled") is True or spec.get("workloadType", "initContainer") != "initContainer":
        return False
    for supported in sequence(spec.get("supportedUriFormats")):
        prefix, regex = text(mapping(supported).get("prefix")), text(mapping(supported).get("regex"))
        if (prefix and uri.startswith(prefix)) or (regex and _matches(regex, uri)):
            return True
    return False


def _matches(regex: str, uri: str) -> bool:
    try:
        return regexp_matches(regex, uri)
    except RegexpError:
        return True  # kserve/storage-container says so: no claim here
