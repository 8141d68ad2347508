"""`dataclass` of the standard library, made for a tenth of the price: a run makes hundreds, and few instances of most.

The standard decorator compiles up to seven functions for each class, which was a fifth of what it cost to check one
manifest. Here a function is compiled when it is first called, and those that need not know their class are the same for
all. What is frozen is stored through the slots themselves, which is faster, too. To type checkers it is the standard
decorator; `replace`, `fields` and `asdict` take what it makes; a test holds the two together. What no class of this
package asks for is left out: `InitVar`, `ClassVar`, `KW_ONLY`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, asdict, field, fields, is_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

__all__ = ["asdict", "dataclass", "field", "fields", "is_dataclass", "replace"]

_Fields: TypeAlias = "dict[str, Field[Any]]"


class _Record(Protocol):
    __dataclass_fields__: _Fields


class _Source(NamedTuple):
    """A function to compile: its parameters, its lines, and the names that these take from around it."""

    parameters: str
    lines: tuple[str, ...]
    names: dict[str, object]


def _dataclass(
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    order: bool = False,
    weakref_slot: bool = False,
) -> Callable[[type], type]:
    """Make a class one of fields."""

    def make(cls: type) -> type:
        own = _own_fields(cls, kw_only=kw_only)
        inherited = {name: each for base in cls.__mro__[:0:-1] for name, each in _fields_of(base).items()}
        known = {**inherited, **own}

        def deferred(name: str, write: Callable[[], _Source]) -> Callable[..., object]:
            def compile_first(*args: object, **words: object) -> object:
                method = _compiled(made, name, write())
                setattr(made, name, method)
                return method(*args, **words)

            return compile_first

        space = {name: value for name, value in vars(cls).items() if name not in {*own, "__dict__", "__weakref__"}}
        space["__dataclass_fields__"] = known
        space["__match_args__"] = tuple(name for name, each in known.items() if each.init and not each.kw_only)
        space["__repr__"] = _repr
        space["__init__"] = deferred("__init__", lambda: _init(made, known, frozen=frozen))
        if slots:
            space["__slots__"] = (*(name for name in own if name not in inherited), *["__weakref__"] * weakref_slot)
        if eq:
            space["__eq__"] = deferred("__eq__", lambda: _comparison(known, "=="))
            space["__hash__"] = deferred("__hash__", lambda: _hash(known)) if frozen else None
        for name, operator in _ORDERS.items() if order else ():
            space[name] = deferred(name, partial(_comparison, known, operator))
        if frozen:
            space.update(_FROZEN)
        made: type = type(cls)(cls.__name__, cls.__bases__, space)
        made.__qualname__ = cls.__qualname__
        return made

    return make


def _own_fields(cls: type, *, kw_only: bool) -> _Fields:
    found: _Fields = {}
    for name, kind in cls.__annotations__.items():
        default = vars(cls).get(name, MISSING)
        each: Any = default if isinstance(default, Field) else field(default=default)
        each.name, each.type, each.kw_only = name, kind, kw_only
        each._field_type = dataclasses._FIELD  # type: ignore[attr-defined]  # noqa: SLF001 - `fields` looks for it
        found[name] = each
    return found


def _fields_of(cls: type) -> _Fields:
    found: _Fields = vars(cls).get("__dataclass_fields__", {})
    return found


def _compiled(cls: type, name: str, source: _Source) -> Callable[..., object]:
    names = dict(source.names)
    exec(f"def {name}({source.parameters}):\n " + "\n ".join(source.lines), names)  # noqa: S102 - as the standard one
    method: Any = names[name]
    method.__qualname__ = f"{cls.__qualname__}.{name}"
    return method  # type: ignore[no-any-return]


def _init(cls: type, known: _Fields, *, frozen: bool) -> _Source:
    names: dict[str, object] = {"_MISSING": MISSING, "_store": object.__setattr__}
    parameters: dict[bool, list[str]] = {False: ["self"], True: []}
    lines = ["pass"]
    for name, each in known.items():
        value, default = name, ""
        if each.default is not MISSING:
            names[f"_default_{name}"] = each.default
            value, default = name if each.init else f"_default_{name}", f"=_default_{name}"
        elif each.default_factory is not MISSING:
            names[f"_make_{name}"] = each.default_factory
            value = f"_make_{name}()"
            if each.init:
                value, default = f"{value} if {name} is _MISSING else {name}", "=_MISSING"
        elif not each.init:
            continue
        if each.init:
            parameters[bool(each.kw_only)].append(f"{name}{default}")
        slot: Any = getattr(cls, name, None)
        if not frozen:
            lines.append(f"self.{name} = {value}")
        elif hasattr(slot, "__set__"):
            names[f"_set_{name}"] = slot.__set__
            lines.append(f"_set_{name}(self, {value})")
        else:
            lines.append(f"_store(self, '{name}', {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    by_word = ["*", *parameters[True]] if parameters[True] else []
    return _Source(", ".join([*parameters[False], *by_word]), tuple(lines), names)


def _comparison(known: _Fields, operator: str) -> _Source:
    ours, theirs = (_values(known, name) for name in ("self", "other"))
    told = f"return {ours} {operator} {theirs} if other.__class__ is self.__class__ else NotImplemented"
    return _Source("self, other", (told,), {})


def _hash(known: _Fields) -> _Source:
    return _Source("self", (f"return hash({_values(known, 'self')})",), {})


def _values(known: _Fields, owner: str) -> str:
    return f"({''.join(f'{owner}.{name}, ' for name, each in known.items() if each.compare)})"


def _repr(self: _Record) -> str:
    shown = (name for name, each in self.__dataclass_fields__.items() if each.repr)
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _refuse_set(_self: object, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: _Record) -> list[object]:
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _restore(self: _Record, state: list[object]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


_FROZEN: Final = {
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
    "__getstate__": _state,
    "__setstate__": _restore,
}
_ORDERS: Final = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass
