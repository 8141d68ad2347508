"""Templates within an object: a part of it and what it is filled from in, the mistake with its path out.

KServe writes the part as JSON and reads that as one template, so an `if` may end in another field, and every double
quote is escaped before the template is read.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.json import encode

from kservegen.checks.rules.base import Problem
from kservegen.core.diagnostics import Severity
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.formats.gotemplate.shape import STRING, STRINGS, UNKNOWN_SHAPE, Struct, TemplateShape

if TYPE_CHECKING:
    from kservegen.formats.gotemplate.check import TemplateMistake

_SEPARATOR: Final = '","'
# As Go writes JSON: safe within HTML.
_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})

_METADATA: Final[dict[str, TemplateShape]] = {
    "Name": STRING,
    "GenerateName": STRING,
    "Namespace": STRING,
    "SelfLink": STRING,
    "UID": STRING,
    "ResourceVersion": STRING,
    "Generation": UNKNOWN_SHAPE,
    "CreationTimestamp": UNKNOWN_SHAPE,
    "DeletionTimestamp": UNKNOWN_SHAPE,
    "DeletionGracePeriodSeconds": UNKNOWN_SHAPE,
    "Labels": STRINGS,
    "Annotations": STRINGS,
    "OwnerReferences": UNKNOWN_SHAPE,
    "Finalizers": UNKNOWN_SHAPE,
    "ManagedFields": UNKNOWN_SHAPE,
}
# Handed over by value, so that only methods of values count.
METADATA: Final = Struct("v1.ObjectMeta", _METADATA, methods=("SwaggerDoc",))

_POINTER_METHODS: Final = ("Get", "Set", "Is", "Has", "Mark", "DeepCopy", "String", "Marshal", "Size")
_WORKLOAD: Final = dict.fromkeys(
    ("Replicas", "Scaling", "Parallelism", "Template", "Worker", "KVCacheOffloading", "KvCacheOffloading"),
    UNKNOWN_SHAPE,
)
_MODEL: Final = Struct(
    "v1alpha2.LLMModelSpec",
    dict.fromkeys(("URI", "Name", "LoRA", "Lora", "Criticality", "Confidential"), UNKNOWN_SHAPE),
    methods=_POINTER_METHODS,
)
_SPEC: Final = Struct(
    "v1alpha2.LLMInferenceServiceSpec",
    {
        "Model": _MODEL,
        **_WORKLOAD,
        "WorkloadSpec": UNKNOWN_SHAPE,
        "Labels": STRINGS,
        "Annotations": STRINGS,
        **dict.fromkeys(("Router", "Prefill", "BaseRefs", "StorageInitializer", "Tracing"), UNKNOWN_SHAPE),
    },
    methods=_POINTER_METHODS,
)
LLM_SERVICE: Final = Struct(
    "struct { *v1alpha2.LLMInferenceService; GlobalConfig llmisvc.templateGlobalConfig }",
    {
        **_METADATA,
        "ObjectMeta": Struct("v1.ObjectMeta", _METADATA, methods=_POINTER_METHODS),
        "TypeMeta": UNKNOWN_SHAPE,
        "Kind": STRING,
        "APIVersion": STRING,
        "Spec": _SPEC,
        "Status": UNKNOWN_SHAPE,
        "LLMInferenceService": UNKNOWN_SHAPE,
        "GlobalConfig": UNKNOWN_SHAPE,
    },
    methods=_POINTER_METHODS,
)


class TextAt(NamedTuple):
    """A text of the object and its path."""

    path: Path
    text: str


class MistakeAt(NamedTuple):
    """A mistake in a text of the object."""

    at: TextAt
    mistake: TemplateMistake

    @property
    def hint(self) -> str:
        """How to mend it, where the mistake is a common one; blank elsewhere."""
        message = self.mistake.message
        if message.startswith("bad character U+002D"):
            return "A key with a dash is written {{ index .Labels `my-key` }}."
        if '"' in self.at.text and ("'\\\\'" in message or message.startswith("unterminated")):
            return "Write a string in backquotes: the text is read as JSON, which escapes double quotes."
        return ""

    def problem(self, failure: str, allowed: str = "") -> Problem:
        """Say what fails because of it; a warning where Go may read it otherwise."""
        message, severity = f"{failure}: {self.mistake.message}", None if self.mistake.certain else Severity.WARNING
        return Problem(self.at.path, message, self.at.text, allowed, hint=self.hint, severity=severity)


def mistake_in(
    part: JsonValue, path: Path, data: TemplateShape, *, without: frozenset[str] = frozenset()
) -> MistakeAt | None:
    """Find the first mistake in the templates of a part; fields of it that are `without` are no part of it."""
    if not _may_open(part):
        return None
    if isinstance(part, dict) and without:
        part = {key: value for key, value in part.items() if key not in without}
    if not _has_template(part):
        return None
    texts = list(_texts(part, path))
    written = [json.dumps(item.text, ensure_ascii=False)[1:-1].translate(_HTML) for item in texts]
    starts = [0]
    for text in written[:-1]:
        starts.append(starts[-1] + len(text) + len(_SEPARATOR))
    found = _check(_SEPARATOR.join(written), data)
    return MistakeAt(texts[bisect_right(starts, found.offset) - 1], found) if found else None


# Configurations are few and copied much: their texts are the same in every environment.
@lru_cache(maxsize=256)
def _check(template: str, data: TemplateShape) -> TemplateMistake | None:
    from kservegen.formats.gotemplate.check import check_template  # noqa: PLC0415 - few catalogs hold a template

    return check_template(template, data)


def _may_open(part: JsonValue) -> bool:
    try:
        return b"{{" in encode(part)  # braces of JSON never stand so side by side, those of a text may
    except (TypeError, ValueError, RecursionError):  # what is no JSON is looked through
        return True


def _has_template(value: JsonValue) -> bool:
    """Whether any text below is one to be filled: no paths are made for the many objects that have none."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "{{" in item:
                return True
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return False


def _texts(value: JsonValue, path: Path) -> Iterator[TextAt]:
    if isinstance(value, str):
        if "{{" in value:
            yield TextAt(path, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
