"""Kubernetes' laws of single values in pods: a value in, the reason why the API server refuses it out, or None.

Ports, paths, keys of ConfigMaps, IP addresses, percentages: the laws are those of k8s.io/apimachinery
(pkg/util/validation) and k8s.io/kubernetes (pkg/apis/core/validation) at 1.34; the words are ours.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

from kservegen.core.names import SUBDOMAIN_LENGTH, form_error
from kservegen.core.patterns import lazy_pattern

LARGEST_PORT: Final = 65535
LARGEST_INT64: Final = 2**63 - 1
_INT64_DIGITS: Final = 19
LARGEST_ID: Final = 2**31 - 1
LARGEST_MODE: Final = 0o777
_PORT_NAME_LENGTH: Final = 15

_PORT_NAME: Final = lazy_pattern(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONFIG_KEY: Final = lazy_pattern(r"[-._a-zA-Z0-9]+")
_HEADER: Final = lazy_pattern(r"[-A-Za-z0-9]+")
_PERCENT: Final = lazy_pattern(r"[0-9]+%")
_IPV4: Final = lazy_pattern(r"0*([0-9]{1,3})\.0*([0-9]{1,3})\.0*([0-9]{1,3})\.0*([0-9]{1,3})")
_LARGEST_OCTET: Final = 255
_SYSCTL: Final = lazy_pattern(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_SEARCH: Final = lazy_pattern(r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*")


def whole_number(text: str) -> int | None:
    """Read digits as Go's strconv.ParseInt does, without a sign; None for any other text, and beyond 63 bits."""
    digits = text.lstrip("0")[: _INT64_DIGITS + 1] or text[:1]
    number = int(digits) if text.isascii() and text.isdigit() else LARGEST_INT64 + 1
    return number if number <= LARGEST_INT64 else None


def signed_number(text: str) -> int | None:
    """Read digits, with a sign or without, as Go does; None for any other text, and beyond 64 bits."""
    if text.startswith("-"):
        size = LARGEST_INT64 + 1 if text[1:].lstrip("0") == str(LARGEST_INT64 + 1) else whole_number(text[1:])
        return None if size is None else -size
    return whole_number(text.removeprefix("+"))


def is_template(value: object) -> bool:
    """Whether a text is filled in by KServe before Kubernetes sees it, as runtimes and presets have them."""
    return isinstance(value, str) and "{{" in value


def port_error(port: int) -> str | None:
    """Validate the number of a port."""
    return None if 1 <= port <= LARGEST_PORT else f"a port lies between 1 and {LARGEST_PORT}"


@lru_cache(maxsize=1024)
def port_name_error(name: str) -> str | None:
    """Validate the name of a port: an IANA service name."""
    allowed = "lower-case letters, digits and single hyphens between them are allowed"
    if reason := form_error(name, _PORT_NAME_LENGTH, _PORT_NAME, allowed):
        return reason
    return None if any("a" <= c <= "z" for c in name) else "it must contain at least one letter"


@lru_cache(maxsize=4096)
def env_name_error(name: str) -> str | None:
    """Validate the name of an environment variable, or the prefix of several."""
    if name.isascii() and name.isprintable() and "=" not in name:
        return None
    return "printable ASCII characters except '=' are allowed"


@lru_cache(maxsize=1024)
def config_key_error(key: str) -> str | None:
    """Validate a key of a ConfigMap or a Secret."""
    if reason := form_error(key, SUBDOMAIN_LENGTH, _CONFIG_KEY, "letters, digits, '-', '_' and '.' are allowed"):
        return reason
    return "it must not be '.' nor start with '..'" if key == "." or key.startswith("..") else None


def header_error(name: str) -> str | None:
    """Validate the name of an HTTP header."""
    return None if _HEADER.fullmatch(name) else "letters, digits and '-' are allowed"


def backsteps_error(path: str) -> str | None:
    """Validate a path that must not climb."""
    return "must not contain '..'" if ".." in path.split("/") else None


def descending_path_error(path: str) -> str | None:
    """Validate a path below some folder."""
    return "must be a relative path" if path.startswith("/") else backsteps_error(path)


def local_path_error(path: str) -> str | None:
    """Validate the path of a file that is put into a volume."""
    if not path:
        return "it is empty"
    return descending_path_error(path) or ("must not start with '..'" if path.startswith("..") else None)


def ip_error(address: str) -> str | None:
    """Validate an IP address; leading zeros are taken, as they always were."""
    if match := _IPV4.fullmatch(address):
        fine = all(int(octet) <= _LARGEST_OCTET for octet in match.groups())
    else:
        fine = ":" in address and "%" not in address and _is_ipv6(address)
    return None if fine else "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def _is_ipv6(address: str) -> bool:
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


def percent(text: str) -> int | None:
    """Read a percentage such as `25%`; None where it is none."""
    return int(text[:-1]) if _PERCENT.fullmatch(text) and len(text) < _PORT_NAME_LENGTH else None


def id_error(number: int) -> str | None:
    """Validate the number of a user or group."""
    return None if 0 <= number <= LARGEST_ID else f"must be between 0 and {LARGEST_ID}, inclusive"


def mode_error(mode: int) -> str | None:
    """Validate the permissions of a file, written in decimal or, in YAML, octal."""
    return None if 0 <= mode <= LARGEST_MODE else "must be a number between 0 and 0777 (octal), both inclusive"


def sysctl_error(name: str) -> str | None:
    """Validate the name of a kernel parameter."""
    if not name:
        return "it is empty"
    if len(name) > SUBDOMAIN_LENGTH or not _SYSCTL.fullmatch(name):
        return "lower-case segments of letters, digits, '-' and '_', parted by '.' or '/', are allowed"
    return None


def search_error(domain: str) -> str | None:
    """Validate a search domain of a resolver."""
    plain = domain.removesuffix(".")
    if domain == "." or (len(plain) <= SUBDOMAIN_LENGTH and _SEARCH.fullmatch(plain)):
        return None
    return "must be a DNS subdomain"
