"""A checkpoint that the table does not hold, by the model that it was made from: its name in; whose dimensions to take.

Quantised checkpoints keep the name of their model and add how they store it. Dimensions are the model's own, the size
of the files is not: which modules were left as they were differs from one publisher to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern

# Endings of names, by how the weights are stored; longest first where one holds another.
_ENDINGS: Final = (
    ("fp8", r"fp8([-_]?(dynamic|block|kv|tensorwise))?|w8a8[-_]fp8|float8"),
    ("int8", r"quantized\.w8a8|quantized\.w8a16|w8a8|w8a16|int8|gptq[-_]int8|8bit|gptq[-_]8bit"),
    ("nvfp4", r"nvfp4(a16|[-_]fp8)?|fp4"),
    ("mxfp4", r"mxfp4"),
    ("awq", r"awq([-_](4bit|int4|gemm|w4a16))?"),
    ("gptq", r"gptq([-_](int4|4bit))?"),
    ("bitsandbytes", r"(unsloth[-_])?bnb([-_]4bit)?"),
    ("int4", r"quantized\.w4a16|(qat[-_])?w4a16([-_]ct)?|int4([-_]autoround)?|autoround([-_]int4)?|4bit"),
)
_ENDING: Final = lazy_pattern(
    "^(?P<base>.+?)[-_.](?:" + "|".join(f"(?P<{method}>{words})" for method, words in _ENDINGS) + ")$", re.IGNORECASE
)
_PREFIXES: Final = ("meta-",)
_TAUGHT_NAMES: Final = ("instruct", "it", "chat", "bf16", "hf")
_TAUGHT: Final = lazy_pattern(r"-(instruct|it|chat|base|pt|hf|bf16)$")
# Where the name of another model can begin in a name, and what such a name has at least: a family before its size.
_BOUNDARY: Final = lazy_pattern(r"[-_]")
_SIZED: Final = lazy_pattern(r"^[a-z]+[a-z0-9.]*-?[a-z0-9.]*-[0-9.]+b(-a[0-9.]+b)?$")


class Sibling(Struct, frozen=True):
    """The model that a checkpoint was made from, and how it stores the weights."""

    name: str
    quantization: str


def sibling_of(name: str, known: Mapping[str, str]) -> Sibling | None:
    """Return the sibling of a repository among the `known` (names by their lower-case tail); None where there is none.

    `Qwen/Qwen3-14B-AWQ` is a sibling of `Qwen/Qwen3-14B`; whoever publishes it, the dimensions are the same. So are
    those of the model before it was taught to follow instructions, and of one that was taught further and says what
    it was made from (`Hermes-3-Llama-3.1-8B`).
    """
    tail = name.rpartition("/")[2].lower()
    found = _ENDING.match(tail)
    method = next((method for method, _ in _ENDINGS if found and found[method] is not None), "")
    for base in _names(found["base"] if found else tail):
        if base in known:
            return Sibling(known[base], method)
    return None


def _names(base: str) -> Iterator[str]:
    """Yield the names that a model can have in the table, the nearest first."""
    plain = _TAUGHT.sub("", base)
    for word in dict.fromkeys((base, plain)):
        for prefix in ("", *_PREFIXES):
            bare = word.removeprefix(prefix)
            yield bare
            yield from (f"{bare}-{ending}" for ending in _TAUGHT_NAMES)
    for match in _BOUNDARY.finditer(plain):
        rest = plain[match.end() :]
        if _SIZED.search(rest):
            yield rest
            yield from (f"{rest}-{ending}" for ending in _TAUGHT_NAMES)


def by_tail(names: Iterable[str]) -> dict[str, str]:
    """Return names of repositories by what stands after the owner, in lower case; the first of several counts."""
    found: dict[str, str] = {}
    for name in names:
        tail = name.rpartition("/")[2].lower()
        for word in (tail, *(tail.removeprefix(prefix) for prefix in _PREFIXES)):
            found.setdefault(word, name)
    return found
