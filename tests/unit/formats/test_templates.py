"""Templates of pages: what they may do, where their mistakes are told, whose they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.project import Project

from kservegen.core.errors import GeneratorError
from kservegen.formats.inert import inert
from kservegen.formats.templates import PageTemplates

HOSTILE = "@team *b* <img> [x](y) https://e.vil | `c`"


def write(source: str, **data: object) -> str:
    return PageTemplates(own={"page.j2": source.encode()}).write("page", **data)


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("{% for i in a %}\n- {{ i.items }}{{ ', ' if not loop.last else '' }}\n{% endfor %}\n", "- 1, \n- 2\n"),
        ("{{ t }}", "@\u200bteam \\*b\\* &lt;img&gt; \\[x\\]\\(y\\) https:\u200b//e.vil \\| \\`c\\`"),
        ("{{ t|html }}", "@\u200bteam *b* &lt;img&gt; [x](y) https:\u200b//e.vil | `c`"),
        ("{{ t|code }}", f"`` {HOSTILE} ``"),
        ("{{ t|cell }}", f"<code>{inert(HOSTILE)}</code>"),
        ("{{ t|plain }}", HOSTILE),
        ("{{ 'a_' ~ t|plain }}", "a\\_@\u200bteam \\*b\\* &lt;img&gt; \\[x\\]\\(y\\) https:\u200b//e.vil \\| \\`c\\`"),
    ],
)
def test_what_is_printed_is_inert_unless_a_filter_says_otherwise(source: str, page: str) -> None:
    assert write(source, a=[{"items": 1}, {"items": 2}], t=HOSTILE) == page


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("a\n{{ nothing }}", 2, "'nothing' is undefined"),
        ("a\n{% if m.absent %}{% endif %}", 2, "no attribute 'absent'"),
        ("{% for x in m %}\n{% endfor", 2, "unexpected end of template"),
        ("{{ m|upper }}", 1, "No filter named 'upper'"),
        ("\n\n{{ m.__class__ }}", 3, "no attribute '__class__'"),
        ("{{ t.__class__ }}", 1, "text has no attribute '__class__'"),
        ("{{ t.upper() }}", 1, "no call"),
        ("{% for i in range(9) %}{% endfor %}", 1, "not over what a template writes"),
        ("{% macro m() %}{% endmacro %}", 1, "no macro"),
        ("{% include 'page' %}", 1, "no include"),
        ("{% import 'page' as p %}", 1, "no import"),
        ("{% set x = 1 %}", 1, "no assign"),
        ("{{ 'x' * 9 }}", 1, "no mul"),
        ("a\n\n{% for i in 3 %}{% endfor %}", 3, "not over what a template writes"),
        ("{{ m < 3 }}", 1, "these cannot be compared"),
        ("{{ 3|code }}", 1, "the filter code takes text, and is given a number .3."),
        ("{{ m.a|code }}", 1, "the filter code takes text, and is given a number .1."),
        ("{{ s|html }}", 1, "the filter html takes text, and is given a sequence$"),
        ("{{ t|code(3) }}", 1, "the filter code takes text, and nothing in brackets"),
        ("{{ t|cod }}", 1, "there are: cell, code, html, plain$"),
        ("{{ nothing }}", 1, "there are: g, m, s, t$"),
        ("{{ m.absent }}", 1, "there are: a$"),
        ("{{ t.upper }}", 1, "text has no attribute 'upper'$"),
        ("{{ t['upper'] }}", 1, "text has no attribute 'upper'$"),
        ("{{ m.a.real }}", 1, "a number has no attribute 'real'$"),
        ("{{ s.count }}", 1, "a sequence has no attribute 'count'$"),
        ("{{ s[9] }}", 1, "a sequence has no item 9$"),
        ("{{ m.items }}", 1, "no attribute 'items'"),
        ("{{ m }}", 1, "only text, numbers and booleans can be printed, and this is a map$"),
        ("{{ s }}", 1, "this is a sequence$"),
        ("{{ g }}", 1, "this is a sequence$"),
        ("{{ g ~ 'x' }}", 1, "this is a sequence$"),
        ("{{ none }}", 1, "this is nothing$"),
        ("{{ 1.5 }}", 1, "this is no data$"),
        ("{% for i in s %}{{ loop }}{% endfor %}", 1, "loop.first, loop.last, loop.index, and nothing else"),
        ("{% for i in s %}\n{{ loop.cycle }}{% endfor %}", 2, "nothing else"),
        ("{% for i in s %}\n{{ loop['cycle'] }}{% endfor %}", 2, "nothing else"),
        ("{% for i in s %}{% for i in loop %}{% endfor %}{% endfor %}", 1, "nothing else"),
        ("{% for i in t %}{% endfor %}", 1, "a sequence of the data, and this is text"),
        ("{% for i in m %}{% endfor %}", 1, "a sequence of the data, and this is a map"),
        ("{% for i in m.a %}{% endfor %}", 1, "a sequence of the data, and this is a number"),
        ("{% for i in 'aaa' %}{% endfor %}", 1, "not over what a template writes"),
        ("{% for i in (1, 2) %}{% endfor %}", 1, "not over what a template writes"),
        ("{% for i, j in s %}{% endfor %}", 1, "one name"),
        ("{% for i in s recursive %}{% endfor %}", 1, "one name"),
        ("{% for i in s %}" * 9 + "{% if i %}{% endif %}" * 50 + "{% endfor %}" * 9, 1, "more than 20,000,000 steps"),
        ("{% for i in s %}" * 6 + "x" * 1_000 + "{% endfor %}" * 6, 1, "longer than 32,000,000 characters"),
        ("{{ " + "9" * 5000 + " }}", 1, "a number in it that is too long"),
        ("{{ " + "(" * 5000 + "1", 1, "nested too deep"),
        ("{% for a in t %}" * 30 + "{% endfor %}" * 30, 1, "nested too deep"),
    ],
)
def test_a_mistake_is_told_with_its_line(source: str, line: int, said: str) -> None:
    with pytest.raises(GeneratorError, match=said) as raised:
        write(source, m={"a": 1}, t="text", s=["0", "1", 2, "3", "4", "5", "6", "7"], g=iter("ab"))
    assert raised.value.subject == f"templates/page.j2:{line}"


@pytest.mark.parametrize(
    ("source", "where"),
    [("a\n\tb\x00", "2:3 U+0000"), ("\ufeffa", "1:1 U+FEFF"), ("a\x1b[2J", "1:2 U+001B"), ("a\rb", "1:2 U+000D")],
)
def test_control_characters_are_refused(source: str, where: str) -> None:
    with pytest.raises(GeneratorError) as raised:
        write(source)
    place, _, character = where.partition(" ")
    assert raised.value.subject == f"templates/page.j2:{place}"
    assert f"({character})" in raised.value.message
    assert write("a\r\n\tb\r\n") == "a\n\tb\n"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def hidden(path: Path) -> None:
    (path.parents[1] / ".git").mkdir()
    (path.parents[1] / ".git/config").write_text("token", "utf-8")
    path.symlink_to("../.git/config")


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (lambda path: path.symlink_to("/proc/self/environ"), "the path leads out of the repository"),
        (lambda path: path.symlink_to("/nowhere"), "the path leads out of the repository"),
        (lambda path: path.symlink_to("/dev/zero"), "the path leads out of the repository"),
        (hidden, "the path leads out of the repository"),
        (lambda path: path.symlink_to("nowhere"), "leads nowhere"),
        (lambda path: path.symlink_to(path.name), "leads back to itself"),
        (pipe, "no regular file: a named pipe"),
        (Path.mkdir, "no regular file: a folder"),
        (lambda path: path.write_bytes(b"x" * 1024 * 1024 + b"x"), "1,048,577 bytes"),
        (lambda path: path.write_bytes(b"ab\xff"), "no UTF-8 text: byte 3"),
        (lambda path: path.write_text("{{", "utf-8"), "unexpected"),
    ],
)
def test_what_stands_in_the_place_of_a_template(project: Project, put: Callable[[Path], None], said: str) -> None:
    (project.root / "templates").mkdir()
    put(project.root / "templates/plan.md.j2")
    for act in (project.validate, project.render):
        with pytest.raises(GeneratorError, match=said) as raised:
            act()
        assert raised.value.subject.startswith("templates/plan.md.j2")
    assert not (project.root / "rendered").exists()


def test_a_link_inside_the_repository_is_followed(project: Project) -> None:
    project.write("pages/ours.md", "Ours: {{ name }}\n")
    (project.root / "templates").mkdir()
    (project.root / "templates/environment.md.j2").symlink_to("../pages/ours.md")
    project.render()
    assert (project.root / "rendered/dev/README.md").read_text("utf-8").endswith("\nOurs: dev\n")


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ("enviroment.md.j2", "Did you mean environment.md.j2?"),
        ("environment.md", "Did you mean environment.md.j2?"),
        ("plan.j2", "Did you mean plan.md.j2?"),
        ("other.j2", "Name the file after the page"),
        ("README.md", None),
        (".environment.md.j2.swp", None),
        ("chart/deployment.md.j2", None),
    ],
)
def test_a_file_that_stands_for_no_page_is_told(project: Project, file: str, hint: str | None) -> None:
    project.write(f"templates/{file}", "Ours\n")
    found = [d for d in project.validate().diagnostics if d.rule == "catalog/unknown-template"]
    assert [(str(d.location), d.hint[: len(hint or "")]) for d in found] == (
        [(f"templates/{file}:1:1", hint)] if hint else []
    )


def test_no_page_says_what_a_link_of_no_page_leads_to(project: Project) -> None:
    (project.root / "templates").mkdir()
    (project.root / "templates/enviroment.md.j2").symlink_to("/proc/self/environ")
    (found,) = (d for d in project.validate().diagnostics if d.rule == "catalog/unknown-template")
    assert found.location.file == "templates"


def test_a_repository_has_pages_of_its_own(project: Project) -> None:
    project.write("templates/environment.md.j2", "Ours: {{ name }}\n")
    project.render()
    page = (project.root / "rendered/dev/README.md").read_text("utf-8")
    assert page.splitlines()[1:] == ["Ours: dev"]
    assert "| [iris]" in (project.root / "rendered/dev/models/ns/README.md").read_text("utf-8")
