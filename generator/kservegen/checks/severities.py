"""What an environment says a rule weighs: diagnostics in, weighed out; a weight that changes nothing, found.

`ignore` takes a finding away. It was `off` at first, which YAML 1.1 reads as false and our own reader refuses without
quotes; quoted it still does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from kservegen.checks.registry import find_manual
from kservegen.core.diagnostics import Diagnostic, Finding, Severity
from kservegen.core.jsontypes import JsonObject
from kservegen.core.manual import written_manuals
from kservegen.core.problem import Problem, to_finding
from kservegen.core.suggest import did_you_mean

# What makes a file unreadable or an object refused stays an error, and a waiver is held to what it says.
_FIXED_AREAS: Final = frozenset({"yaml", "catalog", "schema", "internal", "waiver", "owners"})
# What is found beyond one environment, of whose files are written or of what several deploy.
_FIXED: Final = frozenset(
    {
        "gitops/case-collision",
        "gitops/foreign-file",
        "gitops/hydrated-revision",
        "gitops/left-behind",
        "gitops/left-behind-guard",
        "gitops/not-a-file",
        "gitops/not-rendered",
        "gitops/output-attributes",
        "gitops/output-ignored",
        "gitops/permit-expired",
        "gitops/removal-guard",
        "gitops/restart-guard",
        "gitops/rights-guard",
        "gitops/shared-namespace",
        "gitops/shared-object",
        "gitops/stale-output",
        "gitops/symlink-in-output",
    }
)
_IGNORED: Final = frozenset({"ignore", "off"})


def weigh(diagnostics: Iterable[Diagnostic], severities: JsonObject) -> Iterator[Diagnostic]:
    """Give each diagnostic the weight that the environment states for its rule."""
    for diagnostic in diagnostics:
        wanted = severities.get(diagnostic.rule)
        if not isinstance(wanted, str) or _is_fixed(diagnostic.rule):
            yield diagnostic
        elif wanted not in _IGNORED:
            yield replace(diagnostic, severity=Severity(wanted))


def check_severities(severities: JsonObject, known: Collection[str]) -> Iterator[Finding]:
    """Find weights of rules that there are none of, or that no weight changes; paths are the environment's words."""
    for rule, wanted in severities.items():
        if wanted is None:  # takes back what the defaults state
            continue
        path = ("severities", rule)
        if rule not in known:
            problem = Problem(path, f"there is no rule {rule}", rule, hint=_meant(rule, known), at_key=True)
            yield to_finding(written_manuals()["catalog/unknown-rule"], problem)
        elif _is_fixed(rule):
            problem = Problem(path, f"no severity changes what {rule} weighs", rule, at_key=True)
            yield to_finding(written_manuals()["catalog/fixed-severity"], problem)


def _meant(rule: str, known: Collection[str]) -> str:
    manual = find_manual(rule)  # by an id of the table of KServe's rules
    return f"Write {manual.id}." if manual is not None else did_you_mean(rule, known)


def _is_fixed(rule: str) -> bool:
    return rule.partition("/")[0] in _FIXED_AREAS or rule in _FIXED
