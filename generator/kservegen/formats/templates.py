"""A template's name and plain data in; a page for people out.

A repository's own templates are Jinja's, and what they may do is said in `sandbox.py`. Those that travel with the
package, and are written in every render, are Python beside (`render/pages.py`), made from the templates: Jinja takes as
long to import, and to compile them, as a small catalog to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kservegen.core.diagnostics import Diagnostic
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import TEMPLATES_FOLDER, packaged_data
from kservegen.formats.yaml.files import read_bytes

if TYPE_CHECKING:
    from kservegen.formats.sandbox import CompiledTemplate, TemplateRunner

SUFFIX: Final = ".j2"
_HTML: Final = ".html"
LARGEST_TEMPLATE: Final = 1024 * 1024
# What a page may take: three hundred times the page of a thousand models.
LARGEST_PAGE: Final = 32_000_000  # characters

# What writes a page that travels with the package, piece by piece, from its data.
ShippedPage: TypeAlias = Callable[[Mapping[str, Any]], Iterator[str]]


class PageTemplates:
    """The templates of a repository, before those that travel with the package.

    `folder` is that of the repository's own, which may lack any of them; `own` stand for it, by file name, where they
    come from elsewhere: a commit. A template is compiled once. `shipped` write pages, by name, of which there is no own
    template.
    """

    def __init__(
        self,
        folder: Path | None = None,
        own: Mapping[str, bytes] | None = None,
        shipped: Mapping[str, ShippedPage] | None = None,
    ) -> None:
        self._folder, self._own, self._shipped = folder, own or {}, shipped or {}
        self._compiled: dict[str, CompiledTemplate] = {}

    @cached_property
    def _runner(self) -> TemplateRunner:
        from kservegen.formats.sandbox import TemplateRunner  # noqa: PLC0415 - brings Jinja, which shipped pages spare

        return TemplateRunner()

    def write(self, name: str, /, **data: object) -> str:
        """Write a page; GeneratorError with file and line where its template is wrong, as for `pieces`."""
        return "".join(self.pieces(name, **data))

    def pieces(self, name: str, /, **data: object) -> Iterator[str]:
        """Write a page piece by piece, for who may not want all of it."""
        left = LARGEST_PAGE
        shipped = None if self._has(name + SUFFIX) else self._shipped.get(name)
        for piece in shipped(data) if shipped is not None else self._runner.pieces(name, self.compile(name), data):
            left -= len(piece)
            if left < 0:
                raise wrong_template(f"the page is longer than {LARGEST_PAGE:,} characters", name, 1)
            yield piece

    def compile(self, name: str) -> CompiledTemplate:
        """Read a template; GeneratorError where it is wrong, whatever its data will be."""
        found = self._compiled.get(name)
        if found is None:
            found = self._compiled[name] = self._runner.compile(name, *self._read(name + SUFFIX))
        return found

    def _has(self, file: str) -> bool:
        return file in self._own or (self._folder is not None and _is_there(self._folder / file))

    def _read(self, file: str) -> tuple[str, str]:
        """Return where the template lies, and its text."""
        subject = f"{TEMPLATES_FOLDER}/{file}"
        root = packaged_data()
        path = root / TEMPLATES_FOLDER / file
        if file in self._own:
            content = self._own[file]
        else:
            if self._folder is not None and _is_there(self._folder / file):
                path, root = self._folder / file, self._folder.parent
            read = read_bytes(path, subject, root)
            if isinstance(read, Diagnostic):
                raise GeneratorError(f"{read.message}: {read.seen}", subject=subject, hint=read.hint)
            content = read
        if len(content) > LARGEST_TEMPLATE:
            raise GeneratorError(
                f"the template has {len(content):,} bytes",
                subject=subject,
                hint=f"It may have {LARGEST_TEMPLATE:,}: a page of its own kind is shorter.",
            )
        try:
            return str(path), content.decode()
        except UnicodeDecodeError as error:
            raise GeneratorError(
                f"the template is no UTF-8 text: byte {error.start + 1}", subject=subject, hint="Save it as UTF-8."
            ) from error


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # a dangling link is there, and is a mistake


def wrong_template(message: str, name: str, line: int, column: str = "") -> GeneratorError:
    """Say what is wrong with a template, and where."""
    return GeneratorError(
        message,
        subject=f"{TEMPLATES_FOLDER}/{name}{SUFFIX}:{line}{column}",
        hint="The template is wrong; without a file of this name in templates/, the page is ours.",
    )
