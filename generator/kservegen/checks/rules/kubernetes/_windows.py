"""Security options of Windows containers in; what the API server refuses in them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kservegen.core.document import text
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.names import subdomain_error
from kservegen.core.problem import Problem

_LARGEST_SPEC: Final = 64 * 1024
_LONGEST_DOMAIN: Final = 255
_LONGEST_USER: Final = 104
_PARTS: Final = 2

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NETBIOS: Final = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_DNS_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS: Final = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")
_FORBIDDEN: Final = re.compile(r'["/\\:;|=,+*?<>@\[\]]')


def windows_options(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Judge `windowsOptions`: names of credentials and of the user."""
    if not isinstance(value, dict):
        return
    name = value.get("gmsaCredentialSpecName")
    if isinstance(name, str) and (reason := subdomain_error(name)):
        yield Problem((*path, "gmsaCredentialSpecName"), f"invalid value of gmsaCredentialSpecName: {reason}", name)
    spec = value.get("gmsaCredentialSpec")
    if isinstance(spec, str) and not 0 < len(spec.encode()) <= _LARGEST_SPEC:
        yield Problem((*path, "gmsaCredentialSpec"), "gmsaCredentialSpec must not be empty nor exceed 64 KiB")
    user = value.get("runAsUserName")
    if isinstance(user, str) and (reason := _user_error(user)):
        yield Problem((*path, "runAsUserName"), f"invalid value of runAsUserName: {reason}", text(user))


def _user_error(name: str) -> str | None:
    if not name:
        return "it is empty"
    if _CONTROL.search(name):
        return "it cannot contain control characters"
    parts = name.split("\\")
    if len(parts) > _PARTS:
        return "it cannot contain more than one backslash"
    domain, user = (parts[0], parts[1]) if len(parts) == _PARTS else (None, parts[0])
    if domain is not None and not (_NETBIOS.fullmatch(domain) or _DNS.fullmatch(domain)):
        return "its domain matches neither the NetBios nor the DNS format"
    if domain is not None and len(domain) > _LONGEST_DOMAIN:
        return f"its domain must have at most {_LONGEST_DOMAIN} characters"
    if not user or len(user) > _LONGEST_USER:
        return f"its user must have 1 to {_LONGEST_USER} characters"
    if not user.strip(". "):
        return "its user cannot contain only periods or spaces"
    return "its user cannot contain any of " + '"/\\:;|=,+*?<>@[]' if _FORBIDDEN.search(user) else None
