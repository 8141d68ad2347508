"""What an environment says a rule weighs: diagnostics in, weighed out; a word for a rule that there is none of, found.

`ignore` takes a finding away. It was `off` at first, which YAML 1.1 reads as false and our own reader refuses without
quotes; quoted it still does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

from kservegen.core.diagnostics import Diagnostic, Finding, Severity
from kservegen.core.jsontypes import JsonObject
from kservegen.core.manual import written_manuals
from kservegen.core.problem import Problem, to_finding
from kservegen.core.suggest import did_you_mean

# What makes a file unreadable or an object refused stays an error.
_FIXED: Final = frozenset({"yaml", "catalog", "schema", "internal"})
_IGNORED: Final = frozenset({"ignore", "off"})


def weigh(diagnostics: Iterable[Diagnostic], severities: JsonObject) -> Iterator[Diagnostic]:
    """Give each diagnostic the weight that the environment states for its rule."""
    for diagnostic in diagnostics:
        wanted = severities.get(diagnostic.rule)
        if not isinstance(wanted, str) or diagnostic.rule.partition("/")[0] in _FIXED:
            yield diagnostic
        elif wanted not in _IGNORED:
            yield replace(diagnostic, severity=Severity(wanted))


def unknown_rules(severities: JsonObject, known: Collection[str]) -> Iterator[Finding]:
    """Find words for rules that there are none of; paths are paths of the environment's words."""
    for rule in severities:
        if rule not in known:
            hint = did_you_mean(rule, known)
            problem = Problem(("severities", rule), f"there is no rule {rule}", rule, hint=hint, at_key=True)
            yield to_finding(written_manuals()["catalog/unknown-rule"], problem)
