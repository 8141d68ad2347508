"""A document, or an environment's own words, in; what stands there in plain text and is secret out, never repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from kservegen.catalog.sections import ENTRY_SECTIONS
from kservegen.checks.registry import manuals
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.problem import Problem, to_finding
from kservegen.core.secrets import HIDDEN, RANDOM, may_hold_secrets, secrets_in

if TYPE_CHECKING:  # a rule is made of this module, and manifests have no environment
    from kservegen.catalog.resolve import ResolvedEnvironment

_SHORTEST: Final = 3  # what is shorter guards nothing


def secret_problems(doc: JsonObject) -> Iterator[Problem]:
    """Yield each text of a document that holds a secret, once."""
    if not may_hold_secrets(doc):
        return
    told: set[Path] = set()
    for path, span in secrets_in(doc):
        if path in told or span.end - span.start < _SHORTEST:
            continue
        told.add(path)
        doubtful = span.what == RANDOM
        message = (
            "letters and digits in no order stand here: is it a key?" if doubtful else f"{span.what} is in plain text"
        )
        yield Problem(path, message, seen=HIDDEN, severity=Severity.WARNING if doubtful else None)


def check_own_words(environment: ResolvedEnvironment) -> Iterator[Finding]:
    """Check what an environment says outside its entries, whose objects are checked whole: chart values, Git, pools."""
    manual = manuals()["catalog/plain-secret"]
    words: JsonObject = {key: value for key, value in environment.value.items() if key not in ENTRY_SECTIONS}
    for problem in secret_problems(words):
        yield to_finding(manual, problem)
