"""Source files in; the same words in their usual order and quotes out, or a base that two environments could share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import takewhile, zip_longest
from pathlib import Path
from typing import Final

from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.formatting import comments_of, drop_with_comments, format_source, head_of
from kservegen.catalog.editing.patch import read_value
from kservegen.catalog.extending import EXTENDS, base_name_error, named_bases
from kservegen.commands.edits import CatalogDraft, ProposedEdits, environment_file, finish_draft, open_draft
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.jsontypes import Path as WordPath
from kservegen.core.manual import by_manual
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import (
    BASES_FOLDER,
    BESIDE_SUFFIXES,
    ENVIRONMENTS_FOLDER,
    MANIFESTS_FOLDER,
    OWNERS_FILE,
    Repository,
    packaged_data,
)

# What taking words away leaves of the blank lines around them.
_BLANK_LINES: Final = lazy_pattern(r"\n\n\n+")
_NOT_SHARED: Final = ("version", EXTENDS)


def format_files(repository: Repository, files: Sequence[Path] = (), *, check: bool = False) -> ProposedEdits:
    """Put files in order, by default all that people write; with `check` those that are not are findings.

    GeneratorError for a file that is none of these, or has mistakes.
    """
    before = {file: text for file, text in read_sources(repository).items() if _has_order(file)}
    chosen = [repository.relative(file.absolute()) for file in files] or list(before)
    for file in chosen:
        if file not in before:
            raise GeneratorError("this is no file of the catalog or its environments", subject=file)
    after = dict(before)
    for file in chosen:
        after[file] = format_source(_decoded(before[file], file), file, _sections(file)).encode()
    result = Result(command="fmt", diagnostics=tuple(_unordered(before, after)) if check else ())
    return ProposedEdits(before=before, after=after, result=result, refused=False)


def _has_order(file: str) -> bool:
    """Tell whether a file has an order: manifests are Kubernetes' own, and those beside an environment a command's."""
    return not file.endswith(BESIDE_SUFFIXES) and not file.startswith(f"{MANIFESTS_FOLDER}/")


def _unordered(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Find the files that are not in order, each at the first line that would change."""
    for file, text in before.items():
        pairs = enumerate(zip_longest(text.splitlines(), after[file].splitlines()), 1)
        if text != after[file]:
            line = next((number for number, (old, new) in pairs if old != new), 1)
            yield by_manual("catalog/unordered", "this file is not in its usual order and quotes", Location(file, line))


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise GeneratorError("the file is not UTF-8", subject=file, hint="Convert it first.") from error


def _sections(file: str) -> tuple[str, ...]:
    if file == OWNERS_FILE:
        return words_of_file("owners")
    return words_of_file("environments" if file.startswith(f"{ENVIRONMENTS_FOLDER}/") else "models")


@cache
def words_of_file(name: str) -> tuple[str, ...]:
    """Return the words of a file, `models` or `environments`, in the order of its published schema: the usual one."""
    path = packaged_data() / "schemas" / "kservegen" / f"{name}.schema.json"
    return tuple(json.loads(path.read_bytes())["properties"])


def propose_base(repository: Repository, environments: tuple[str, str], base: str | None = None) -> ProposedEdits:
    """Move what the files of two environments both say to a base that both extend; what they hold stays the same.

    The base is called as the beginning of both names where nothing else is asked for. GeneratorError where the two have
    nothing in common, or the base would have no name of its own.
    """
    draft = open_draft(repository)
    names = dict.fromkeys(environments)
    files = [environment_file(draft.catalog, name) for name in names]
    if len(files) == 1 or any(name in draft.catalog.bases for name in names):
        raise GeneratorError("a base is made of two environments", hint="Name two, such as prod-eu and prod-us.")
    name = base or _beginning(*environments)
    _check_name(draft, name)
    one, other = (draft.value(file) for file in files)
    common = {word: value for word, value in _common(one, other).items() if word not in _NOT_SHARED}
    if not common:
        raise GeneratorError(f"{environments[0]} and {environments[1]} have no word in common", subject=files[0])
    before = {environment: _words(draft, environment) for environment in names}
    text = _reduced(draft.text(files[0]), _beside(one, common), files[0])
    head = list(_shared_head(*(draft.text(file) for file in files)))
    text = "".join((*head, *text[len("".join(head_of(text))) :]))
    base_file = f"{BASES_FOLDER}/{name}.yaml"
    said = {file: comments_of(draft.text(file)) for file in files}
    draft.texts[base_file] = format_source(text, base_file, _sections(base_file)).encode()
    for file, value in zip(files, (one, other), strict=True):
        draft.texts[file] = _reduced(draft.text(file), _moved(value, common), file).encode()
        draft.put(file, (EXTENDS,), [*(named_bases(value) or ()), name])
        draft.texts[file] = format_source(draft.text(file), file, _sections(file)).encode()
    if before != {environment: _words(draft, environment) for environment in names}:
        raise GeneratorError("the two cannot be parted without changing what they say", subject=files[0])
    kept = {comment for file in (*files, base_file) for comment in comments_of(draft.text(file))}
    for file, comments in said.items():
        lost = [comment for comment in dict.fromkeys(comments) if comment not in kept]
        draft.notes += [f"{file} says otherwise of what moves, and loses this: {comment}" for comment in lost]
    together = [
        definition
        for definition in draft.catalog.definitions.values()
        if set(environments) <= set(_listed(draft, definition.section, definition.key))
    ]
    if together:
        count = "1 entry names" if len(together) == 1 else f"{len(together):,} entries name"
        both = f"{count} both {environments[0]} and {environments[1]}"
        draft.notes.append(f"{both}: environments: [{name}] would reach what extends it later, too")
    return finish_draft(draft)


def _beginning(one: str, other: str) -> str:
    """Return how both names begin, up to a dash."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one.split("-"), other.split("-"), strict=False))
    return "-".join(part for part, _ in pairs)


def _check_name(draft: CatalogDraft, name: str) -> None:
    problem = base_name_error(name, draft.catalog.environments) if name else "the two names have no beginning in common"
    if not problem and name in draft.catalog.bases:
        problem = f"there is a base {name} already"
    if problem:
        raise GeneratorError(f"the base needs another name: {problem}", hint="Say --base NAME.")


def _words(draft: CatalogDraft, environment: str) -> str:
    """Return all that an environment says and holds, to be compared."""
    resolved = draft.resolved(environment)
    said = {word: value for word, value in resolved.written.items() if word != EXTENDS}
    return json.dumps([said, [[e.section, e.key, e.words] for e in resolved.entries]], sort_keys=True)


def _listed(draft: CatalogDraft, section: str, key: str) -> tuple[str, ...]:
    own = mapping(draft.catalog.definitions[section, key].document.section(section).get(key))
    said = own.get("environments")
    return tuple(name for name in said if isinstance(name, str)) if isinstance(said, list) else ()


def _same(one: JsonValue, other: JsonValue) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _common(one: JsonObject, other: JsonObject) -> JsonObject:
    """Return what two maps both say; lists and scalars are the same or are not."""
    found: JsonObject = {}
    for word, value in one.items():
        if word not in other:
            continue
        theirs = other[word]
        if _same(value, theirs):
            found[word] = value
        elif isinstance(value, dict) and isinstance(theirs, dict) and (below := _common(value, theirs)):
            found[word] = below
    return found


def _moved(own: JsonObject, common: JsonObject, path: WordPath = ()) -> Iterator[WordPath]:
    """Yield what a file loses to its base."""
    for word, value in common.items():
        mine = own[word]
        if isinstance(value, dict) and isinstance(mine, dict) and not _same(value, mine):
            yield from _moved(mine, value, (*path, word))
        else:
            yield (*path, word)


def _beside(own: JsonObject, common: JsonObject, path: WordPath = ()) -> Iterator[WordPath]:
    """Yield what a file has beside what is common: it does not go to the base."""
    for word, value in own.items():
        if not path and word == "version":
            continue
        shared = common.get(word)
        if word not in common:
            yield (*path, word)
        elif isinstance(value, dict) and isinstance(shared, dict):
            yield from _beside(value, shared, (*path, word))


def _shared_head(one: str, other: str) -> Iterator[str]:
    """Yield what the heads of two files both say, and what tells editors of the schema."""
    theirs = {line.strip() for line in head_of(other)}
    for line in head_of(one):
        if "$schema=" in line:  # a base lies one folder deeper
            yield line.replace("$schema=../", "$schema=../../", 1)
        elif line.strip() and line.strip() in theirs:
            yield line


def _reduced(text: str, paths: Iterator[WordPath], file: str) -> str:
    for path in paths:
        text = drop_with_comments(text, path, file)
    tidy = _BLANK_LINES.sub("\n\n", text).rstrip("\n") + "\n"
    return tidy if _same(read_value(tidy, file), read_value(text, file)) else text
