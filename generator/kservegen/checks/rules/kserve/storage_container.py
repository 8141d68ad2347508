"""A ClusterStorageContainer in; findings out where its formats match nothing, or break every pod that comes by."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.document import mapping, sequence
from kservegen.core.resource import Resource

STAGE: Final = Stage.RUN

META: Final = RuleMeta(
    id="kserve/storage-container",
    title="A storage container's formats do not do what they say",
    why="No webhook looks at a ClusterStorageContainer. A regex that does not compile refuses every pod whose URI "
    "reaches it, whoever's it is; where an entry has both, the prefix is taken and the regex never looked at.",
    fix="Write one of prefix and regex for each format, the regex in Go's dialect: no look-around, no back-references.",
    bad="spec: {supportedUriFormats: [{regex: '('}]}",
    good="spec: {supportedUriFormats: [{regex: 'https://models[.]example[.]com/.+'}]}",
    upstream=("CSC-02", "pkg/apis/serving/v1alpha1/storage_container_types.go"),
)

# What Python reads and Go does not.
_NOT_IN_GO: Final = re.compile(r"(?<!\\)(?:\\\\)*\((?:\?[=!>(]|\?<[=!])|(?<!\\)(?:\\\\)*\\[1-9]")

_ONLY_IN_GO: Final = re.compile(r"\\[zpPQCaf]|\(\?[a-zA-Z^-]")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for index, entry in enumerate(map(mapping, sequence(mapping(resource.doc.get("spec")).get("supportedUriFormats")))):
        regex = entry.get("regex")
        if not isinstance(regex, str) or not regex:
            continue
        path = ("spec", "supportedUriFormats", index, "regex")
        if entry.get("prefix"):
            message = "the regex is never looked at: the entry has a prefix too"
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, severity=Severity.WARNING)
        elif problem := _problem(regex):
            message = f"error parsing regexp: {problem}"
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=regex)


def _problem(regex: str) -> str:
    if _NOT_IN_GO.search(regex):
        return "invalid or unsupported Perl syntax"
    # What only Go knows (\z, \pL, flags amid the text) is no mistake, and Python cannot tell.
    if _ONLY_IN_GO.search(regex):
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(regex)
    except (re.error, OverflowError, RecursionError) as problem:
        return str(problem)
    return ""


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"ClusterStorageContainer"}))
