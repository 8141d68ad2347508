"""A document and a source of chance in; a document that is wrong in a few places out: in its shape, then in its bytes.

Edits know what documents are made of: they change types, drop and repeat parts, move parts of one document into
another, and write what has broken readers and arithmetic before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Final, TypeAlias

import yaml

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue

Container: TypeAlias = JsonObject | JsonArray

TEXTS: Final[tuple[str, ...]] = (
    "", " ", "-", "null", "~", "true", "yes", "on", "0", "-1", "00", "1e3", "1e99999999", "-1e999999999", ".nan",
    ".inf", "0x10", "1_000", "9" * 30, "9" * 5000, "1.5", "8Gi", "-8Gi", "1e400Gi", "0.5", "100%", "-5%",
    "9" * 40 + "%",
    "²", "\u0661", "1²", "²%", "\u0663k", "²k", "s3://", "://", "hf://a/b:c:d", "hf://", "pvc://",
    "oci://r.example.com/a@sha256:0",
    "https://[::1", "https://h:99999999999/x", "http://a b/%zz", "${A}", "$(A)", "$$(", "{{ .Name }}", "{{", "}}",
    "{{ range }}", "(a+)+$", "[", "(?<=a)b", "(?P<n>x)", "\\C", "^$", "a" * 64, "a" * 254, "A_b", "a/b/c", "/", "//",
    "../x", "x\ty", "x\r\ny", "\x1b[31m", "::error::x", "\u202e", "\u2028", "\x85", "\ufeff", "\U0001f600", "é" * 20,
    "v0.19.0", "v0.20.0", "v9.9.9", "v0", "2026-02-30", "2026-01-01", "2026-01-01T00:00:00Z", "12:30:45", "1.34", "9.9",
    "nvidia.com/gpu", "kserve/storage-uri", "policy/no-privileged", "internal/rule-crashed", "$patch", "replace",
    "delete", "PreferNoSchedule", "--tensor-parallel-size=0", "--max-model-len=²", "--gpu-memory-utilization=nan",
    "--gpu-memory-utilization=inf", "--max-num-seqs=1e9", "--cpu-offload-gb=inf", "--block-size=0", "--x", "--", "-",
    '{"a":', "[1,2", '{"a":[{"b":null}]}', "'", '"', "#", "&a", "*a", "!!x", "%YAML", "---", "...", "|", ">-", "@", "`",
)  # fmt: skip
NUMBERS: Final[tuple[int | float, ...]] = (
    0, -1, 1, 2, 16, 1000, 65535, 65536, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1,
    2**64, 10**30, 10**4299, 0.0, -0.0, 0.1, 1.5, 1e-9, 1e16, 1e21, 1e300, 5e-324, 1e308,
)  # fmt: skip
WORDS: Final[tuple[str, ...]] = (
    "name", "namespace", "kind", "metadata", "spec", "env", "volumes", "volumeMounts", "ports", "containers", "args",
    "command", "resources", "requests", "limits", "memory", "cpu", "image", "labels", "annotations", "uri",
    "storageUri",
    "minReplicas", "maxReplicas", "replicas", "value", "valueFrom", "profile", "environments", "accelerator", "$patch",
    "owner", "rule", "expires", "reason", "model", "template", "worker", "lora", "adapters", "router", "items", "null",
    "hostAliases", "imagePullSecrets", "topologySpreadConstraints", "tolerations", "nodeSelector", "affinity", "uid",
)  # fmt: skip


def _odd(random: Random) -> JsonValue:
    """Return a value that nobody asked for."""
    draw = random.random()
    if draw < 0.35:
        return random.choice(TEXTS)
    if draw < 0.55:
        return random.choice(NUMBERS)
    if draw < 0.7:
        return random.choice((None, True, False))
    one: JsonValue = random.choice((None, "a", 1, 0.5, {}, []))
    held: tuple[JsonValue, ...] = (
        {},
        [],
        [one],
        {random.choice(WORDS): one},
        [[one]],
        [{"name": one}],
        {"a": {"b": one}},
    )
    return random.choice(held)


def containers(value: JsonValue) -> list[Container]:
    """List the maps and lists in a value that hold something."""
    found: list[Container] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict | list) and item:
            found.append(item)
            waiting.extend(item.values() if isinstance(item, dict) else item)
    return found


def _any_key(holder: Container, random: Random) -> str | int:
    return random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))


def _put(holder: Container, key: str | int, value: JsonValue) -> None:
    holder[key] = value  # type: ignore[index] # the key is one of the holder's own


def _get(holder: Container, key: str | int) -> JsonValue:
    return holder[key]  # type: ignore[index] # as above


def _replace(holder: Container, random: Random, _others: Sequence[Container]) -> None:
    _put(holder, _any_key(holder, random), _odd(random))


def _wrap(holder: Container, random: Random, _others: Sequence[Container]) -> None:
    key = _any_key(holder, random)
    value = deepcopy(_get(holder, key))
    _put(holder, key, random.choice(([value], {"name": value}, [value, value], str(value)[:100])))


def _drop(holder: Container, random: Random, _others: Sequence[Container]) -> None:
    key = _any_key(holder, random)
    del holder[key]  # type: ignore[arg-type] # as above


def _repeat(holder: Container, random: Random, _others: Sequence[Container]) -> None:
    value = deepcopy(_get(holder, _any_key(holder, random)))
    if isinstance(holder, list):
        holder.insert(random.randrange(len(holder) + 1), value)
    else:
        holder[random.choice(WORDS)] = value


def _rename(holder: Container, random: Random, _others: Sequence[Container]) -> None:
    if isinstance(holder, dict):
        key = random.choice(list(holder))
        holder[random.choice((random.choice(WORDS), random.choice(TEXTS), key + "s", key.upper()))] = holder.pop(key)


def _graft(holder: Container, random: Random, others: Sequence[Container]) -> None:
    other = random.choice(others)
    _put(holder, _any_key(holder, random), deepcopy(_get(other, _any_key(other, random))))


def _insert(holder: Container, random: Random, _others: Sequence[Container]) -> None:
    if isinstance(holder, dict):
        holder[random.choice(WORDS)] = _odd(random)
    else:
        holder.append(_odd(random))


_EDITS: Final[tuple[Callable[[Container, Random, Sequence[Container]], None], ...]] = (
    _replace, _replace, _replace, _wrap, _drop, _repeat, _rename, _graft, _graft, _insert,
)  # fmt: skip


def mutate(value: JsonValue, random: Random, edits: int) -> JsonValue:
    """Edit a copy of a value in a few places."""
    value = deepcopy(value)
    for _ in range(edits):
        found = containers(value)
        if not found:
            break
        random.choice(_EDITS)(random.choice(found), random, found)
    return value


def write_document(value: JsonValue, random: Random) -> str:
    """Write a value as JSON, or as YAML in one of its styles."""
    style = random.randrange(4)
    if style < 2:
        return json.dumps(value, ensure_ascii=style == 1) + "\n"
    written: str = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=style == 2, sort_keys=False, width=200)
    return written


_SCRAPS: Final[tuple[bytes, ...]] = (
    b"\r", b"\n", b"\r\n", b"\t", b" ", b"  ", b"---\n", b"\n---\n", b"\r---\n", b"...\n", b"- ", b": ", b"? ", b"&a ",
    b"*a", b"<<: *a", b"!!str ", b"!!binary ", b"|\n", b">-\n", b"#", b" #", b"{", b"}", b"[", b"]", b",", b"'", b'"',
    b"\\", b"\x00", b"\x1b", b"\x7f", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80", b"%YAML 1.1\n", b"%TAG ! x\n", b"0o17", b".nan", b"{{ .Values.x }}", b"\\ud800", b"\\u0000",
)  # fmt: skip


def scratch(content: bytes, random: Random, edits: int) -> bytes:
    """Edit bytes in a few places: what is no document any more, or another one."""
    for _ in range(edits):
        at, draw = random.randrange(len(content) + 1), random.random()
        if draw < 0.55:
            content = content[:at] + random.choice(_SCRAPS) + content[at:]
        elif draw < 0.75:
            content = content[:at] + content[at + random.choice((1, 1, 2, 8, 40)) :]
        elif draw < 0.9:
            start = random.randrange(len(content) + 1)
            content = content[:at] + content[start : start + random.choice((4, 16, 64))] + content[at:]
        else:
            content = content[:at]
    return content
