"""Kubernetes' laws of names: a name, key or value in, the reason why the API server refuses it out, or None.

The laws are those of k8s.io/apimachinery (pkg/util/validation); the words are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from kservegen.core.patterns import lazy_pattern

LABEL_LENGTH: Final = 63
SUBDOMAIN_LENGTH: Final = 253
# The label that the API server gives every namespace: its name.
NAMESPACE_NAME_LABEL: Final = "kubernetes.io/metadata.name"
ANNOTATIONS_SIZE: Final = 256 * 1024

_LABEL: Final = lazy_pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = lazy_pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_PART: Final = lazy_pattern(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_ENDS: Final = "are allowed, with a letter or digit at both ends"
_NAME_ALLOWED: Final = f"letters, digits, '-', '_' and '.' {_ENDS}"


def form_error(text: str, longest: int, pattern: re.Pattern[str], allowed: str) -> str | None:
    """Validate a text that must not be empty by its length and its pattern, which `allowed` says in words."""
    if not text:
        return "it is empty"
    if len(text) > longest:
        return f"it has {len(text)} characters, at most {longest} are allowed"
    return None if pattern.fullmatch(text) else allowed


@lru_cache(maxsize=4096)
def label_error(name: str) -> str | None:
    """Validate a DNS label, as namespaces, containers, volumes and parts of host names have to be."""
    return form_error(name, LABEL_LENGTH, _LABEL, f"lower-case letters, digits and '-' {_ENDS}")


@lru_cache(maxsize=1024)
def service_name_error(name: str) -> str | None:
    """Validate the name of a Service: a DNS label that begins with a letter (RFC 1035)."""
    if name[:1].isdecimal():
        return "it must begin with a letter"
    return label_error(name)


@lru_cache(maxsize=4096)
def subdomain_error(name: str) -> str | None:
    """Validate a DNS subdomain, as the names of most objects have to be."""
    allowed = f"lower-case letters, digits, '-' and '.' {_ENDS} of every part"
    return form_error(name, SUBDOMAIN_LENGTH, _SUBDOMAIN, allowed)


@lru_cache(maxsize=4096)
def path_segment_error(name: str) -> str | None:
    """Validate a name that only has to fit into a URL, as roles and bindings have to."""
    if not name:
        return "it is empty"
    if name in {".", ".."} or "/" in name or "%" in name:
        return "it must not be '.' or '..' nor contain '/' or '%'"
    return None


@lru_cache(maxsize=8192)
def qualified_name_error(key: str) -> str | None:
    """Validate the key of a label, an annotation (in lower case) or a resource: `[prefix/]name`."""
    prefix, slash, name = key.rpartition("/")
    if slash and (reason := subdomain_error(prefix)):
        return f"the prefix before '/' is not a DNS subdomain: {reason}"
    if not name:
        return "the name after the prefix is empty"
    if len(name) > LABEL_LENGTH:
        return f"the name has {len(name)} characters, at most {LABEL_LENGTH} are allowed after the prefix"
    return None if _NAME_PART.fullmatch(name) else _NAME_ALLOWED


@lru_cache(maxsize=8192)
def label_value_error(value: str) -> str | None:
    """Validate the value of a label; the empty one is fine."""
    return form_error(value, LABEL_LENGTH, _NAME_PART, _NAME_ALLOWED) if value else None


def annotations_error(annotations: Mapping[str, object]) -> str | None:
    """Validate the size of all annotations of one object, keys and values in UTF-8 together."""
    characters = 0
    for key, value in annotations.items():
        characters += len(key) + (len(value) if isinstance(value, str) else 0)
    if 4 * characters <= ANNOTATIONS_SIZE:  # no character takes more bytes: nothing to encode
        return None
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items() if isinstance(value, str))
    if size > ANNOTATIONS_SIZE:
        return f"all annotations together have {size} bytes, at most {ANNOTATIONS_SIZE} are allowed"
    return None


# How REST paths name the kinds that are rendered; another kind's name is built as controller-gen does.
_IRREGULAR: Final = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses", "Gateway": "gateways"}


def plural_of_kind(kind: str) -> str:
    """Name a kind as REST paths and `resources` of a rule do; by the usual convention where it is not known."""
    lower = kind.lower()
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    if lower.endswith(("s", "x", "ch", "sh")):
        return lower + "es"
    return lower[:-1] + "ies" if lower.endswith("y") else lower + "s"
