"""A template's name and plain data in; a page for people out.

Templates are Jinja's, of which they may use what a page needs: loops, ifs, filters, comparisons. Nothing can be called,
defined, included or multiplied, so a page is as long as its template and the data make it, and no template reaches
anything else. What is printed is inert Markdown unless a filter of ours says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kservegen.core.errors import GeneratorError
from kservegen.core.repository import TEMPLATES_FOLDER
from kservegen.formats.inert import code, inert, inert_html, printable

_SUFFIX: Final = ".j2"
_ALLOWED: Final = (
    nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.CondExpr, nodes.Name, nodes.Const, nodes.Getattr,
    nodes.Getitem, nodes.Filter, nodes.Not, nodes.And, nodes.Or, nodes.Compare, nodes.Operand, nodes.Concat,
    nodes.Tuple,
)  # fmt: skip


class _Written(str):
    """Text that a filter has written for the place where it stands: printed as it is."""

    __slots__ = ()


def _printed(value: object) -> str:
    return value if isinstance(value, _Written) else inert(str(value))


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which a map has keys and nothing else."""

    def getattr(self, obj: object, attribute: str) -> object:
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


class PageTemplates:
    """The templates of a repository, before those that travel with the package.

    `own` are the repository's, by file name, where they come from elsewhere than its folder: a commit. `folders` are
    looked through in order. A template is compiled once.
    """

    def __init__(self, folders: Sequence[Path], own: Mapping[str, bytes] | None = None) -> None:
        self._folders, self._own = folders, own or {}
        self._compiled: dict[str, Template] = {}
        self._environment = _Sandbox(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
            finalize=_printed, cache_size=0, optimized=False,
        )  # fmt: skip
        self._environment.globals.clear()
        self._environment.filters = {
            "code": lambda text: _Written(code(text)),
            "html": lambda text: _Written(inert_html(text)),
            "cell": lambda text: _Written(code(text).replace("|", "\\|")),
            "plain": lambda text: _Written(printable(text)),
        }
        self._environment.tests = {}

    def write(self, name: str, /, **data: object) -> str:
        """Write a page; GeneratorError with file and line where its template is wrong, as for `pieces`."""
        return "".join(self.pieces(name, **data))

    def pieces(self, name: str, /, **data: object) -> Iterator[str]:
        """Write a page piece by piece, for who may not want all of it."""
        template = self._compiled.get(name)
        if template is None:
            template = self._compiled[name] = self._compile(name)
        try:
            yield from template.generate(**data)
        except GeneratorError:
            raise
        except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise _wrong(str(error), name, _line(error.__traceback__, template.filename)) from error

    def _compile(self, name: str) -> Template:
        file, source = self._read(name)
        try:
            tree = self._environment.parse(source, name, file)
            for node in tree.find_all(nodes.Node):
                if not isinstance(node, _ALLOWED):
                    what = type(node).__name__.lower()
                    raise _wrong(f"templates have loops, ifs and filters, and no {what}", name, node.lineno)
            compiled = self._environment.compile(tree, name, file)
        except TemplateSyntaxError as error:
            raise _wrong(str(error.message), name, error.lineno) from error
        except (RecursionError, SyntaxError) as error:  # as Python has it, to which Jinja compiles
            raise _wrong("is nested too deep", name, 1) from error
        return Template.from_code(self._environment, compiled, {})

    def _read(self, name: str) -> tuple[str, str]:
        """Return where the template lies, and its text."""
        file = name + _SUFFIX
        path = next((folder / file for folder in self._folders if (folder / file).is_file()), Path(file))
        try:
            content = self._own[file] if file in self._own else path.read_bytes()
            return str(path), content.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise GeneratorError(f"cannot be read: {error}", subject=f"{TEMPLATES_FOLDER}/{file}") from error


def _wrong(message: str, name: str, line: int) -> GeneratorError:
    return GeneratorError(
        message,
        subject=f"{TEMPLATES_FOLDER}/{name}{_SUFFIX}:{line}",
        hint="The template is wrong; without a file of this name in templates/, the page is ours.",
    )


def _line(trace: TracebackType | None, file: str | None) -> int:
    """Return the line of a template at which an error arose: Jinja rewrites the trace to speak of its lines."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
