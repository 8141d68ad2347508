"""Kubernetes' named formats: a name and a text in, what is wrong with the text out, in the API server's words.

`validate_` and `format.named_` give lists of none or one, which `formats.cel.rewrite` turns into optional values.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final, TypeAlias

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.cel.function import FORMAT, Function, Tagged, tagged, untagged
from kservegen.formats.cel.urls import url_error

_Check: TypeAlias = Callable[[str], list[str]]

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_WORDS: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character"
)
_SUBDOMAIN_WORDS: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character"
)
_LABEL_1035_WORDS: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character"
)
_NAME_WORDS: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_VALUE_WORDS: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character"
)
_NAME_EXAMPLES: Final = ("MyName", "my.name", "123-abc")
_UUID: Final = lazy_pattern(
    "[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII
)
_BASE64: Final = lazy_pattern("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_DATE: Final = lazy_pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = lazy_pattern(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))")


def _form(pattern: str, limit: int, words: str, examples: tuple[str, ...]) -> _Check:
    compiled = re.compile(pattern)
    message = _regex_error(words, pattern, examples)

    def check(text: str) -> list[str]:
        too_long = [f"must be no more than {limit} characters"] if len(text.encode()) > limit else []
        return too_long if compiled.fullmatch(text) else [*too_long, message]

    return check


def _regex_error(words: str, pattern: str, examples: tuple[str, ...]) -> str:
    listed = " or ".join(f"'{example}', " for example in examples)
    return f"{words} (e.g. {listed}regex used for validation is '{pattern}')"


def _prefix(check: _Check) -> _Check:
    """Check what a name begins with: a dash at the end will be followed by something."""

    def begins(text: str) -> list[str]:
        return check(text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text)

    return begins


def _qualified_name(text: str) -> list[str]:
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        hint = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a qualified name {_regex_error(_NAME_WORDS, _NAME, _NAME_EXAMPLES)} {hint}"]
    found = []
    if slash:
        found += [f"prefix part {reason}" for reason in (_subdomain(prefix) if prefix else ["must be non-empty"])]
    reasons = _name(name)
    return found + [f"name part {reason}" for reason in (reasons if name else ["must be non-empty", *reasons])]


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        # Go counts a year 0.
        return text.startswith("0000") and _DATE.fullmatch(text) is not None and _is_date("2000" + text[4:])
    return _DATE.fullmatch(text) is not None


def _is_datetime(text: str) -> bool:
    parts = text.lower().split("t")
    if len(parts) < 2 or not _is_date(parts[0]):
        return False
    match = _TIME.fullmatch(parts[1])
    return match is not None and match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


def _test(holds: Callable[[str], object], message: str) -> _Check:
    return lambda text: [] if holds(text) else [message]


_label = _form(_LABEL, 63, _LABEL_WORDS, ("my-name", "123-abc"))
_subdomain = _form(_SUBDOMAIN, 253, _SUBDOMAIN_WORDS, ("example.com",))
_label_1035 = _form(_LABEL_1035, 63, _LABEL_1035_WORDS, ("my-name", "abc-123"))
_name = _form(_NAME, 63, _NAME_WORDS, _NAME_EXAMPLES)

_FORMS: Final[dict[str, _Check]] = {
    "dns1123Label": _label,
    "dns1123Subdomain": _subdomain,
    "dns1035Label": _label_1035,
    "qualifiedName": _qualified_name,
    "dns1123LabelPrefix": _prefix(_label),
    "dns1123SubdomainPrefix": _prefix(_subdomain),
    "dns1035LabelPrefix": _prefix(_label_1035),
    "labelValue": _form(f"({_NAME})?", 63, _VALUE_WORDS, ("MyValue", "my_value", "12345")),
    "uri": lambda text: [error] if (error := url_error(text)) else [],
    "uuid": _test(_UUID.fullmatch, "does not match the UUID format"),
    "byte": _test(_BASE64.fullmatch, "invalid base64"),
    "date": _test(_is_date, "invalid date"),
    "datetime": _test(_is_datetime, "invalid datetime"),
}


def _validate(value: Tagged, text: str) -> list[list[str]]:
    errors = _FORMS[untagged(value, FORMAT)](text)
    return [errors] if errors else []


def _named(name: str) -> list[Tagged]:
    return [tagged(FORMAT, name)] if name in _FORMS else []


def _constant(name: str) -> Function:
    return Function(
        name=f"format.{name}", parameters=(), result=FORMAT, call=lambda: tagged(FORMAT, name), member=False
    )


FUNCTIONS: Final = (
    *map(_constant, _FORMS),
    Function(name="format.named_", parameters=("string",), result=f"list<{FORMAT}>", call=_named, member=False),
    Function(name="validate_", parameters=(FORMAT, "string"), result="list<list<string>>", call=_validate),
)
