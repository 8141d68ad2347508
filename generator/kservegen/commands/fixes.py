"""A repository with mistakes in; its files with those mended that leave no doubt what was meant, out.

The fixes are those of findings about the files themselves. They are made in memory, round by round, as a mended word
may show another one, and judged on the whole catalog: what brings more errors than it takes is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.patch import put, quote_value, rename_key
from kservegen.commands.edits import ProposedEdits
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Fix, FixChange, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import format_path
from kservegen.core.repository import Repository
from kservegen.evaluate.project import open_project
from kservegen.evaluate.repository import EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.load import load_strict

# Mending one word shows at most those below it.
_ROUNDS: Final = 5
# So many are tried one by one where all together bring errors.
_APART: Final = 50


def fix_repository(repository: Repository) -> ProposedEdits:
    """Mend what can be mended without a doubt; nothing is written yet. The notes say what was done to which words."""
    before = read_sources(repository)
    errors = _count(repository, before)
    texts, done = _all_rounds(repository, before)
    if done and _count(repository, texts) > errors:
        texts, done = _without_worse(repository, before, errors)
    notes = (*map(_in_words, done), *_left_alone(repository, texts))
    return ProposedEdits(before=before, after=texts, result=Result(command="validate"), notes=notes)


def _all_rounds(repository: Repository, before: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[Fix]]:
    """Make every fix, and those that show after it."""
    texts: dict[str, bytes] = dict(before)
    done: list[Fix] = []
    for _ in range(_ROUNDS):
        texts, made = _apply(texts, [*_fixes(repository, texts)])
        if not made:
            break
        done += made
    return texts, done


def _fixes(repository: Repository, texts: Mapping[str, bytes]) -> Iterator[Fix]:
    """Yield the fixes of all findings, the deepest and last words of a file first: no fix moves another's path."""
    project = open_project(replace(repository, sources=texts), any_version=True)
    found = dict.fromkeys(fix for told in project.diagnostics for fix in told.fixes if fix.file in texts)
    yield from sorted(found, key=lambda fix: (fix.file, -len(fix.path), [*map(str, fix.path)]))


def _left_alone(repository: Repository, texts: Mapping[str, bytes]) -> Iterator[str]:
    """Say which files are not mended because the reader refuses something in them, and where."""
    for file in dict.fromkeys(fix.file for fix in _fixes(repository, texts)):
        refused = load_strict(texts[file], file).diagnostics
        if refused:
            yield f"{file} is left as it is until this is mended by hand: {refused[0].location}: {refused[0].message}"


def _apply(texts: Mapping[str, bytes], fixes: Sequence[Fix]) -> tuple[dict[str, bytes], list[Fix]]:
    """Make the fixes, each where its place can be edited; return the texts, and the fixes that were made."""
    mended, done = dict(texts), []
    for fix in fixes:
        try:
            text = mended[fix.file].decode()
            changed = _change(text, fix).encode()
        except (UnicodeDecodeError, GeneratorError):
            continue  # the file has a mistake that the reader itself refuses, or the place is no plain word
        if changed != mended[fix.file]:
            mended[fix.file] = changed
            done.append(fix)
    return mended, done


def _change(text: str, fix: Fix) -> str:
    if fix.change is FixChange.RENAME:
        return rename_key(text, fix.path, str(fix.value), fix.file)
    if fix.change is FixChange.QUOTE:
        return quote_value(text, fix.path, fix.file)
    return put(text, fix.path, fix.value, fix.file)


def _without_worse(
    repository: Repository, before: Mapping[str, bytes], errors: int
) -> tuple[dict[str, bytes], list[Fix]]:
    """Make the fixes one by one, and leave out each that raises the count of errors."""
    kept, done = dict(before), []
    for fix in [*_fixes(repository, before)][:_APART]:
        tried, made = _apply(kept, [fix])
        left = _count(repository, tried) if made else errors
        if made and left <= errors:
            kept, errors = tried, left
            done.append(fix)
    return kept, done


def _count(repository: Repository, texts: Mapping[str, bytes]) -> int:
    """Count the errors of a repository, each place by itself."""
    judged = evaluate_repository(replace(repository, sources=texts), EvaluationOptions(names=(), out=repository.output))
    wrong = (told for told in judged.diagnostics if told.severity is Severity.ERROR and told.waived is None)
    return sum(len(told.everywhere) for told in wrong)


def _in_words(fix: Fix) -> str:

    place = f"{fix.file}: {format_path(fix.path)}"
    said = {
        FixChange.RENAME: f"{place} is called {fix.value}",
        FixChange.QUOTE: f"{place} is quoted",
        FixChange.REPLACE: f"{place} is {str(fix.value).lower() if isinstance(fix.value, bool) else fix.value}",
    }
    return said[fix.change]
