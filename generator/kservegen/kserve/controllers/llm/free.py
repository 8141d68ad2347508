"""What the controller of LLM services only hands on: names, where the model lies, how often it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.controllers.alike import FreeFields, FreeText

_DNS_LABEL: Final = lazy_pattern(r"(?P<free>[a-z][a-z0-9-]*[a-z0-9])")
_MODEL: Final = lazy_pattern(r"(?P<free>[A-Za-z][A-Za-z0-9._/-]{0,199})")
# Both are downloaded, and nothing but the scheme is looked at.
_DOWNLOADED: Final = lazy_pattern(r"(?:hf|s3)://(?P<free>[A-Za-z0-9][A-Za-z0-9._/:-]*)")
# What YAML takes for something else than text, in the config of a scheduler.
_NO_TEXT: Final = frozenset("true false yes no on off null y n".split())
# With the longest ending that the controller gives them names stay whole: ChildName cuts what is longer than 63.
_LONGEST_NAME: Final = 63 - len("-kserve-self-signed-certs")
_LONGEST_BOTH: Final = 63 - len("--epp-auth-rb")


def _fits(texts: Sequence[str | None]) -> bool:
    name, namespace, model, _ = texts
    if name is None or namespace is None or not (_DNS_LABEL.fullmatch(name) and _DNS_LABEL.fullmatch(namespace)):
        return False
    if {name, namespace, (model or "").lower()} & _NO_TEXT:
        return False
    return len(name) <= _LONGEST_NAME and len(name) + len(namespace) <= _LONGEST_BOTH


FREE_IN_SERVICES: Final = FreeFields(
    texts=(
        FreeText(("metadata", "name"), _DNS_LABEL),
        FreeText(("metadata", "namespace"), _DNS_LABEL),
        FreeText(("spec", "model", "name"), _MODEL),
        FreeText(("spec", "model", "uri"), _DOWNLOADED, is_word=False),
    ),
    numbers=(("spec", "replicas"), ("spec", "prefill", "replicas")),
    fits=_fits,
)
