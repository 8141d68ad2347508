"""A packed Helm chart in; its files by name out, in bounds: nothing is written, no link is followed."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from kservegen.core.errors import GeneratorError

LARGEST_PACKED: Final = 32 << 20
LARGEST_UNPACKED: Final = 128 << 20
MOST_FILES: Final = 10_000
_GZIP: Final = 31  # window bits of zlib for data with gzip's own head and tail
_HINT: Final = "Name a chart as helm package writes it, or files of its CRDs."


class PackedFile(NamedTuple):
    """A file of an archive, by its path in there."""

    name: str
    content: bytes


def read_chart(content: bytes, name: str) -> Iterator[PackedFile]:
    """Yield the files of a packed chart in their order; GeneratorError for what is none, or leaves the bounds."""
    if len(content) > LARGEST_PACKED:
        raise _refusal(name, f"is larger than {LARGEST_PACKED >> 20} MiB")
    try:
        with tarfile.open(fileobj=BytesIO(_unpacked(content, name)), mode="r:") as archive:
            for number, member in enumerate(archive, start=1):
                if number > MOST_FILES:
                    raise _refusal(name, f"holds more than {MOST_FILES:,} files")
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts:
                    raise _refusal(name, "holds a path that leads out of it")
                if member.islnk() or member.issym():
                    raise _refusal(name, "holds a link, which no chart needs")
                if member.issparse():  # a few bytes that unpack to any number of zeros
                    raise _refusal(name, "holds a sparse file, which no chart needs")
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield PackedFile(path.as_posix(), stream.read())
    except (tarfile.TarError, EOFError, ValueError, RecursionError) as problem:  # tarfile follows heads of heads
        raise _refusal(name, "is no packed chart") from problem


def _unpacked(content: bytes, name: str) -> bytes:
    reader = zlib.decompressobj(wbits=_GZIP)
    try:
        data = reader.decompress(content, LARGEST_UNPACKED + 1)
    except zlib.error as problem:
        raise _refusal(name, "is no packed chart") from problem
    if len(data) > LARGEST_UNPACKED:
        raise _refusal(name, f"unpacks to more than {LARGEST_UNPACKED >> 20} MiB")
    if not reader.eof:
        raise _refusal(name, "is cut off")
    return data


def _refusal(name: str, reason: str) -> GeneratorError:
    return GeneratorError(f"the archive {reason}", subject=name, hint=_HINT)
