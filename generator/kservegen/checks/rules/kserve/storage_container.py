"""A storage container's formats do not do what they say.

No webhook looks at a ClusterStorageContainer. A regex that does not compile refuses every pod whose URI reaches it,
whoever's it is; where an entry has both, the prefix is taken and the regex never looked at.

Fix: Write one of prefix and regex for each format, the regex in Go's dialect: no look-around, no back-references.
Bad:
    spec: {supportedUriFormats: [{regex: '('}]}
Good:
    spec: {supportedUriFormats: [{regex: 'https://models[.]example[.]com/.+'}]}
Upstream: CSC-02; pkg/apis/serving/v1alpha1/storage_container_types.go
"""

from __future__ import annotations

import re
import warnings
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence

# What Python reads and Go does not.
_NOT_IN_GO: Final = re.compile(r"(?<!\\)(?:\\\\)*\((?:\?[=!>(]|\?<[=!])|(?<!\\)(?:\\\\)*\\[1-9]")

_ONLY_IN_GO: Final = re.compile(r"\\[zpPQCaf]|\(\?[a-zA-Z^-]")


@rule(Stage.RUN, "ClusterStorageContainer")
def check(resource: Resource, _context: Context) -> Problems:
    for index, entry in enumerate(map(mapping, sequence(mapping(resource.doc.get("spec")).get("supportedUriFormats")))):
        regex = entry.get("regex")
        if not isinstance(regex, str) or not regex:
            continue
        path = ("spec", "supportedUriFormats", index, "regex")
        if entry.get("prefix"):
            yield Problem(path, "the regex is never looked at: the entry has a prefix too", severity=Severity.WARNING)
        elif problem := _problem(regex):
            yield Problem(path, f"error parsing regexp: {problem}", seen=regex)


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
