"""What is asked of the Hugging Face Hub: a started server in, the repository and whether it is gated out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fnmatch import translate
from functools import cache
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import packaged_data
from kservegen.kserve.servers.command_line import StartedServer
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM

# Variables that a token is read from (huggingface_hub, constants and utils/_auth).
TOKENS: Final = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"})
# Another hub, which may hold copies that everybody reads.
MIRROR: Final = "HF_ENDPOINT"
_OFFLINE: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_YES: Final = frozenset({"1", "ON", "YES", "TRUE"})
_REPOSITORY: Final = lazy_pattern(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def asked_repository(started: StartedServer) -> str:
    """Return the repository that a server downloads its model from itself; blank where it reads a folder, or else."""
    said = started.given
    if started.server.is_own or not started.line.is_whole or "--config" in said:
        return ""
    if started.server.name == HUGGINGFACE:
        given = said.get("--model_id") if "--model_dir" not in said else None
    elif started.server.name == VLLM:
        first = started.line.words[0] if started.line.serves and started.line.words else None
        if first is not None and first.is_known and _REPOSITORY.fullmatch(first.text):
            return first.text
        given = said.get("--model")
    else:
        return ""
    value = given.values[0] if given is not None and given.values else None
    return value.text if value is not None and value.is_known and _REPOSITORY.fullmatch(value.text) else ""


def offline_variable(environment: Mapping[str, str | None]) -> str:
    """Return the variable that keeps downloads from the Hub away; blank where none does."""
    return next((name for name in _OFFLINE if (environment.get(name) or "").upper() in _YES), "")


def is_gated(repository: str) -> bool:
    """Whether a repository lets nobody in without a token, as `facts/gated.json` has it: of others nothing is known."""
    return _gated().match(repository) is not None


@cache
def _gated() -> re.Pattern[str]:
    table = mapping(json.loads((packaged_data() / "facts" / "gated.json").read_text("utf-8")))
    patterns = (text(mapping(entry).get("pattern")) for entry in sequence(table.get("repositories")))
    return re.compile("|".join(map(translate, patterns)))
