"""Templates of pages: what they may do, where their mistakes are told, whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import Project

from kservegen.core.errors import GeneratorError
from kservegen.formats.templates import PageTemplates

HOSTILE = "@team *b* <img> [x](y) https://e.vil | `c`"


def write(source: str, **data: object) -> str:
    return PageTemplates([], {"page.j2": source.encode()}).write("page", **data)


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("{% for i in a %}\n- {{ i.items }}{{ ', ' if not loop.last else '' }}\n{% endfor %}\n", "- 1, \n- 2\n"),
        ("{{ t }}", "@\u200bteam \\*b\\* &lt;img&gt; \\[x\\]\\(y\\) https:\u200b//e.vil \\| \\`c\\`"),
        ("{{ t|html }}", "@\u200bteam *b* &lt;img&gt; [x](y) https:\u200b//e.vil | `c`"),
        ("{{ t|code }}", f"`` {HOSTILE} ``"),
        ("{{ t|cell }}", "`` " + HOSTILE.replace("|", "\\|") + " ``"),
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
        ("{{ t.__class__ }}", 1, "unsafe"),
        ("{{ t.upper() }}", 1, "no call"),
        ("{% for i in range(9) %}{% endfor %}", 1, "no call"),
        ("{% macro m() %}{% endmacro %}", 1, "no macro"),
        ("{% include 'page' %}", 1, "no include"),
        ("{% import 'page' as p %}", 1, "no import"),
        ("{% set x = 1 %}", 1, "no assign"),
        ("{{ 'x' * 9 }}", 1, "no mul"),
        ("a\n\n{% for i in 3 %}{% endfor %}", 3, "not iterable"),
        ("{{ m < 3 }}", 1, "not supported"),
        ("{{ 3|code }}", 1, "attribute"),
        ("{{ " + "(" * 5000 + "1", 1, "nested too deep"),
        ("{% for a in t %}" * 30 + "{% endfor %}" * 30, 1, "nested too deep"),
    ],
)
def test_a_mistake_is_told_with_its_line(source: str, line: int, said: str) -> None:
    with pytest.raises(GeneratorError, match=said) as raised:
        write(source, m={"a": 1}, t="text")
    assert raised.value.subject == f"templates/page.j2:{line}"


def test_no_template_and_one_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "page.j2").write_bytes(b"\xff")
    for name in ("page", "absent"):
        with pytest.raises(GeneratorError, match="cannot be read"):
            PageTemplates([tmp_path]).write(name)


def test_a_repository_has_pages_of_its_own(project: Project) -> None:
    project.write("templates/environment.md.j2", "Ours: {{ name }}\n")
    project.render()
    page = (project.root / "rendered/dev/README.md").read_text("utf-8")
    assert page.splitlines()[1:] == ["Ours: dev"]
    assert "| [iris]" in (project.root / "rendered/dev/models/ns/README.md").read_text("utf-8")
