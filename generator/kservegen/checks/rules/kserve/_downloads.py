"""Which URIs the storage initializer can fetch: a URI in, what it would say and how to mend it out.

python/storage/kserve_storage/kserve_storage.py of KServe, and the pod webhook for claims and images.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern
from kservegen.kubernetes.kubelet import image_error


class Failure(Struct, frozen=True):
    """Why nothing is fetched. Not `certain` where an image of one's own could hold what is asked for."""

    message: str
    hint: str
    certain: bool = True


_SCHEME: Final = lazy_pattern(r"[a-zA-Z0-9+_-]+://")
_HF_PART: Final = lazy_pattern(r"[\w.-]+", re.ASCII)
_AZURE: Final = lazy_pattern(
    r"https://[^/]+\.(?:blob\.core\.windows\.net|file\.core\.windows\.net|z\d+\.(?:blob|file)\.storage\.azure\.net)",
)
_HF: Final = "Invalid Hugging Face URI format, expected hf://owner_name/model_name[:revision_hash]"
# Left for others to fill in.
_PLACEHOLDERS: Final = ("${", "{{", "$(")


@lru_cache(maxsize=4096)
def download_failure(uri: str) -> Failure | None:
    """Say why a download of a URI cannot work; None where it may, or where the controller has refused it before."""
    if not uri or any(mark in uri for mark in _PLACEHOLDERS):
        return None
    if not _SCHEME.search(uri):
        return Failure(
            f"local path {uri} does not exist in the storage initializer",
            "Write where the model is, with its scheme: s3://bucket/path, hf://owner/model, pvc://claim/path.",
        )
    scheme, _, rest = uri.partition("://")
    look = _LOOKS.get(scheme.lower())
    return look(uri, rest) if look else None


def _bucket(uri: str, rest: str) -> Failure | None:
    bucket = rest.partition("/")[0]
    if not bucket:
        return Failure(f"{uri} names no bucket", f"Write {uri.partition(':')[0]}://bucket/path.")
    if any(map(str.isspace, bucket)):
        return Failure(
            f"no bucket can have the name {bucket!r}, with a blank in it",
            "Write the bucket's name as its provider has it.",
        )
    return None


def _hdfs(uri: str, rest: str) -> Failure | None:
    return None if rest.strip("/") else Failure(f"{uri} names no path", "Write the path of the model.")


def _claim(uri: str, rest: str) -> Failure | None:
    if rest.partition("/")[0]:
        return None
    return Failure(f"{uri} names no PersistentVolumeClaim", "Write pvc://claim or pvc://claim/path.")


def _image(uri: str, rest: str) -> Failure | None:
    if not rest.strip("/"):
        return Failure(f"{uri} names no image", "Write oci://registry/image:tag.")
    wrong = image_error(rest)
    return Failure(f"no image can have the name {rest}: {wrong}", "Write oci://registry/image:tag.") if wrong else None


def _hugging_face(_uri: str, rest: str) -> Failure | None:
    repository, _, revision = rest.partition(":")
    parts = repository.split("/")
    if "@" in repository:
        return Failure(f"{_HF}: a revision follows a colon, not an @", f"Write hf://{rest.replace('@', ':', 1)}.")
    if len(parts) != len(("owner", "model")) or not all(parts):
        return Failure(_HF, "Write owner and model, nothing more: hf://owner/model, or hf://owner/model:revision.")
    if not all(map(_HF_PART.fullmatch, parts)) or (":" in rest and not revision):
        return Failure(_HF, "A name has letters, digits, dashes, dots and underscores only.")
    return None


def _file(_uri: str, rest: str) -> Failure:
    return Failure(
        f"local path {rest} does not exist in the storage initializer that the charts install",
        "Use a storage initializer that holds it, or another scheme.",
        certain=False,
    )


def _web(uri: str, _rest: str) -> Failure | None:
    try:
        split = urlsplit(uri)
    except ValueError as problem:
        return Failure(str(problem), "Write a URL.")
    if ".git" in uri and split.scheme == "https":
        return None
    parts = [part for part in split.path.split("/") if part]
    if _AZURE.match(uri):
        if len(parts) > 1:
            return None
        return Failure(f"{uri} names no container and path", "Write https://account.host/container/path.")
    if split.path.rpartition("/")[2]:
        return None
    return Failure(f"No filename contained in URI: {uri}", "Write the URL of a file: a model, or a zip or tar of one.")


_LOOKS: Final[dict[str, Callable[[str, str], Failure | None]]] = {
    "gs": _bucket,
    "s3": _bucket,
    "hdfs": _hdfs,
    "webhdfs": _hdfs,
    "pvc": _claim,
    "oci": _image,
    "oci+native": _image,
    "hf": _hugging_face,
    "file": _file,
    "http": _web,
    "https": _web,
}
