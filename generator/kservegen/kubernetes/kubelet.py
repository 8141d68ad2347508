"""What a node refuses of a pod that the API server took: a pod's spec in, problems with their paths out.

The container is never created then: InvalidImageName, CreateContainerConfigError, RunContainerError.
Source: pkg/kubelet/kuberuntime/security_context.go and pkg/util/parsers of Kubernetes; ParseNormalizedNamed of
github.com/distribution/reference; runc's libcontainer/configs/validate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.problem import Problem
from kservegen.kubernetes.fields import maps

_LISTS: Final = ("initContainers", "containers")
_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = lazy_pattern(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_HOST_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST: Final = lazy_pattern(rf"(?:{_HOST_LABEL}(?:\.{_HOST_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG: Final = lazy_pattern(r"\w[\w.-]{0,127}", re.ASCII)
_DIGESTS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEX: Final = lazy_pattern(r"[0-9a-f]+")
_IDENTIFIER: Final = lazy_pattern(r"[0-9a-f]{64}")
_LONGEST: Final = 255


def refused_by_node(spec: JsonObject) -> Iterator[Problem]:
    """Yield what keeps the containers of a pod from being created; paths are below `spec`."""
    pod_context = mapping(spec.get("securityContext"))
    for section in _LISTS:
        for container, path in maps(spec.get(section), (section,)):
            yield from _container(container, path, pod_context)


def _container(container: JsonObject, path: Path, pod_context: JsonObject) -> Iterator[Problem]:
    image = text(container.get("image"))
    reason = image_error(image) if image else None
    if reason:
        yield Problem((*path, "image"), f"no image can have this name: {reason}", image)
    folder = text(container.get("workingDir"))
    if folder and not folder.startswith("/"):
        yield Problem((*path, "workingDir"), "a container's working folder is an absolute path", folder, f"/{folder}")
    own = mapping(container.get("securityContext"))
    user_at = own if own.get("runAsUser") is not None else pod_context
    strict_at = own if own.get("runAsNonRoot") is not None else pod_context
    if strict_at.get("runAsNonRoot") is True and integer(user_at.get("runAsUser")) == 0:
        place: Path = (*path, "securityContext") if user_at is own else ("securityContext",)
        message = f"runAsNonRoot is true, and container {text(container.get('name'))} is to run as root"
        yield Problem((*place, "runAsUser"), message, "runAsUser: 0", "a user other than 0")


@lru_cache(maxsize=1024)
def image_error(image: str) -> str | None:
    """Say why a name is none of an image, as container runtimes read it; None where it is."""
    if _IDENTIFIER.fullmatch(image):
        return "64 hexadecimal digits are an identifier"
    name, at, digest = image.partition("@")
    host, slash, rest = name.partition("/")
    is_host = slash and (any(mark in host for mark in ".:") or host == "localhost" or host.lower() != host)
    path, colon, tag = (rest if is_host else name).partition(":")
    # What is no host may still begin a repository.
    if is_host and not _HOST.fullmatch(host) and not _REPOSITORY.fullmatch(host):
        return f"{host} is no host"
    if not _REPOSITORY.fullmatch(path):
        return _of_path(path)
    if len(path if is_host or slash else f"library/{path}") > _LONGEST:
        return f"the repository is longer than {_LONGEST} characters"
    if colon and not _TAG.fullmatch(tag):
        return f"{tag} is no tag" if tag else "no tag follows the colon"
    return _of_digest(digest) if at else None


def _of_path(path: str) -> str:
    if any(char.isspace() for char in path):
        return "it holds a blank"
    return "a repository is written in lower case" if path.lower() != path else f"{path or 'nothing'} is no repository"


def _of_digest(digest: str) -> str | None:
    algorithm, _, value = digest.partition(":")
    if algorithm not in _DIGESTS:
        return f"{digest or 'nothing'} is no digest"
    if not _HEX.fullmatch(value) or len(value) != _DIGESTS[algorithm]:
        return f"a digest of {algorithm} has {_DIGESTS[algorithm]} hexadecimal digits"
    return None
