"""Kubernetes' own verdicts and defaults: Deployments and Services in, what the Go program of go_podspec says out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from tests.support.go_programs import go_binary

from kservegen.core.jsontypes import JsonObject


class Answer(NamedTuple):
    """Field errors; the document as Go writes it, and with its defaults (None where it does not decode)."""

    errors: list[JsonObject]
    written: JsonObject | None
    defaulted: JsonObject | None


Ask: TypeAlias = Callable[[Iterable[JsonObject]], list[Answer]]


def go_ask() -> Ask:
    """Return what asks the program; a test is skipped where there is no Go, and fails in CI."""
    binary = go_binary("go_podspec")

    def ask(documents: Iterable[JsonObject]) -> list[Answer]:
        lines = "".join(json.dumps(document) + "\n" for document in documents)
        done = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True)
        return [Answer(**json.loads(line)) for line in done.stdout.splitlines()]

    return ask
