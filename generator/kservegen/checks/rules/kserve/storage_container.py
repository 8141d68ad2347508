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

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence
from kservegen.formats.regexp import RegexpError, compile_regexp


@rule(Stage.RUN, "ClusterStorageContainer")
def check(resource: Resource, _context: Context) -> Problems:
    for index, entry in enumerate(map(mapping, sequence(mapping(resource.doc.get("spec")).get("supportedUriFormats")))):
        regex = entry.get("regex")
        if not isinstance(regex, str) or not regex:
            continue
        path = ("spec", "supportedUriFormats", index, "regex")
        if entry.get("prefix"):
            yield Problem(path, "the regex is never looked at: the entry has a prefix too", severity=Severity.WARNING)
            continue
        try:
            compile_regexp(regex)
        except RegexpError as problem:
            yield Problem(path, str(problem), seen=regex)
