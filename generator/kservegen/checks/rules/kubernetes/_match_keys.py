"""`matchLabelKeys` of affinity terms and spread constraints: the owner of the field in, what is refused in it out."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.checks.rules.kubernetes._fields import texts
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.names import qualified_name_error
from kservegen.core.problem import Problem


def match_label_keys(owner: JsonObject, path: Path) -> Iterator[Problem]:
    """Judge `matchLabelKeys` and `mismatchLabelKeys`, which add to the owner's label selector."""
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        if not sequence(owner.get(field)):
            continue
        if owner.get("labelSelector") is None:
            yield Problem((*path, field), f"{field} must not be specified when labelSelector is not set", at_key=True)
            continue
        for key, where in texts(owner.get(field), (*path, field)):
            if reason := qualified_name_error(key):
                yield Problem(where, f"the label key {key!r} is refused: {reason}", key)
    yield from _twice(owner, path)


def _twice(owner: JsonObject, path: Path) -> Iterator[Problem]:
    mismatched = sequence(owner.get("mismatchLabelKeys"))
    keys = list(texts(owner.get("matchLabelKeys"), (*path, "matchLabelKeys")))
    for key, where in keys:
        if key in mismatched:
            yield Problem(where, f"{key!r} exists in both matchLabelKeys and mismatchLabelKeys", key)
    # The pods are refused if one mention is too many, their Deployment only where the selector itself has two.
    selector = mapping(owner.get("labelSelector"))
    seen = set(mapping(selector.get("matchLabels")))
    places = dict(keys)
    for item in sequence(selector.get("matchExpressions")):
        key = text(mapping(item).get("key"))
        if key in places and key in seen:
            yield Problem(places[key], f"{key!r} exists in both matchLabelKeys and labelSelector", key)
        seen.add(key)
