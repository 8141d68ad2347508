"""The header of a safetensors file in; the bytes of its tensors by dtype out.

The format: eight bytes with the length of the header, little-endian, then the header as JSON: by tensor its dtype,
shape and offsets. The length comes from whoever wrote the file, so nothing beyond a limit is ever read.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from kservegen.catalog.lock.artefact import Artefact
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.errors import GeneratorError

# The format's own readers stop at 100 MB; the largest header of a published model is about a tenth of that.
LARGEST_HEADER: Final = 32 << 20
# Most headers are shorter, so that one request is enough.
_FIRST: Final = 128 << 10
_LENGTH: Final = 8


def tensor_bytes(artefact: Artefact, name: str, subject: str) -> Counter[str]:
    """Return the bytes of one file's tensors by dtype; GeneratorError for a header that is none."""
    start = artefact.read(name, 0, _FIRST)
    length = int.from_bytes(start[:_LENGTH], "little")
    if len(start) < _LENGTH or not 2 <= length <= LARGEST_HEADER:
        raise _broken(name, subject, f"its header is said to be {length:,} bytes long")
    header = start[_LENGTH : _LENGTH + length]
    if len(header) < length:
        header += artefact.read(name, _LENGTH + len(header), length - len(header))
    try:
        document = json.loads(header)
    except (ValueError, RecursionError) as problem:
        raise _broken(name, subject, "its header is no JSON") from problem
    if len(header) != length or not isinstance(document, dict):
        raise _broken(name, subject, "its header is cut off, or is no map")
    return _count(document, name, subject)


def _count(document: dict[str, object], name: str, subject: str) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for tensor, value in document.items():
        if tensor == "__metadata__":
            continue
        entry = mapping(value)  # type: ignore[arg-type]
        offsets = [integer(item) for item in sequence(entry.get("data_offsets"))]
        match offsets:
            case [int(first), int(end)] if 0 <= first <= end and text(entry.get("dtype")):
                sizes[text(entry.get("dtype"))] += end - first
            case _:
                raise _broken(name, subject, f"tensor {tensor[:80]} has no dtype or no offsets")
    return sizes


def _broken(name: str, subject: str, problem: str) -> GeneratorError:
    return GeneratorError(
        f"{name} is no safetensors file that can be read: {problem}",
        subject=subject,
        hint="Give the facts by hand: kservegen lock MODEL --facts FILE.",
    )
