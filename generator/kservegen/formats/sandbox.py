"""A template's text in; what it writes from plain data out: the part of the pages that knows Jinja.

Templates may use of Jinja what a page needs: loops over data, ifs, filters, comparisons. Nothing can be called,
defined, included or multiplied, text has no attributes, and only text, numbers and booleans are printed: the same data
gives the same bytes, and no template reaches anything else. What is printed is inert Markdown unless a filter of ours
says otherwise; in a page of HTML (`NAME.html.j2`) it is escaped text, and there are no filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, NamedTuple

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.inert import code, code_cell, inert, inert_html, printable
from kservegen.formats.templates import wrong_template

_HTML: Final = ".html"
MOST_STEPS: Final = 20_000_000  # rounds of loops, each counted by what there is inside the loop


_ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.CondExpr, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Not, nodes.And, nodes.Or, nodes.Compare, nodes.Operand,
    nodes.Concat, nodes.Tuple,
)  # fmt: skip
_LOOP: Final = "loop"
_OF_LOOPS: Final = ("first", "last", "index")
# A line may end as Windows ends it: a checkout with autocrlf holds the same template.
_CONTROL: Final = lazy_pattern(r"(?!\r\n)[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
# What we put into a template ourselves has names that no template can write.
_ROUNDS, _PLAIN, _STEPS = "rounds of a loop", "plain data", "steps left"
_KINDS: Final = (
    (str, "text"), (bool, "a boolean"), (int, "a number"), (dict, "a map"), ((list, tuple, Iterator), "a sequence"),
)  # fmt: skip


class _Written(str):
    """Text that a filter has written for the place where it stands: printed as it is."""

    __slots__ = ()


class _Misused(Exception):  # noqa: N818 - no failure of ours: what a template does with its data
    """A template does with a value what cannot be done with it."""


class CompiledTemplate(NamedTuple):
    """A template, and the names that it takes from its data, with the line of the first use."""

    template: Template
    names: Mapping[str, int]


def _kind(value: object) -> str:
    if isinstance(value, Undefined):
        str(value)  # raises what it is that there is none of
    if isinstance(value, LoopContext):
        return "the loop itself"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "nothing" if value is None else "no data")


def _plain(value: object) -> object:
    """Return what may be printed as it is."""
    if isinstance(value, str | int):
        return value
    raise _Misused(f"only text, numbers and booleans can be printed, and this is {_kind(value)}")


def _printed(value: object) -> str:
    return value if isinstance(value, _Written) else inert(str(_plain(value)))


def _shown(value: object) -> str:
    """Return what Jinja escapes: in HTML no text does anything once it is."""
    return printable(str(_plain(value)))


def _filter(name: str, write: Callable[[str], str]) -> Callable[[object], _Written]:
    def apply(value: object) -> _Written:
        if isinstance(value, str):
            return _Written(write(value))
        shown = f" ({value})" if isinstance(value, int) else ""
        raise _Misused(f"the filter {name} takes text, and is given {_kind(value)}{shown}")

    return apply


FILTERS: Final[Mapping[str, Callable[[str], str]]] = {
    "cell": code_cell,
    "code": code,
    "html": inert_html,
    "plain": printable,
}


@pass_context
def _rounds(context: Context, value: object, weight: int) -> Iterator[object]:
    """Yield the items of a sequence of the data, until the page has taken too many steps."""
    if isinstance(value, LoopContext) or not isinstance(value, list | tuple | Iterator):
        raise _Misused(f"a loop goes over a sequence of the data, and this is {_kind(value)}")
    steps: list[int] = context[_STEPS]
    for item in value:
        steps[0] -= weight
        if steps[0] < 0:
            raise _Misused(f"the page takes more than {MOST_STEPS:,} steps: loops inside loops go round too often")
        yield item


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which a map has keys, a sequence has places, and nothing has anything else."""

    def getattr(self, obj: object, attribute: str) -> object:
        if isinstance(obj, dict):
            if attribute in obj:
                return obj[attribute]
            return self.undefined(f"there is no attribute {attribute!r} here; there are: {', '.join(sorted(obj))}")
        if isinstance(obj, LoopContext) and attribute in _OF_LOOPS:
            return getattr(obj, attribute)
        return self.undefined(f"{_kind(obj)} has no attribute {attribute!r}")

    def getitem(self, obj: object, argument: object) -> object:
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        if isinstance(obj, list | tuple) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(f"{_kind(obj)} has no item {argument!r}")


def open_sandbox(*, is_html: bool) -> ImmutableSandboxedEnvironment:
    """Return what templates of Markdown, or of HTML, are read and run by."""
    sandbox = _Sandbox(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        finalize=_shown if is_html else _printed, autoescape=is_html, cache_size=0, optimized=False,
    )  # fmt: skip
    sandbox.globals.clear()
    filters = {} if is_html else {name: _filter(name, write) for name, write in FILTERS.items()}
    sandbox.filters = {**filters, _ROUNDS: _rounds, _PLAIN: _plain}
    sandbox.tests = {}
    return sandbox


class TemplateRunner:
    """Compiles templates and writes pages by them."""

    def __init__(self) -> None:
        self._environments = {is_html: open_sandbox(is_html=is_html) for is_html in (False, True)}

    def pieces(self, name: str, compiled: CompiledTemplate, data: Mapping[str, object]) -> Iterator[str]:
        """Write a page piece by piece; GeneratorError with file and line where its template is wrong."""
        template, names = compiled
        if unknown := next((used for used in names if used not in data), None):
            there = f"{unknown!r} is undefined; there are: {', '.join(sorted(data))}"
            raise wrong_template(there, name, names[unknown])
        try:
            yield from template.generate({**data, _STEPS: [MOST_STEPS]})
        except (TemplateError, _Misused) as error:
            raise wrong_template(str(error), name, _line(error.__traceback__, template.filename)) from error
        except TypeError as error:  # of what there is in a template, a comparison alone depends on what it is given
            said = "these cannot be compared: text goes with text, a number with a number, `in` with a sequence"
            raise wrong_template(said, name, _line(error.__traceback__, template.filename)) from error

    def compile(self, name: str, file: str, source: str) -> CompiledTemplate:
        """Compile the text of a template that lies in a file; GeneratorError where it is wrong, whatever its data."""
        if control := _CONTROL.search(source):
            before = source[: control.start()]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            said = f"there is a control character (U+{ord(control[0]):04X}) in it"
            raise wrong_template(said, name, line, f":{column}")
        is_html = name.endswith(_HTML)
        environment = self._environments[is_html]
        try:
            tree = environment.parse(source, name, file)
            names = _check(tree, name, () if is_html else tuple(FILTERS))
            tree.set_environment(environment)
            compiled = environment.compile(tree, name, file)
        except TemplateSyntaxError as error:
            raise wrong_template(str(error.message), name, error.lineno or 1) from error
        except (RecursionError, MemoryError, SyntaxError) as error:  # as Python has it, to which Jinja compiles
            raise wrong_template("is nested too deep", name, 1) from error
        except ValueError as error:
            raise wrong_template("there is a number in it that is too long", name, 1) from error
        return CompiledTemplate(Template.from_code(environment, compiled, {}), names)


def _check(tree: nodes.Template, name: str, filters: Sequence[str]) -> Mapping[str, int]:
    """Refuse what templates may not do, put our bounds into the rest, and return the names that they use."""
    names: dict[str, int] = {}
    own: set[str] = set()
    loops: set[int] = set()
    line = 1
    for node in list(tree.find_all(nodes.Node)):
        line = node.lineno or line
        if wrong := _wrong_node(node, filters):
            raise wrong_template(wrong, name, line)
        if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name) and isinstance(node.iter, nodes.Expr):
            own.add(node.target.name)
            weight = 1 + sum(1 for part in node.body for _ in part.find_all(nodes.Node))
            node.iter = _through(_ROUNDS, node.iter, nodes.Const(weight, lineno=line))
        elif isinstance(node, nodes.Concat):
            node.nodes = [_through(_PLAIN, part) for part in node.nodes]
        elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.attr in _OF_LOOPS:
            loops.add(id(node.node))
        elif isinstance(node, nodes.Name) and node.name == _LOOP and id(node) not in loops:
            has = ", ".join(f"loop.{of}" for of in _OF_LOOPS)
            raise wrong_template(f"a loop has {has}, and nothing else", name, line)
        elif isinstance(node, nodes.Name) and node.ctx == "load" and node.name != _LOOP:
            names.setdefault(node.name, line)
    return {used: at for used, at in names.items() if used not in own}


def _wrong_node(node: nodes.Node, filters: Sequence[str]) -> str:
    """Say what a template may not do here; empty where it may."""
    if not isinstance(node, _ALLOWED):
        return f"templates have loops, ifs and filters, and no {type(node).__name__.lower()}"
    if isinstance(node, nodes.Filter):
        if node.name not in filters:
            return f"No filter named {node.name!r}; there are: {', '.join(filters) or 'none in a page of HTML'}"
        if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return f"the filter {node.name} takes text, and nothing in brackets"
    if isinstance(node, nodes.For):
        if not isinstance(node.iter, nodes.Name | nodes.Getattr | nodes.Getitem):
            return "a loop goes over a sequence of the data, not over what a template writes"
        if not isinstance(node.target, nodes.Name) or node.recursive:
            return "a loop gives one name to the items of one sequence"
    return ""


def _through(name: str, value: nodes.Expr, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, list(arguments), [], None, None, lineno=value.lineno)


def _line(trace: TracebackType | None, file: str | None) -> int:
    """Return the line of a template at which an error arose: Jinja rewrites the trace to speak of its lines."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno or line
        trace = trace.tb_next
    return line
