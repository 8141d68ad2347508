"""Output paths as text: which ones may be written at all, and which ones some filesystems cannot tell apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern

# One name: not hidden (so neither `.`, `..`, `.git` nor our own scratch folder), no separator of any system,
# no control character (paths are lines of the journal), nothing that UTF-8 cannot write.
_NAME = r"(?!\.)[^/\\\x00-\x1f\x7f\ud800-\udfff]+"
_ENVIRONMENT = lazy_pattern(_NAME)
_FOLDER = lazy_pattern(f"{_NAME}(?:/{_NAME})*")
_CONFINED = lazy_pattern(f"{_NAME}(?:/{_NAME})+")


def is_confined(path: str) -> bool:
    """Whether `path` is a plain `<environment>/.../<file>` that stays below the output folder."""
    return _CONFINED.fullmatch(path) is not None


def is_confined_folder(path: str) -> bool:
    """Whether `path` is the folder of an environment or one below it."""
    return _FOLDER.fullmatch(path) is not None


def confine(path: str) -> str:
    """Return `path`, or refuse it where it could leave the folder of its environment."""
    if not is_confined(path):
        raise GeneratorError(
            "not a path below the folder of an environment",
            subject=repr(path),
            hint="Write <environment>/<folder>/<file>: no '..', no hidden name, no backslash, no control character.",
        )
    return path


def confine_environment(name: str) -> str:
    """Return `name`, or refuse it where it is not the plain name of a folder."""
    if _ENVIRONMENT.fullmatch(name) is None:
        raise GeneratorError(
            "not the name of an environment's folder",
            subject=repr(name),
            hint="Name one folder: no '/', no backslash, no leading dot.",
        )
    return name


def parents(path: str) -> Iterator[str]:
    """Yield the folders above `path`, outermost first: `a/b/c` gives `a`, `a/b`."""
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)


def folders_of(paths: Iterable[str]) -> tuple[str, ...]:
    """List every folder above the paths once, sorted, so that an outer one stands before its inner ones."""
    direct = {path.rpartition("/")[0] for path in paths}
    return tuple(sorted({*direct, *(outer for folder in direct for outer in parents(folder))}))


def fold(path: str) -> str:
    """Reduce a path to what a filesystem that ignores case and Unicode form tells apart."""
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path.casefold())
