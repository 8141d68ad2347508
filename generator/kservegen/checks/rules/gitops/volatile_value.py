"""An object in; findings out where a label or annotation of a model tells of a commit, a build or a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.gitops._marks import KINDS, Mark
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import marks_of
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADVICE

META: Final = RuleMeta(
    id="gitops/volatile-value",
    title="A label or annotation of a model changes with every build",
    why="KServe copies it to the pods, so each commit replaces all pods of all models that carry it, whatever else it "
    "changed.",
    fix="Remove it: Git knows the commit of every line, and kservegen find shows it.",
    bad="metadata: {annotations: {example.com/git-commit: 3f2a9c1}}",
    good="metadata: {annotations: {example.com/contact: ml-platform}}",
    severity=Severity.WARNING,
    upstream=("gitops 1.2", "kserve#3710"),
)

# A key that names a build, and a value that could be one. A revision of the model itself is none: it changes with it.
_KEY: Final = re.compile(
    r"(^|[-._/])(commit|sha|git-?sha|git-?hash|git-?ref|git-?revision|build-?(id|number|date|time)?|pipeline-?(id|url)?"
    r"|(rendered|generated|deployed|built|updated|synced|restarted)-?at|timestamp)($|[-._/])",
    re.IGNORECASE,
)
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}\Z")
_NUMBER: Final = re.compile(r"#?v?[0-9][0-9.\-_]*\Z")
_TIME: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9][T_ ][0-2][0-9]")
_URL: Final = re.compile(r"https?://.*[0-9]{3,}")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for mark in marks_of(resource):
        what = _told(mark)
        if what:
            yield Finding(
                rule=META.id,
                path=mark.path,
                message=f"{mark.key} tells of {what}, and each new one replaces the pods",
                hint=META.fix,
                seen=str(mark.value),
            )


def _told(mark: Mark) -> str:
    value = mark.value
    if not isinstance(value, str):
        return ""
    if _TIME.match(value):
        return "a time"
    could_be = _COMMIT.match(value) or _NUMBER.match(value) or _URL.match(value)
    return "a build" if could_be and _KEY.search(mark.key) else ""


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
