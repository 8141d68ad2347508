"""Entries of one or several environments in; what they share said once, and what differs beside it, out.

Every result is proved by merging it again by the catalog's own law.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from kservegen.catalog.merge import MERGE_KEYS, PATCH, item_key, merge_values
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.render.objects.finish import URI_FIELDS

# Words that say what a model is or where it lives: no profile has them.
_OWN_WORDS: Final = frozenset(
    {"environments", "kind", "model", "modelFormat", "namespace", "storageUri", "storageUris", "storage"}
)
_FEWEST: Final = 3  # entries that a profile is worth


class Layered(NamedTuple):
    """An entry as the catalog holds it, and what each environment says differently; `null` removes a word."""

    words: JsonObject
    overlays: Mapping[str, JsonObject]


def layered(by_environment: Mapping[str, JsonObject]) -> Layered:
    """Say the words of an entry in several environments as those of one, and what others lay over them.

    The environment whose words leave the least to say elsewhere is taken, the first of them where several do.
    """
    if len({_text(words) for words in by_environment.values()}) == 1:
        return Layered(next(iter(by_environment.values())), {})
    candidates = [_over(base, by_environment) for base in by_environment.values()]
    return min(
        candidates, key=lambda found: len(_text(found.words)) + sum(len(_text(o)) for o in found.overlays.values())
    )


def _over(base: JsonObject, by_environment: Mapping[str, JsonObject]) -> Layered:
    """Lay what each environment says over `base`; what cannot be said over it is said by each of them."""
    base = dict(base)
    while True:
        overlays = {name: _overlay(base, words) for name, words in by_environment.items()}
        wrong = {
            word
            for name, words in by_environment.items()
            for word, value in merge_values(base, overlays[name]).items()
            if _text(value) != _text(words.get(word))
        }
        if not wrong:
            return Layered(base, {name: overlay for name, overlay in overlays.items() if overlay})
        for word in wrong:
            base.pop(word, None)


def _overlay(base: JsonObject, wanted: JsonObject) -> JsonObject:
    """Return what makes `wanted` of `base` by the merge law, wherever that is possible."""
    over: JsonObject = {}
    for key, value in wanted.items():
        old = base.get(key)
        if key in base and _text(old) == _text(value):
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            over[key] = _overlay(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            over[key] = _list_overlay(key, old, value)
        else:
            over[key] = value
    return over | {key: None for key in base if key not in wanted}


def _list_overlay(field: str, base: JsonArray, wanted: JsonArray) -> JsonArray:
    before = {item_key(field, item): item for item in base}
    after = {item_key(field, item): item for item in wanted}
    if field not in MERGE_KEYS or None in before or None in after:
        return wanted
    over: JsonArray = []
    for key, item in after.items():
        old = before.get(key)
        if isinstance(old, dict) and isinstance(item, dict):
            difference = _overlay(old, item)
            if difference:
                over.append({name: item[name] for name in _key_fields(field, item)} | difference)
        else:
            over.append(item)
    gone = [item for key, item in before.items() if key not in after and isinstance(item, dict)]
    return [*over, *({name: item[name] for name in _key_fields(field, item)} | {PATCH: "delete"} for item in gone)]


def _key_fields(field: str, item: JsonObject) -> Iterator[str]:
    return (name for name, _ in MERGE_KEYS[field] if name in item)


def uri_prefixes(pairs: Sequence[tuple[str, str]], others: Iterable[str]) -> dict[str, str]:
    """Find the prefix of URIs that an environment has another for; empty where none explains all of them.

    `pairs` are the URIs of the same objects in another environment and in this one, `others` those that this one alone
    has: what the prefix would turn one of them into is not what it says.
    """
    changed = [(old, new) for old, new in pairs if old != new]
    if len(changed) < _FEWEST:
        return {}
    votes = Counter(found for found in map(_prefixes, changed) if found[1])
    if not votes:
        return {}
    (old, new), count = votes.most_common(1)[0]
    same = {before for before, after in pairs if before == after}
    explained = all(_rewritten(before, old, new) == after for before, after in changed)
    disturbed = any(uri.startswith(old) for uri in (*same, *others))
    return {old: new} if count >= _FEWEST and explained and not disturbed else {}


def _prefixes(pair: tuple[str, str]) -> tuple[str, str]:
    """Return the shortest beginnings of two URIs, up to a slash, whose ends are alike; blank where they have none."""
    old, new = (uri.split("/") for uri in pair)
    same = 0
    while same < min(len(old), len(new)) - 1 and old[-1 - same] == new[-1 - same]:
        same += 1
    if not same:
        return ("", "")
    return "/".join(old[:-same]) + "/", "/".join(new[:-same]) + "/"


def _rewritten(uri: str, old: str, new: str) -> str:
    return new + uri[len(old) :] if uri.startswith(old) else uri


def uris_of(value: JsonValue) -> Iterator[str]:
    """Yield the URIs of artefacts in words, in their order."""
    if isinstance(value, dict):
        for key, item in value.items():
            if (key in URI_FIELDS or key == "model") and isinstance(item, str):
                yield item
            elif value.get("name") == "STORAGE_URI" and key == "value":
                yield text(item)
            else:
                yield from uris_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from uris_of(item)


def with_uris(value: JsonValue, prefixes: Mapping[str, str]) -> JsonValue:
    """Return words with the URIs that an environment rewrites to theirs by its `prefixes`."""
    back = {new: old for old, new in prefixes.items()}

    def rewritten(uri: JsonValue) -> JsonValue:
        if not isinstance(uri, str):
            return uri
        return next((_rewritten(uri, new, old) for new, old in back.items() if uri.startswith(new)), uri)

    def walked(item: JsonValue) -> JsonValue:
        if isinstance(item, dict):
            named = item.get("name") == "STORAGE_URI"
            return {
                key: rewritten(below)
                if isinstance(below, str) and (key in URI_FIELDS or key == "model" or (named and key == "value"))
                else walked(below)
                for key, below in item.items()
            }
        return [walked(each) for each in item] if isinstance(item, list) else item

    return walked(value) if back else value


class SharedWords(NamedTuple):
    """Profiles by name, and by file and key the profile that an entry takes."""

    profiles: Mapping[str, JsonObject]
    taken: Mapping[tuple[str, str], str]


def shared_profiles(entries: Mapping[tuple[str, str], JsonObject]) -> SharedWords:
    """Find words that several entries say alike, two at least of three entries or more, and give them a name.

    What an entry takes from a profile is what it said itself: a word that merges with nothing of its own.
    """
    counts = Counter(each for words in entries.values() for each in _pairs(words))
    groups: defaultdict[frozenset[tuple[str, str]], list[tuple[str, str]]] = defaultdict(list)
    for key, words in entries.items():
        groups[frozenset(pair for pair in _pairs(words) if counts[pair] >= _FEWEST)].append(key)
    wanted = [(pairs, keys) for pairs, keys in groups.items() if len(pairs) > 1 and len(keys) >= _FEWEST]
    profiles: dict[str, JsonObject] = {}
    taken: dict[tuple[str, str], str] = {}
    for pairs, keys in sorted(wanted, key=lambda found: (-len(found[1]), found[1])):
        name = _unused(_called(entries[key] for key in keys), profiles)
        said = {word for word, _ in pairs}
        profiles[name] = {word: value for word, value in entries[keys[0]].items() if word in said}
        taken.update(dict.fromkeys(keys, name))
    return SharedWords(profiles, taken)


def _pairs(words: JsonObject) -> Iterator[tuple[str, str]]:
    return ((word, _text(value)) for word, value in words.items() if word not in _OWN_WORDS)


def _called(entries: Iterable[JsonObject]) -> str:
    """Call a profile as the format of most of its models, or as their kind."""
    names = Counter(text(words.get("modelFormat")) or ("llm" if "model" in words else "common") for words in entries)
    return min(names, key=lambda name: (-names[name], name))


def _unused(name: str, taken: Mapping[str, JsonObject]) -> str:
    number = 1
    while (called := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return called


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)


def common_words(values: Sequence[JsonObject]) -> JsonObject:
    """Return what maps all say alike, down to single words; a list is the same or is not."""
    first, *others = values
    found: JsonObject = {}
    for word, value in first.items():
        theirs = [other.get(word) for other in others]
        if all(word in other for other in others) and all(_text(item) == _text(value) for item in theirs):
            found[word] = value
        elif isinstance(value, dict) and (maps := [item for item in theirs if isinstance(item, dict)]) == theirs:
            below = common_words([value, *maps])
            if below:
                found[word] = below
    return found


def words_beside(own: JsonObject, common: JsonObject) -> JsonObject:
    """Return what a map says beside what is common."""
    left: JsonObject = {}
    for word, value in own.items():
        shared = common.get(word)
        if word not in common:
            left[word] = value
        elif isinstance(value, dict) and isinstance(shared, dict):
            below = words_beside(value, shared)
            if below:
                left[word] = below
    return left
