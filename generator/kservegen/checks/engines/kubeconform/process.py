"""Documents in, what the kubeconform binary says of those it refuses out; one process, no shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue

VARIABLE: Final = "KSERVEGEN_KUBECONFORM"
INSTALL: Final = "go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
_REFUSING: Final = (0, 1)  # 1: it refuses something, which its output says


class Refusal(NamedTuple):
    """What it says of one document. `speaks_of_schema`: the schema speaks; else it could not validate."""

    speaks_of_schema: bool
    message: str


def find_binary() -> str:
    """Return the binary's path; GeneratorError that says how to install it."""
    named = os.environ.get(VARIABLE)
    found = shutil.which(named or "kubeconform")
    if found is None:
        raise GeneratorError(
            f"there is no such program, though {VARIABLE} names it" if named else "kubeconform is not on the path",
            subject=named or "--engine kubeconform",
            hint=f"Install it: {INSTALL}, or name it in {VARIABLE}.",
        )
    return found


def run(binary: str, documents: Sequence[JsonValue], locations: Sequence[str]) -> dict[int, Refusal]:
    """Validate documents by the schemas at `locations`; return what is refused by position.

    Raises GeneratorError where the binary cannot be run or says what nobody understands.
    """
    with tempfile.TemporaryDirectory(prefix="kservegen-") as folder:
        for number, document in enumerate(documents):
            (Path(folder) / f"{number}.json").write_text(json.dumps(document), "utf-8")
        words = [binary, "-n", str(os.cpu_count() or 1), "-output", "json", "-strict"]
        words += [word for location in locations for word in ("-schema-location", location)]
        try:
            done = subprocess.run([*words, folder], capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
        except OSError as error:
            raise GeneratorError(
                f"cannot be run: {error.strerror}", subject=binary, hint=f"Install it anew: {INSTALL}."
            ) from error
    if done.returncode not in _REFUSING:
        raise _failure(binary, f"ended with exit code {done.returncode}", done.stderr)
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        raise _failure(binary, "printed no JSON", done.stderr or done.stdout) from error
    return dict(_refusal(mapping(item)) for item in sequence(mapping(report).get("resources")))


def _refusal(item: JsonObject) -> tuple[int, Refusal]:
    number = int(Path(text(item.get("filename"))).stem)
    return number, Refusal(item.get("status") == "statusInvalid", text(item.get("msg")))


def _failure(binary: str, what: str, said: bytes) -> GeneratorError:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return GeneratorError(
        f"{what}{': ' + lines[-1] if lines else ''}", subject=binary, hint=f"Is it kubeconform? {INSTALL}."
    )
