"""Objects that differ in little are made once: what a controller made of one becomes what it would make of the next.

A catalog has hundreds of services that differ in their names, the places of their models and how often they run. Of
such a one the free values are taken out and tokens put in, the controller makes that, and the tokens are filled in for
each service of the same shape; what holds no token is shared and never written to. That holds where a controller only
hands a value on, so a value is free where its own form says so, no other text of the object or of the settings holds
it, and every look at what stands beside the object finds the same.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from sys import intern
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.document import as_json, mapping, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.control_plane import ControlPlane, InstalledObjects
from kservegen.kserve.controllers.forms import Form, Forms, Slot, Tokens
from kservegen.kserve.controllers.made import LEFT_ALONE, Made, MadeObject, MadePod, Surroundings
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.releases import Release

Controller: TypeAlias = Callable[[JsonObject, ControlPlane], Made]
_Values: TypeAlias = Mapping[Any, str | int]

_MOST_KEPT: Final = 256  # shapes, some hundred kilobytes each
_MOST_SEEN: Final = 16384
_TOKEN: Final = "k9zq"  # noqa: S105 - nothing to keep
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
# How numbers of amounts begin that stand for others: `stand_in` has them.
_AMOUNT: Final = "7319000"
_TOKENS: Final = lazy_pattern(rf"({_TOKEN}[a-z]|{_AMOUNT}[0-9]1)")
# Numbers that no service runs as often as, and how they all begin.
_FIRST_NUMBER: Final = 1_907_340_010
_FEWEST: Final = 10
_NUMBERS: Final = str(_FIRST_NUMBER // _FEWEST)


class FreeText(Struct, frozen=True):
    """A text whose part that `form` calls `free` is only handed on; `is_word` where it is compared with other text."""

    path: Path
    form: re.Pattern[str]
    is_word: bool = True


class FreePart(Struct, frozen=True):
    """What stands from `start` to `stop` of a text, and has a form, is only handed on; in an amount it is a number.

    The text is what the map or list at `owner` has at `key`. A number that is larger than another stands `above` that.
    """

    owner: Path
    key: str | int
    start: int
    stop: int
    form: re.Pattern[str]
    stand_in: str = ""
    above: str = ""


def stand_in(place: int) -> str:
    """Return a number for one digit: larger for a larger one, and no multiple of ten or of two."""
    return f"{_AMOUNT}{place}1"


class FreeFields(Struct, frozen=True):
    """What is free in objects of a kind, and `fits`, which looks at the texts in their order, None for absent ones.

    `parts` finds what else is free in an object: texts that are compared with nothing at all.
    """

    texts: tuple[FreeText, ...]
    numbers: tuple[Path, ...]
    fits: Callable[[Sequence[str | None]], bool]
    parts: Callable[[JsonObject], Iterable[FreePart]] = lambda _: ()


class _UnlikeError(Exception):
    """What is made does not follow from the shape alone."""


class _NamedError(Exception):
    """What stands beside an object speaks of it by name."""


class _Shape(Struct, frozen=True):
    """An object with tokens in it; what they stand for, and the whole as text."""

    doc: JsonObject
    values: _Values
    words: tuple[str, ...]
    key: str
    tokens: Tokens


class _Lookup(NamedTuple):
    """What was found of a kind in a namespace, None for all of them, by a name, None for every one; its `texts`."""

    kind: str
    namespace: str | None
    name: str | None
    found: tuple[JsonObject, ...]
    texts: str


class _Kept(Struct, frozen=True):
    lookups: tuple[_Lookup, ...]
    plan: _Plan


def make_alike(stored: JsonObject, plane: ControlPlane, controller: Controller, fields: FreeFields) -> Made:
    """Return what the controller makes of an object, from what it made of another one where it may."""
    platform, text = (controller, _platform(plane)), as_json(stored)
    for form in _FORMS.alike(platform, text):
        if (values := form.values(text)) and (known := _of_form(form, values, plane, fields)):
            return known
    shape = _shape_of(stored, fields, plane)
    if shape is None:
        return controller(stored, plane)
    key = (*platform, shape.key)
    kept = _KEPT.get(key)
    if key not in _KEPT and not _was_seen(hash(key)):
        return controller(stored, plane)  # most shapes have one object
    is_other = kept is not None and not _finds_the_same(kept.lookups, shape.values, shape.words, plane.beside)
    if key not in _KEPT or is_other:
        try:
            kept = _KEPT[key] = _make_shape(shape, plane, controller)
        except _NamedError:
            return controller(stored, plane)
        if kept is not None and not is_other and _NUMBERS not in shape.key:
            _FORMS.add(platform, text, Form(key, _TOKENS.split(shape.key), shape.tokens))
    _KEPT.move_to_end(key)
    if len(_KEPT) > _MOST_KEPT:
        _KEPT.popitem(last=False)
    return controller(stored, plane) if kept is None else kept.plan.filled(shape.values)


def _of_form(form: Form, values: Mapping[str, str], plane: ControlPlane, fields: FreeFields) -> Made | None:
    """Return what is made of an object of a form that is known; None where it may be another."""
    kept = _KEPT.get(form.key)
    words = tuple(values[token] for token in form.tokens.apart)
    if kept is None or not fields.fits(form.texts(values)) or _speaks_of(words, form.key[-1], plane):
        return None
    if not _finds_the_same(kept.lookups, values, words, plane.beside):
        return None
    _KEPT.move_to_end(form.key)
    return kept.plan.filled(values)


def _was_seen(key: int) -> bool:
    """Whether a key comes for the second time, as far as can be remembered."""
    found = key in _SEEN
    _SEEN[key] = None
    if len(_SEEN) > _MOST_SEEN:
        _SEEN.popitem(last=False)
    return found


def _make_shape(shape: _Shape, plane: ControlPlane, controller: Controller) -> _Kept | None:
    """Make what the controller makes of a shape; None where that does not follow from the shape."""
    recorder = _Recorder(plane.beside, shape)
    try:
        made = controller(shape.doc, replace(plane, beside=recorder))
        return _Kept(tuple(recorder.lookups), _Plan(made))
    except _UnlikeError:
        return None


def _platform(plane: ControlPlane) -> tuple[Release, str, str]:
    return plane.release, _settings_text(plane.settings), _installed_text(plane.installed)


# Environments have their own settings, most of them alike: one text stands for all that are.
@lru_cache(maxsize=64)
def _settings_text(settings: ControllerSettings) -> str:
    return intern(json.dumps([settings.namespace, settings.stated, settings.sections], sort_keys=True))


@lru_cache(maxsize=64)
def _installed_text(installed: InstalledObjects) -> str:
    return intern(json.dumps([installed.presets, installed.documents], sort_keys=True))


@lru_cache(maxsize=1024)
def _is_in_settings(word: str, settings: ControllerSettings) -> bool:
    return _stands_in(word, _settings_text(settings))


def _stands_in(word: str, text: str) -> bool:
    """Whether a text has a word, with neither letter nor digit at its sides."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (at and text[at - 1].isalnum()) and not (end < len(text) and text[end].isalnum()):
            return True
        at = text.find(word, at + 1)
    return False


def _shape_of(stored: JsonObject, fields: FreeFields, plane: ControlPlane) -> _Shape | None:
    """Put tokens in the place of what is free; None where something is not as free as that."""
    texts = [_text_at(stored, field.path) for field in fields.texts]
    if not fields.fits(texts):
        return None
    own: dict[Path, Any] = {(): dict(stored)}
    placed = amounts = 0
    words: dict[str, str] = {}
    tokens = Tokens()
    values: dict[str | int, str | int] = {}
    letters = iter(_LETTERS)
    for field, said in zip(fields.texts, texts, strict=True):
        letter = next(letters)
        if said is None or (match := field.form.fullmatch(said)) is None:
            tokens.fields.append(("", said))
            continue
        free = match["free"]
        token = words.setdefault(free, _TOKEN + letter) if field.is_word else _TOKEN + letter
        tokens.fields.append((token, said))
        tokens.slots[token] = Slot(field.form, said[: match.start("free")])
        values[token] = free
        _owner_at(field.path[:-1], own)[field.path[-1]] = said[: match.start("free")] + token
        placed += 1
    last: Path | None = None
    for part in fields.parts(stored):
        token = part.stand_in or _TOKEN + next(letters, "")
        if token == _TOKEN:
            break
        if part.owner is not last:  # most follow another of the same map or list
            last, owner = part.owner, _owner_at(part.owner, own)
        text = owner[part.key]
        values[token] = text[part.start : part.stop]
        tokens.slots[token] = Slot(part.form)
        if part.above:
            tokens.rising.append((part.above, token))
        owner[part.key] = text[: part.start] + token + text[part.stop :]
        placed, amounts = placed + (not part.stand_in), amounts + bool(part.stand_in)
    numbers = 0
    for place, path in enumerate(fields.numbers, _FIRST_NUMBER):
        count = value_at(stored, path)
        if isinstance(count, int) and not isinstance(count, bool) and count > 0:
            values[place] = count
            _owner_at(path[:-1], own)[path[-1]] = place
            numbers += 1
    doc = own[()]
    key = as_json(doc)
    if "{{" in key or (placed, numbers, amounts) != tuple(map(key.count, (_TOKEN, _NUMBERS, _AMOUNT))):
        return None
    if _speaks_of(words, key, plane):
        return None
    tokens.apart = tuple(words.values())
    return _Shape(doc, values, tuple(words), key, tokens)


def _speaks_of(words: Iterable[str], key: str, plane: ControlPlane) -> bool:
    """Whether a shape, or the settings, have a word in them that a token stands for."""
    return any(_stands_in(word, key) or _is_in_settings(word, plane.settings) for word in words)


def _owner_at(path: Path, own: dict[Path, Any]) -> Any:  # noqa: ANN401 - a map or a list
    """Return the map or list at a path, to be written to: what is not yet one's own on the way is copied."""
    owner = own.get(path)
    if owner is None:
        above = _owner_at(path[:-1], own)
        owner = own[path] = above[path[-1]] = above[path[-1]].copy()
    return owner


def _text_at(doc: JsonObject, path: Path) -> str | None:
    found = value_at(doc, path)
    return found if isinstance(found, str) else None


class _Recorder(Surroundings):
    """What stands beside an object whose tokens stand for values; what is looked for is kept, with the tokens."""

    def __init__(self, beside: Surroundings, shape: _Shape) -> None:
        super().__init__()
        self._beside = beside
        self._values = shape.values
        self._words = shape.words
        self.lookups: list[_Lookup] = []

    def find(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        where, called = _pattern(namespace), _pattern(name)
        found = _looked_up(self._beside, kind, where % self._values, called % self._values)
        self._keep(kind, where, called, () if found is None else (found,))
        return found

    def all(self, kind: str, namespace: str | None = None) -> list[JsonObject]:
        where = None if namespace is None else _pattern(namespace)
        found = self._beside.all(kind, None if where is None else where % self._values)
        self._keep(kind, where, None, tuple(found))
        return found

    def _keep(self, kind: str, where: str | None, name: str | None, found: tuple[JsonObject, ...]) -> None:
        texts = _texts_of(found)
        lookup = _Lookup(kind, where, name, found, texts)
        if "{{" in texts:
            raise _UnlikeError
        if any(_stands_in(word, texts) for word in self._words):
            raise _NamedError
        if lookup not in self.lookups:
            self.lookups.append(lookup)


def _looked_up(beside: Surroundings, kind: str, namespace: str, name: str) -> JsonObject | None:
    """Return an object; of a namespace, which each service may have one of its own, what controllers look at."""
    found = beside.find(kind, namespace, name)
    if kind != "Namespace" or LEFT_ALONE in mapping(value_at(found, ("metadata", "labels"))):
        return found
    return None


def _texts_of(found: Iterable[JsonObject]) -> str:
    return json.dumps([{key: value for key, value in doc.items() if key != "metadata"} for doc in found])


def _finds_the_same(lookups: Iterable[_Lookup], values: _Values, words: Iterable[str], beside: Surroundings) -> bool:
    """Whether each look finds what it found before, and nothing in it speaks of this object by name."""
    for kind, namespace, name, before, texts in lookups:
        where = None if namespace is None else namespace % values
        if name is None:
            found = tuple(beside.all(kind, where))
        else:
            one = _looked_up(beside, kind, where or "", name % values)
            found = () if one is None else (one,)
        if found != before or (found and any(_stands_in(word, texts) for word in words)):
            return False
    return True


def _pattern(text: str) -> str:
    """Return a text for printf, which names the tokens whose values it takes."""
    words = _TOKENS.split(text)
    words[::2] = [word.replace("%", "%%") for word in words[::2]]
    words[1::2] = [f"%({token})s" for token in words[1::2]]
    return "".join(words)


class _Plan:
    """What has to be written anew of what was made, each part before the one that holds it; all else is shared."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self._nodes: list[_Node] = []
        self._known: dict[int | str, int | None] = {}
        self._equal: dict[Hashable, int] = {}
        self._objects = [(item, self._node(item.doc), self._origins(item.origins)) for item in made.objects]
        self._pods = [
            (item, self._node(item.of), self._node(item.pod), self._node(item.refused), self._node(item.source))
            for item in made.pods
        ]
        self._pod_origins = [self._origins(item.origins) for item in made.pods]
        self._outcome = self._node(made.outcome)
        self._never_ready = self._node(made.never_ready)

    def filled(self, values: _Values) -> Made:
        """Return what was made, with values in the places of their tokens."""
        done: list[Any] = []
        for fill, base, parts in self._nodes:
            if fill is _copy:  # most are maps, lists and texts: a call for each costs more than the copy
                copy = base.copy()
                for key, at in parts:
                    copy[key] = done[at]
                done.append(copy)
            elif fill is _text:
                done.append(base % values)
            else:
                done.append(fill(base, parts, done, values))

        def part(at: int | None, base: Any) -> Any:  # noqa: ANN401 - any part of what was made
            return base if at is None else done[at]

        objects = [
            item
            if doc is None and origins is None
            else MadeObject(doc=part(doc, item.doc), origins=part(origins, item.origins))
            for item, doc, origins in self._objects
        ]
        pods = [
            MadePod(
                of=part(of, item.of),
                pod=part(pod, item.pod),
                refused=part(refused, item.refused),
                origins=part(origins, item.origins),
                missing=item.missing,
                source=part(source, item.source),
            )
            for (item, of, pod, refused, source), origins in zip(self._pods, self._pod_origins, strict=True)
        ]
        return Made(
            objects=tuple(objects),
            pods=tuple(pods),
            outcome=part(self._outcome, self._made.outcome),
            never_ready=part(self._never_ready, self._made.never_ready),
            workloads_stand=self._made.workloads_stand,
        )

    def _origins(self, origins: tuple[Origin, ...]) -> int | None:
        return self._node(origins) if _TOKEN in json.dumps(origins) else None

    def _node(self, value: Any) -> int | None:  # noqa: ANN401 - any part of what was made
        """Plan a part, and return its place among the nodes; None for what holds no token."""
        if isinstance(value, str):
            if _NUMBERS in value:
                raise _UnlikeError  # a number became part of a text
            if _TOKENS.search(value) is None:
                return None
        elif not isinstance(value, dict | list | tuple):
            is_number = isinstance(value, int) and value // _FEWEST == _FIRST_NUMBER // _FEWEST
            return self._add(_value, value, ()) if is_number else None
        key = value if isinstance(value, str) else id(value)
        if key not in self._known:
            if not isinstance(value, str):
                self._known[key] = self._whole(value)
            else:
                is_value = _TOKENS.fullmatch(value) is not None
                self._known[key] = self._add(_value, value, ()) if is_value else self._add(_text, _pattern(value), ())
        return self._known[key]

    def _whole(self, value: Any) -> int | None:  # noqa: ANN401 - a map, a list or a tuple
        is_map = isinstance(value, dict)
        if is_map and _TOKENS.search(" ".join(value)):
            raise _UnlikeError  # the order of keys may follow from what stands in them
        places = [self._node(item) for item in (value.values() if is_map else value)]
        if places.count(None) == len(places):
            return None
        items = list(zip(value if is_map else range(len(places)), places, strict=True))
        parts = tuple((key, at) for key, at in items if at is not None)
        fill = _tuple if isinstance(value, tuple) else _copy
        # A pod repeats most of its workload, and all objects their labels.
        content = fill, tuple((key, _content(value[key]) if at is None else (at,)) for key, at in items)
        if content not in self._equal:
            self._equal[content] = self._add(fill, value, parts)
        return self._equal[content]

    def _add(self, fill: _Fill, base: Any, parts: tuple[Any, ...]) -> int:  # noqa: ANN401 - as above
        self._nodes.append((fill, base, parts))
        return len(self._nodes) - 1


def _content(value: object) -> Hashable:
    """Return what tells a part that holds no token from others."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict | list | tuple) else (type(value), value)


# How a part is written: from what it was, what changes in it, the parts that are done, and the values.
_Fill: TypeAlias = Callable[[Any, tuple[Any, ...], list[Any], _Values], Any]
_Node: TypeAlias = tuple[_Fill, Any, tuple[Any, ...]]


def _value(base: int | str, _parts: object, _done: object, values: _Values) -> str | int:
    return values[base]


def _text(base: str, _parts: object, _done: object, values: _Values) -> str:
    return base % values


def _copy(base: Any, parts: tuple[tuple[Any, int], ...], done: list[Any], _values: object) -> Any:  # noqa: ANN401
    copy = base.copy()
    for key, at in parts:
        copy[key] = done[at]
    return copy


def _tuple(base: Any, parts: tuple[tuple[int, int], ...], done: list[Any], values: object) -> Any:  # noqa: ANN401
    items = _copy(list(base), parts, done, values)
    return type(base)(*items) if hasattr(base, "_fields") else tuple(items)


# None for a shape that what is made does not follow from.
_KEPT: Final[OrderedDict[tuple[Controller, tuple[Release, str, str], str], _Kept | None]] = OrderedDict()
_SEEN: Final[OrderedDict[int, None]] = OrderedDict()
_FORMS: Final = Forms(_MOST_KEPT)
