"""Text and documents in, the secrets that stand in them in plain sight out; what prints text masks the same ones.

Known shapes come first: tokens as their issuers mark them, private keys, users and signatures in URIs, headers. Then
what stands under a telling name (`DB_PASSWORD`, `--api-key`), unless it refers to something. Last a text that no
writing system makes: letters of both cases and digits in no order. Nothing here is a proof: a name of a Secret, a
path, a reference to a variable or a store, a digest, a public key and a placeholder are told apart as well as can be.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.secret_data import find_data

HIDDEN: Final = "(hidden)"

RANDOM: Final = "what looks like a key"


class SecretSpan(NamedTuple):
    """Where a secret stands in a text, and what it is, with its article: `a Hugging Face token`."""

    start: int
    end: int
    what: str


class PlacedSecret(NamedTuple):
    """A secret in a document: the path of the text, and where in it."""

    path: Path
    span: SecretSpan


# What issuers put into their tokens so that scanners find them: prefixes and lengths as their documentation has them.
_SHAPES: Final = (
    (
        "a private key",
        r"-----BEGIN [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S])*(?:-----END [A-Z ]{0,40}-----)?",
    ),
    ("an AWS access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("a Google API key", r"AIza[\w-]{35}(?![\w-])"),
    ("a Google OAuth token", r"ya29\.[\w-]{20,}|GOCSPX-[\w-]{28}"),
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}"),
    ("a GitLab token", r"gl(?:pat|dt|rt|oas|cbt|ptt|ft|imt|soat|agent)-[\w-]{20,}"),
    ("a Slack token", r"xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{20,}"),
    ("an Anthropic key", r"sk-ant-[\w-]{20,}"),
    ("an OpenAI key", r"sk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9](?=[\w-]*[0-9A-Z])[\w-]{18,}"),
    ("a Hugging Face token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    ("an NVIDIA key", r"nvapi-[\w-]{40,}"),
    ("a Groq key", r"gsk_[A-Za-z0-9]{40,}"),
    ("a Replicate token", r"r8_[A-Za-z0-9]{37}"),
    ("a Stripe key", r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    ("a SendGrid key", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    ("an npm token", r"npm_[A-Za-z0-9]{36}"),
    ("a token of a package index", r"pypi-AgE[\w-]{50,}"),
    ("a DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}"),
    ("a Databricks token", r"dapi[a-f0-9]{32}(?:-[0-9])?"),
    ("a Vault token", r"hv[sbr]\.[\w-]{24,}"),
    ("a Docker token", r"dckr_(?:pat|oat)_[\w-]{20,}"),
    ("a Grafana token", r"gl(?:sa|c)_[\w+/=]{32,}"),
    ("an Atlassian token", r"ATATT3[\w=-]{50,}"),
    ("a Shopify token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("a Doppler token", r"dp\.(?:pt|st|ct|sa)\.[\w.-]{40,}"),
    ("a Terraform token", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}"),
    ("a Tailscale key", r"tskey-[a-z]+-[\w-]{20,}"),
    ("an age key", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    ("an Azure client secret", r"[\w~.]{3}8Q~[\w~.-]{31,34}"),
    ("a JSON web token", r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
)
_SHAPE: Final = r"(?<![\w-])(?:" + "|".join(f"({pattern})" for _, pattern in _SHAPES) + ")"
# Every shape has one of these in it: looking for them first is ten times as fast.
_MARKS: Final = (
    *("-----BEGIN", "AKIA", "ASIA", "ABIA", "ACCA", "AIza", "ya29.", "GOCSPX-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    *(
        "github_pat_",
        "glpat-",
        "gldt-",
        "glrt-",
        "gloas-",
        "glcbt-",
        "glptt-",
        "glft-",
        "glimt-",
        "glsoat-",
        "glagent-",
    ),
    *("xox", "xapp-", "sk-", "hf_", "api_org_", "nvapi-", "gsk_", "r8_", "sk_", "rk_", "SG.", "npm_", "pypi-", "_v1_"),
    *(
        "dapi",
        "hvs.",
        "hvb.",
        "hvr.",
        "dckr_",
        "glsa_",
        "glc_",
        "ATATT3",
        "shpat_",
        "shpca_",
        "shppa_",
        "shpss_",
        "dp.",
    ),
    *(".atlasv1.", "tskey-", "AGE-SECRET-KEY-", "8Q~", "eyJ"),
)
_EXAMPLE: Final = "EXAMPLE"  # AWS' documentation ends its keys so

_URI: Final = r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s'\"<>|`\\]+"
_USER: Final = r"://([^/?#@:]*)(?::([^/?#@]*))?@"
_PARAMETER: Final = r"[?&;#]([A-Za-z][\w.-]{0,60})=([^&;#\s]+)"
_SIGNING: Final = frozenset({"sig", "signature", "xamzsignature", "xamzsecuritytoken", "xgoogsignature", "sastoken"})
_URI_PATH: Final = (
    r"hooks\.slack\.com/services/(T\w+/B\w+/\w+)|discord(?:app)?\.com/api/webhooks/\d+/([\w-]{20,})"
    r"|objectstorage\.[\w.-]+/p/([\w-]{20,})"
)
_HEADER: Final = (
    r"(?i)(?<![\w-])(?:(?:proxy-)?authorization\s{0,4}[:=]\s{0,4}[\"']?(?:bearer|basic|token|digest)?|bearer)\s{1,4}"
    r"([^\s\"',;]{6,})"
)

# A name and what it is set to: `NAME=value`, `"name": "value"`, `name: value` to the end; and `--name value`.
_VALUE: Final = r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<plain>[^\s,;}\"'&|{\[\]][^\s,;}\"'&|\]]*))"
_ASSIGNED: Final = (
    r"(?<![\w.-])-{0,2}(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.-]{0,80})(?P=quote)\s{0,4}(?P<sign>[=:])\s{0,4}" + _VALUE
)
# After a flag these go on with a sentence about it: `does not know --api-key and ignores it`.
_SENTENCE: Final = r"(?:and|does|has|is|needs|takes)(?=[\s.,;:]|\Z)"
_FLAG: Final = (
    r"(?<![\w.-])--(?P<name>[A-Za-z][\w.-]{0,80})(?:[\"']?\s{0,4},\s{0,4}|\s{1,4})(?!-|" + _SENTENCE + ")" + _VALUE
)
_PAIR: Final = (
    r"\bname:\s{0,4}[\"']?(?P<name>[\w.-]{1,120})[\"']?\s{0,4},\s{0,4}value:\s{0,4}[\"']?(?P<value>[^\"'},\s]+)"
)
# Lines of a file: an item or `key: value`; a `name:`; an item that is a flag.
_ITEM: Final = r"^\s*(?:-\s+)?(?:[\"']?(?P<key>[\w.-]+)[\"']?:\s+)?[\"']?(?P<value>[^\s\"'#][^\s\"']*)"
_NAMED: Final = r"^\s*(?:-\s+)?[\"']?name[\"']?:\s+[\"']?([\w.-]+)"
_FLAG_ITEM: Final = r"^\s*-\s+[\"']?--([\w.-]+)[\"']?\s*$"
_KEY_LINES: Final = 80  # a private key has fewer
_MAY_TELL: Final = ("pass", "pwd", "secret", "token", "cred", "key", "auth")

_WORD: Final = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_TELLING: Final = frozenset(
    "password passwd pass passphrase pwd secret secrets token credential credentials apikey apitoken accesskey "
    "secretkey privatekey authtoken accesstoken".split()
)
_KEYS: Final = frozenset("api access secret private signing encryption master account auth subscription shared".split())
_SAYS_NO_MORE: Final = frozenset("value plain plaintext text raw base b json default".split())
# The tokens of a language model are none of a user.
_OF_TEXT: Final = frozenset(
    "eos bos pad unk sep cls mask stop start end image video audio special begin max min per next first last prompt "
    "tool think reasoning system assistant new completion decoder forced generated num".split()
)
_PLACEHOLDER: Final = (
    r"(?i)\$|\{\{|<[^>]*>$|\[[^\]]*\]$|%\w+%?$|@|(.)\1{2,}$|[0-9]{1,5}$"
    r"|(?:empty|none|null|nil|true|false|yes|no|unset|auto|not-?needed|not-?used|unused|anonymous)$"
    r"|.*(?:dummy|example|placeholder|your[-_ ]|replace|redacted|todo|insert[-_ ]|\(hidden\)|\*\*\*)"
)
_REFERENCE: Final = (
    r"(?:~|\.{1,2})?/[a-z][\w.-]*(?:/|$)|[a-z][a-z0-9+.-]*://|(?:vault|bao|ref\+\w+|op|secretref|awssm|ssm|sm|gcpsm|env|file"
    r"|sops|k8s|arn:aws[\w-]*):|ENC\[|projects/[^/]+/secrets/"
)
_OBJECT_NAME: Final = r"[a-z](?:[-.a-z0-9]*[a-z0-9])?\Z"
_NAMES_OBJECTS: Final = frozenset({"secret", "secrets", "credential", "credentials"})
# Fields of Kubernetes and KServe that say where a secret stands, or mount one, and are none.
_NO_SECRET_FIELDS: Final = frozenset({"secretKeyRef", "secretRef", "serviceAccountToken", "imagePullSecrets", "secret"})

_RUN: Final = r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/=])"
_PUBLIC: Final = r"(?i)sha[0-9]{1,3}[-:=]\Z|(?:AAAAB3NzaC1|AAAAC3NzaC1|AAAAE2VjZHNh)"
_PUBLIC_NAME: Final = (
    r"(?i)signature|digest|checksum|hash|fingerprint|thumbprint|public|cert|ca-?bundle|integrity|sha(?:256|512)"
    r"|encrypted"
)
_PUBLIC_BLOCK: Final = r"-----BEGIN (?![A-Z ]*PRIVATE)[A-Z0-9 ]+-----[^-]*-----END [A-Z0-9 ]+-----"
_SHORTEST_RUN: Final = 24
_CHANGES: Final = 0.42  # of neighbours in a random text 62 in 100 are of different classes, in names below 35
_LEAST_OF_EACH: Final = 2
_OTHER: Final = 3
_SHORTEST: Final = 6
# What is shorter has no known shape, and is told by these alone: by what it is set to.
_SHORTEST_SHAPE: Final = 13
_SHORTEST_MARKED: Final = 15  # a Slack token
_SIGNS: Final = ("=", ":", "--")
_CONTAINERS: Final = (dict, list)
_LONGEST: Final = 1 << 16  # of a text that is longer the beginning is looked at


def is_telling_name(name: str) -> bool:
    """Whether a variable, flag or field of this name holds a secret itself, and not its place or its size."""
    return bool(_telling_word(name))


def is_secret_under(name: str, value: str) -> bool:
    """Whether a value is a secret if it stands under this name: no reference, no placeholder, no name of an object."""
    word = _telling_word(name)
    if not word or not value or is_placeholder(value):
        return False
    return not (word in _NAMES_OBJECTS and _compiled(_OBJECT_NAME).match(value))


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for a secret, or says where it is: a variable, a path, a store, `EMPTY`."""
    return bool(_compiled(_PLACEHOLDER).match(value) or _compiled(_REFERENCE).match(value))


@lru_cache(maxsize=4096)
def _telling_word(name: str) -> str:
    """Return the word at the end of a name by which it tells of a secret; empty where there is none."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and (words[-1].isdigit() or words[-1] in _SAYS_NO_MORE):
        words.pop()
    if not words:
        return ""
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "key":
        return last if before in _KEYS else ""
    return last if last in _TELLING and not (last == "token" and before in _OF_TEXT) else ""


@lru_cache(maxsize=1 << 15)
def secrets_in_text(text: str, *, in_prose: bool = False) -> tuple[SecretSpan, ...]:
    """Return the secrets in a text, in order, none within another; of a very long text its beginning is looked at.

    `in_prose` takes every `password: word` for one, as is right where a line of a file is shown, and no finding made.
    """
    if len(text) < _SHORTEST or (len(text) < _SHORTEST_SHAPE and not _has_any(text, _SIGNS)):
        return ()
    text = text[:_LONGEST]
    found = sorted({*_shapes(text), *_in_uris(text), *_assigned(text, in_prose=in_prose), *_random(text)})
    kept: list[SecretSpan] = []
    for span in found:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end:
            kept[-1] = kept[-1]._replace(end=span.end)
    return tuple(kept)


def secrets_in_line(lines: Sequence[str], index: int, *, in_prose: bool = True) -> tuple[SecretSpan, ...]:
    """Return what to leave out of one line of a file when it is shown; its neighbours say what it is part of."""
    line = lines[index]
    spans = secrets_in_text(line, in_prose=in_prose)
    words = _compiled(_ITEM).search(line)
    if spans or words is None:
        return spans
    key, value = words["key"], words["value"]
    beside = lines[index - 1 : index] if index else []
    names = [found[1] for text in (*beside, *lines[index + 1 : index + 2]) if (found := _compiled(_NAMED).search(text))]
    flags = [found[1] for text in beside if (found := _compiled(_FLAG_ITEM).search(text))]
    is_secret = (
        (key == "value" and any(is_secret_under(name, value) for name in names))
        or (not key and any(is_secret_under(flag, value) for flag in flags))
        or (not key and _is_in_key(lines[max(0, index - _KEY_LINES) : index]))
    )
    return (SecretSpan(*words.span("value"), "a secret"),) if is_secret else ()


def _is_in_key(before: Sequence[str]) -> bool:
    for line in reversed(before):
        if "-----" in line:
            return "BEGIN" in line and "PRIVATE" in line
    return False


def secrets_in(value: JsonValue, path: Path = ()) -> Iterator[PlacedSecret]:
    """Yield the secrets in a document, in its order; `path` is where it stands.

    What stands under `value` beside a `name` is judged by that name, and an item after a flag by the flag.
    """
    if isinstance(value, str):
        yield from _under(_name_of(path), value, path)
    elif isinstance(value, dict):
        yield from _in_map(value, path)
    elif isinstance(value, list):
        flag = ""
        for index, item in enumerate(value):
            place = (*path, index)
            if isinstance(item, str):
                yield from _under(flag or _name_of(path), item, place)
                flag = item.lstrip("-") if item.startswith("-") and "=" not in item and " " not in item else ""
            else:
                yield from secrets_in(item, place)


def may_hold_secrets(value: JsonValue, name: str = "") -> bool:
    """Whether a document may hold secrets: False only where `secrets_in` finds none, in a tenth of the time.

    `name` is the key that the value stands under. Each text is looked at alone, and each name that could tell of one.
    """
    if isinstance(value, str):
        return _text_may_hold(name, value)
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                if _text_may_hold(key, item):
                    return True
            elif isinstance(item, _CONTAINERS) and may_hold_secrets(item, key):
                return True
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                if _text_may_hold(name, item):
                    return True
            elif isinstance(item, _CONTAINERS) and may_hold_secrets(item, name):
                return True
    return False


@lru_cache(maxsize=1 << 13)
def _text_may_hold(name: str, text: str) -> bool:
    # A text may name the `value` beside it, or be a flag before its value.
    names = name == "name" or (text[:1] == "-" and "=" not in text)
    return bool(secrets_in_text(text) or _telling_word(name) or (names and _telling_word(text)))


def mask_text(text: str) -> str:
    """Return a text without the secrets in it."""
    return cut_secrets(text, secrets_in_text(text))


def cut_secrets(text: str, spans: Sequence[SecretSpan]) -> str:
    """Return a text without these parts of it."""
    for span in reversed(spans):
        text = f"{text[: span.start]}{HIDDEN}{text[span.end :]}"
    return text


class HiddenSecrets:
    """The secrets of one document, to be left out of whatever part of it is shown."""

    __slots__ = ("_data", "_spans")

    def __init__(self, doc: JsonValue) -> None:
        self._data = {path for path, _ in find_data(doc)}
        self._spans: dict[Path, list[SecretSpan]] = {}
        for placed in secrets_in(doc):
            self._spans.setdefault(placed.path, []).append(placed.span)

    def mask(self, value: JsonValue, path: Path = ()) -> JsonValue:
        """Return what stands at `path` of the document without the secrets in it."""
        if any(path[: len(data)] == data for data in self._data):
            return _blank(value)
        return self._without(value, path) if self._spans or self._data else value

    def _without(self, value: JsonValue, path: Path) -> JsonValue:
        if path in self._data:
            return _blank(value)
        if isinstance(value, dict):
            return {key: self._without(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._without(item, (*path, index)) for index, item in enumerate(value)]
        return cut_secrets(value, self._spans.get(path, ())) if isinstance(value, str) else value


def _blank(value: JsonValue) -> JsonValue:
    """Return what a Secret holds without it: its names stay."""
    return dict.fromkeys(value, HIDDEN) if isinstance(value, dict) else HIDDEN


def _in_map(value: JsonObject, path: Path) -> Iterator[PlacedSecret]:
    name = value.get("name")
    for key, item in value.items():
        place = (*path, key)
        if key == "value" and isinstance(item, str) and isinstance(name, str):
            yield from _under(name, item, place)
        elif key not in _NO_SECRET_FIELDS or not isinstance(item, str):
            yield from secrets_in(item, place)


def _name_of(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _under(name: str, value: str, path: Path) -> Iterator[PlacedSecret]:
    spans = secrets_in_text(value)
    if spans:
        if not (all(span.what == RANDOM for span in spans) and _compiled(_PUBLIC_NAME).search(name)):
            yield from (PlacedSecret(path, span) for span in spans)
    elif is_secret_under(name, value):
        yield PlacedSecret(path, SecretSpan(0, len(value), f"the value of {name}"))


def _shapes(text: str) -> Iterator[SecretSpan]:
    if len(text) >= _SHORTEST_MARKED and _has_any(text, _MARKS):
        for found in _compiled(_SHAPE).finditer(text):
            if not found[0].endswith(_EXAMPLE):
                yield SecretSpan(found.start(), found.end(), _SHAPES[(found.lastindex or 1) - 1][0])
    if _has_any(text.lower(), ("bearer", "authorization")):
        for found in _compiled(_HEADER).finditer(text):
            if not _compiled(_PLACEHOLDER).match(found[1]):
                yield SecretSpan(*found.span(1), "what a request is authorized by")


def _has_any(text: str, marks: Iterable[str]) -> bool:
    for mark in marks:  # noqa: SIM110 - a generator costs more than what it looks for
        if mark in text:
            return True
    return False


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile where it is first asked for: most runs meet few of these."""
    return re.compile(pattern)


def _in_uris(text: str) -> Iterator[SecretSpan]:
    if "://" not in text or not _has_any(text, ("@", "=", "/services/", "/webhooks/", "/p/")):
        return
    for uri in _compiled(_URI).finditer(text):
        at, words = uri.start(), uri[0]
        user = _compiled(_USER).search(words)
        if user is not None and user[2] and not _compiled(_PLACEHOLDER).match(user[2]):
            yield SecretSpan(at + user.start(2), at + user.end(2), "a password in a URI")
        elif user is not None and user[2] is None and any(_random(user[1])):
            yield SecretSpan(at + user.start(1), at + user.end(1), "a token in a URI")
        for parameter in _compiled(_PARAMETER).finditer(words):
            if _compiled(_PLACEHOLDER).match(parameter[2]):
                continue
            plain = re.sub(r"[^a-z]", "", parameter[1].lower())
            if plain in _SIGNING or is_telling_name(parameter[1]):
                yield SecretSpan(at + parameter.start(2), at + parameter.end(2), f"{parameter[1]} in a URI")
        for found in _compiled(_URI_PATH).finditer(words):
            start, end = found.span(found.lastindex or 0)
            yield SecretSpan(at + start, at + end, "a token in a URI")


def _assigned(text: str, *, in_prose: bool) -> Iterator[SecretSpan]:
    if not _has_any(text.lower(), _MAY_TELL):
        return
    for found in _compiled(_PAIR).finditer(text):
        if is_secret_under(found["name"], found["value"]):
            yield SecretSpan(*found.span("value"), f"the value of {found['name']}")
    for found in (*_compiled(_ASSIGNED).finditer(text), *_compiled(_FLAG).finditer(text)):
        group = next(name for name in ("double", "single", "plain") if found[name] is not None)
        if not is_secret_under(found["name"], found[group]):
            continue
        is_bare = found.groupdict().get("sign") == ":" and group == "plain"
        if in_prose or not is_bare or not _is_prose(text, *found.span()):
            yield SecretSpan(*found.span(group), f"the value of {found['name']}")


def _is_prose(text: str, start: int, end: int) -> bool:
    """Whether `name: value` is part of a sentence: neither a line of its own, or an item, nor all of a quotation."""
    before, after = text[text.rfind("\n", 0, start) + 1 : start], text[end : end + 1]
    return not (after in {"", "\n", "\r"} and not before.strip(" -")) and not (
        after in {'"', "'"} and before[-1:] == after
    )


def _random(text: str) -> Iterator[SecretSpan]:
    if len(text) < _SHORTEST_RUN or text.islower() or ("-----" in text and _compiled(_PUBLIC_BLOCK).search(text)):
        return
    uris = [found.span() for found in _compiled(_URI).finditer(text)] if "://" in text else []
    for found in _compiled(_RUN).finditer(text):
        run = found[0].rstrip("=")
        if any(start <= found.start() < end for start, end in uris) or not _is_mixed(run):
            continue
        before = text[max(0, found.start() - 8) : found.start()]
        if _compiled(_PUBLIC).search(before) or _compiled(_PUBLIC).match(run) or _is_plain_inside(found[0]):
            continue
        yield SecretSpan(found.start(), found.end(), RANDOM)


def _is_mixed(run: str) -> bool:
    """Whether the classes of letters change as often as they do in no name."""
    classes = [0 if c.islower() else 1 if c.isupper() else 2 if c.isdigit() else _OTHER for c in run]
    if min(classes.count(0), classes.count(1), classes.count(2)) < _LEAST_OF_EACH:
        return False
    pairs = [pair for pair in pairwise(classes) if _OTHER not in pair]  # a slash also parts the folders of a path
    changes = sum(left != right for left, right in pairs)
    return changes >= _CHANGES * len(pairs) and len(set(run)) * 3 > min(len(run), 62)


def _is_plain_inside(run: str) -> bool:
    """Whether base64 of a text that holds no secret itself."""
    try:
        inside = base64.b64decode(run + "=" * (-len(run) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return not any(_shapes(inside)) and all(c.isprintable() or c.isspace() for c in inside)
