"""Which server runs in an image, and its version: the name of an image in, what is known of it out.

Source: the release notes of llm-d, Dockerfiles and tags of KServe, model cards of Red Hat; see `facts/servers/`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.servers.tables import read_server_table

HUGGINGFACE: Final = "huggingfaceserver"
VLLM: Final = "vllm"
_FORK: Final = "+fork"
_HOST: Final = lazy_pattern(r"[^/]*[.:][^/]*/")
_RELEASE: Final = lazy_pattern(r"\d+\.\d+(\.\d+)*(\.post\d+)?")


class ServerInImage(NamedTuple):
    """A server: its name in `facts/servers/`, its version and that of the vLLM inside; blank where it is not known.

    `is_sure` is False for forks, and for copies in other registries, which may have been changed; `is_own` says that
    the image is nobody's that is known, and only the command names the server.
    """

    name: str
    version: str = ""
    vllm: str = ""
    is_sure: bool = True
    is_own: bool = False


@lru_cache(maxsize=256)
def server_in(image: str) -> ServerInImage | None:
    """Return what runs in an image; None for images that nobody knows."""
    tagged = image.partition("@")[0]
    found = _match(tagged)
    if found is not None:
        return found
    # A mirror keeps the path and changes what stands before it.
    rest = tagged
    while _HOST.match(rest) or rest.count("/") > 1:
        rest = rest.partition("/")[2]
        for candidate in (rest, f"ghcr.io/{rest}", f"nvcr.io/{rest}"):
            found = _match(candidate)
            if found is not None:
                return found._replace(is_sure=False)
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], JsonObject], ...]:
    rows = (mapping(row) for row in sequence(read_server_table("images").get("images")))
    return tuple((re.compile(text(row.get("match"))), row) for row in rows)


def _match(image: str) -> ServerInImage | None:
    for pattern, row in _patterns():
        match = pattern.match(image)
        if match is None:
            continue
        server = text(row.get("server"))
        server = server.replace("{2}", match[2]) if "{2}" in server else server
        if not server:
            return None
        sure = "sure" not in row or (bool(row["sure"]) and text(row["sure"]) in image)
        tag = image.rpartition(":")[2].removeprefix("rhoai-").removeprefix("v")
        release = _RELEASE.match(tag)
        if server == HUGGINGFACE:
            number = release[0] if release else ""
            inside = text(row.get("vllm")) or text(mapping(row.get("vllm_by_tag")).get(number))
            return ServerInImage(server, number, inside, is_sure=sure)
        version = release[0] if release else ""
        if "by_tag" in row:
            version = _by_tag(mapping(row["by_tag"]), tag)
        return ServerInImage(server, version.removesuffix(_FORK), is_sure=sure and not version.endswith(_FORK))
    return None


def _by_tag(versions: JsonObject, tag: str) -> str:
    """Look a tag up, without what follows the numbers: 3.2.1-cuda, 0.8.0."""
    parts = re.split(r"[-.]", tag)
    for size in range(len(parts), 0, -1):
        found = versions.get(".".join(parts[:size]))
        if found is not None:
            return text(found)
    return ""
