"""A storage container's formats do not do what they say.

No webhook looks at a ClusterStorageContainer. A regex that does not compile refuses every pod whose URI reaches it,
whoever's it is; where an entry has both, the prefix is taken and the regex never looked at. A container with another
name than storage-initializer is not known again: a pod that the webhook sees twice, as beside other webhooks, gets it
twice, and what the webhook does to the container by its name is left out.

Fix: Call the container storage-initializer. Write one of prefix and regex for each format, the regex in Go's dialect:
no look-around, no back-references.
Bad:
    spec: {supportedUriFormats: [{regex: '('}]}
Good:
    spec: {supportedUriFormats: [{regex: 'https://models[.]example[.]com/.+'}]}
Upstream: CSC-02; pkg/apis/serving/v1alpha1/storage_container_types.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.formats.regexp import RegexpError, compile_regexp
from kservegen.kserve.controllers.pods.initializer import INIT_NAME


@rule(Stage.RUN, "ClusterStorageContainer")
def check(resource: Resource, _context: Context) -> Problems:
    spec = mapping(resource.doc.get("spec"))
    name = text(mapping(spec.get("container")).get("name"))
    if name not in ("", INIT_NAME) and spec.get("workloadType") in (None, "initContainer"):
        message = f"the webhook does not know a container called {name} again, and adds it anew"
        yield Problem(("spec", "container", "name"), message, seen=name, allowed=INIT_NAME, severity=Severity.WARNING)
    for index, entry in enumerate(map(mapping, sequence(spec.get("supportedUriFormats")))):
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
