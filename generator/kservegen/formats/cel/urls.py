"""Kubernetes' `url`: text in, the parts of a URL out, by the rules of Go's net/url as of Go 1.24."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final, NamedTuple

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.cel.function import URL, Function, Tagged, tagged, untagged

_SCHEME: Final = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_ESCAPE: Final = lazy_pattern(r"%([0-9A-Fa-f]{2})?")
_CONTROL: Final = lazy_pattern(r"[\x00-\x1f\x7f]")
_PORT: Final = lazy_pattern(r"(?::[0-9]*)?")
_USER: Final = lazy_pattern(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_HOST: Final = lazy_pattern(r"[A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>\"%\x80-\U0010ffff]*")
_PATH: Final = lazy_pattern(r"[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]%/]*")
# What a path need not escape when Go writes it anew.
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")


class _Url(NamedTuple):
    """The parts of a URL as the functions hand them out."""

    scheme: str
    user: str
    host: str
    path: str
    query: str
    fragment: str


class _UrlError(ValueError):
    """Text that Go reads no URL from."""


def url_error(text: str) -> str:
    """Say why text is no absolute URL or path; empty: it is one."""
    try:
        _read(text, is_request=True)
    except _UrlError as error:
        return f"parse {json.dumps(text)}: {error}"
    return ""


@lru_cache(maxsize=4096)
def _parse(text: str) -> _Url:
    _read(text, is_request=True)
    address, _, fragment = text.partition("#")
    _unescape(fragment)
    return _read(address, is_request=False)._replace(fragment=fragment)


def _read(text: str, *, is_request: bool) -> _Url:
    """Take a URL apart; `is_request` wants it absolute and knows no fragment."""
    if _CONTROL.search(text):
        raise _UrlError("net/url: invalid control character in URL")
    if not text and is_request:
        raise _UrlError("empty url")
    if text == "*":
        return _Url("", "", "", "*", "", "")
    scheme, rest = _scheme(text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        return _rootless(scheme, rest, query, is_request=is_request)
    user = host = ""
    has_host = bool(scheme) or (not is_request and not rest.startswith("///"))
    if has_host and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        user, host = _authority(authority)
        rest = slash + path
    return _Url(scheme, user, host, _path(rest), query, "")


def _rootless(scheme: str, rest: str, query: str, *, is_request: bool) -> _Url:
    if scheme:
        return _Url(scheme, rest, "", "", query, "")  # `mailto:x`: neither host nor path
    if is_request:
        raise _UrlError("invalid URI for request")
    if ":" in rest.partition("/")[0]:
        raise _UrlError("first path segment in URL cannot contain colon")
    return _Url("", "", "", _path(rest), query, "")


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise _UrlError("missing protocol scheme")
    match = _SCHEME.match(text)
    return (match[0].lower(), text[match.end() + 1 :]) if match else ("", text)


def _authority(text: str) -> tuple[str, str]:
    user, at, host = text.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise _UrlError("net/url: invalid userinfo")
    _unescape(user)
    return user, _host(host)


def _host(text: str) -> str:
    if text.startswith("["):
        end = text.rfind("]")
        if end < 0:
            raise _UrlError("missing ']' in host")
        port = text[end + 1 :]
    else:
        port = text[text.rfind(":") :] if ":" in text else ""
    if not _PORT.fullmatch(port):
        raise _UrlError(f"invalid port {json.dumps(port)} after host")
    end = _plain_until(text)
    if end < len(text):
        raise _UrlError(f"invalid character {json.dumps(text[end])} in host name")
    # In a host only bytes beyond ASCII may be escaped, and the percent sign before a zone.
    for match in _ESCAPE.finditer(text):
        if match[1] is None or (int(match[1], 16) < 0x80 and match[1] != "25"):
            raise _UrlError(f"invalid URL escape {json.dumps(text[match.start() : match.start() + 3])}")
    return _unescape(text)


def _plain_until(text: str) -> int:
    match = _HOST.match(text)
    return match.end() if match else 0


def _path(text: str) -> str:
    """Return the escaped path: as it was written, where that is how a path may be written."""
    plain = _unescape_bytes(text)
    if _PATH.fullmatch(text):
        return text
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in plain)


def _unescape(text: str) -> str:
    return _unescape_bytes(text).decode("utf-8", "replace")


def _unescape_bytes(text: str) -> bytes:
    for match in _ESCAPE.finditer(text):
        if match[1] is None:
            raise _UrlError(f"invalid URL escape {json.dumps(text[match.start() : match.start() + 3])}")
    parts = _ESCAPE.split(text)
    return b"".join(
        bytes.fromhex(part or "") if index % 2 else (part or "").encode() for index, part in enumerate(parts)
    )


def _query(value: Tagged) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in _of(value).query.split("&"):
        key, _, text = pair.partition("=")
        if not pair or ";" in pair:
            continue
        try:
            name, content = _unescape(key.replace("+", " ")), _unescape(text.replace("+", " "))
        except _UrlError:
            continue
        found.setdefault(name, []).append(content)
    return found


def _port_of(host: str) -> str:
    behind = host[host.rfind("]") + 1 :]
    return behind[behind.rfind(":") + 1 :] if ":" in behind else ""


def _hostname(host: str) -> str:
    name = host[: host.rfind("]") + 1] if "]" in host else host.rpartition(":")[0] if ":" in host else host
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name


def _url(text: str) -> Tagged:
    try:
        _parse(text)
    except _UrlError as error:
        raise ValueError(f"URL parse error during conversion from string: parse {json.dumps(text)}: {error}") from None
    scheme, rest = _scheme(text)
    return tagged(URL, f"{scheme}:{rest}" if scheme else text)


def _of(value: Tagged) -> _Url:
    return _parse(untagged(value, URL))


FUNCTIONS: Final = (
    Function(name="url", parameters=("string",), result=URL, call=_url, member=False),
    Function(name="isURL", parameters=("string",), result="bool", call=lambda text: not url_error(text), member=False),
    Function(name="getScheme", parameters=(URL,), result="string", call=lambda value: _of(value).scheme),
    Function(name="getHost", parameters=(URL,), result="string", call=lambda value: _of(value).host),
    Function(name="getHostname", parameters=(URL,), result="string", call=lambda value: _hostname(_of(value).host)),
    Function(name="getPort", parameters=(URL,), result="string", call=lambda value: _port_of(_of(value).host)),
    Function(name="getEscapedPath", parameters=(URL,), result="string", call=lambda value: _of(value).path),
    Function(name="getQuery", parameters=(URL,), result="map<string, list<string>>", call=_query),
)
