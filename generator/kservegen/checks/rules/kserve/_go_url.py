"""Reading a URL as Go's net/url does, which decodes some of KServe's fields: a text in, what Go says against it out.

The law is `url.Parse` of Go 1.25. Only the refusals count here; what the parts are is nobody's question.
"""

from typing import Final

from kservegen.core.patterns import lazy_pattern

# What almost everybody writes, seen off in one look.
_PLAIN: Final = lazy_pattern(r"[a-zA-Z][a-zA-Z0-9]*://[a-zA-Z0-9._-]*(/[a-zA-Z0-9._/:-]*)?")
_HEX: Final = "0123456789abcdefABCDEF"
_SCHEME: Final = lazy_pattern(r"[a-zA-Z][a-zA-Z0-9+.-]*")
_PORT: Final = lazy_pattern(r"[0-9]*")
_USER: Final = lazy_pattern(r"[a-zA-Z0-9\-._:~!$&'()*+,;=%@]*")
# What may not stand in a host as it is; beyond ASCII everything may.
_NO_HOST: Final = lazy_pattern(r"[\x00-\x20#%/?@\[\\^`{|}\x7f]")
_HOST_ESCAPE: Final = lazy_pattern(r"%25|%[89a-fA-F][0-9a-fA-F]")


def storage_url_error(text: str) -> str | None:
    """Return Go's reason for not reading `text` as a URL; None where it reads it, as it does the empty text."""
    if _PLAIN.fullmatch(text):
        return None
    rest, _, fragment = text.partition("#")
    if any(character < " " or character == "\x7f" for character in rest):
        return "net/url: invalid control character in URL"
    if rest.startswith(":"):
        return "missing protocol scheme"
    return _after_scheme(rest) or _escapes(fragment)


def _after_scheme(text: str) -> str | None:
    head, colon, rest = text.partition(":")
    has_scheme = bool(colon) and _SCHEME.fullmatch(head) is not None
    rest = (rest if has_scheme else text).partition("?")[0]
    if not rest.startswith("/"):
        if has_scheme:
            return None
        return "first path segment in URL cannot contain colon" if ":" in rest.partition("/")[0] else _escapes(rest)
    path = rest
    if rest.startswith("//") and (has_scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        error = _authority(authority)
        if error:
            return error
        path = slash + path
    return _escapes(path)


def _authority(authority: str) -> str | None:
    user, at, host = authority.rpartition("@")
    if at and not _USER.fullmatch(user):
        return "net/url: invalid userinfo"
    return _host(host) or (_escapes(user) if at else None)


def _host(host: str) -> str | None:
    if "[" in host:
        return _literal(host)
    name, colon, port = host.rpartition(":")
    if colon and not _PORT.fullmatch(port):
        return f'invalid port ":{port}" after host'
    # In a host, only what is not ASCII is escaped, and the percent sign itself.
    plain = _HOST_ESCAPE.sub("", name if colon else host)
    if "%" in plain:
        start = plain.index("%")
        return f'invalid URL escape "{plain[start : start + 3]}"'
    bad = _NO_HOST.search(plain)
    return f'invalid character "{bad[0]}" in host name' if bad else None


def _literal(host: str) -> str | None:
    import ipaddress  # noqa: PLC0415 - hardly anybody writes one

    address, bracket, rest = host.partition("]")
    if not address.startswith("["):
        return "invalid IP-literal"
    if not bracket:
        return "missing ']' in host"
    if rest and not (rest.startswith(":") and _PORT.fullmatch(rest[1:])):
        return f'invalid port "{rest}" after host'
    try:
        ipaddress.IPv6Address(address[1:].partition("%25")[0])
    except ValueError:
        return f'invalid host: ParseAddr("{address[1:]}"): unable to parse IP'
    return None


def _escapes(text: str) -> str | None:
    start = text.find("%")
    while start >= 0:
        digits = text[start + 1 : start + 3]
        if len(digits) < 2 or any(digit not in _HEX for digit in digits):
            return f'invalid URL escape "{text[start : start + 3]}"'
        start = text.find("%", start + 3)
    return None
