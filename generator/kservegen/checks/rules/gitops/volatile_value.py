"""A label or annotation of a model changes with every build.

KServe copies it to the pods, so each commit replaces all pods of all models that carry it, whatever else it changed.

Fix: Remove it: Git knows the commit of every line, and kservegen find shows it.
Severity: warning
Bad:
    metadata: {annotations: {example.com/git-commit: 3f2a9c1}}
Good:
    metadata: {annotations: {example.com/contact: ml-platform}}
Upstream: gitops 1.2; kserve#3710
"""

import re
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.gitops._marks import MARKED_KINDS, Mark
from kservegen.checks.rules.view import marks_of
from kservegen.core.patterns import lazy_pattern

# A key that names a build, and a value that could be one. A revision of the model itself is none: it changes with it.
_KEY: Final = lazy_pattern(
    r"(^|[-._/])(commit|sha|git-?sha|git-?hash|git-?ref|git-?revision|build-?(id|number|date|time)?|pipeline-?(id|url)?"
    r"|(rendered|generated|deployed|built|updated|synced|restarted)-?at|timestamp)($|[-._/])",
    re.IGNORECASE,
)
_COMMIT: Final = lazy_pattern(r"[0-9a-f]{7,64}\Z")
_NUMBER: Final = lazy_pattern(r"#?v?[0-9][0-9.\-_]*\Z")
_TIME: Final = lazy_pattern(r"20[0-9]{2}-[01][0-9]-[0-3][0-9][T_ ][0-2][0-9]")
_URL: Final = lazy_pattern(r"https?://.*[0-9]{3,}")


@rule(Stage.ADVICE, *MARKED_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    for mark in marks_of(resource):
        what = _told(mark)
        if what:
            message = f"{mark.key} tells of {what}, and each new one replaces the pods"
            yield Problem(mark.path, message, seen=str(mark.value))


def _told(mark: Mark) -> str:
    value = mark.value
    if not isinstance(value, str):
        return ""
    if _TIME.match(value):
        return "a time"
    could_be = _COMMIT.match(value) or _NUMBER.match(value) or _URL.match(value)
    return "a build" if could_be and _KEY.search(mark.key) else ""
