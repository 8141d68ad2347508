"""The pages that people read first are whole: generated ones are current, links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.support.rooms import ROOMS
from tools import catalog_schemas, docs, docs_site

from kservegen.checks.registry import manuals

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "policies" / "README.md"])


def test_generated_pages_are_current() -> None:
    assert [name for name, text in docs.pages() if (ROOT / name).read_text("utf-8") != text] == []


def test_published_schemas_are_current() -> None:
    folder = ROOT / "schemas" / "kservegen"
    schemas = catalog_schemas.published()
    assert [name for name, schema in schemas.items() if json.loads((folder / name).read_text("utf-8")) != schema] == []


def test_links_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))]
    local = [(page, link) for page, link in links if "://" not in link]
    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in local if not (page.parent / link).exists()] == []


def test_links_hold_on_the_site_too() -> None:
    page = "[a](../../schemas/kservegen/report.schema.json) [b](../../policies/README.md) [c](../plan.md#x) [d](#e)"
    assert docs_site.relink(page, "how-to/x.md") == (
        "[a](../schemas/report.schema.json) [b](../reference/shipped-policies.md) [c](../plan.md#x) [d](#e)"
    )
    assert docs_site.relink("[a](../docs/policies.md)", "reference/shipped-policies.md") == "[a](../policies.md)"
    assert docs_site.relink("[a](https://example.com/x)", "index.md") == "[a](https://example.com/x)"


def test_a_rule_leads_to_its_manual() -> None:
    page = "`gpu/pool-full`, [`gpu/pool-full`](x.md), `models/search`"
    led = "[`gpu/pool-full`](../rules.md#gpupool-full), [`gpu/pool-full`](x.md), `models/search`"
    assert docs_site.with_manuals(page, "how-to/x.md") == led


def test_a_block_has_the_name_of_its_file() -> None:
    page = "<!-- add to: models.yaml -->\n<!-- wrong -->\n```yaml\na: 1\n```\n"
    assert docs_site.titled(page) == '<!-- wrong -->\n```yaml title="in models.yaml"\na: 1\n```\n'


def test_every_page_of_the_site_is_told_to_programs() -> None:
    told = re.findall(r"^- \[.+?\]\((.+?)\.html\): .+[.?]$", (ROOT / "docs/llms.txt").read_text("utf-8"), re.MULTILINE)
    pages = [path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    own = [page for page in pages if not page.startswith("decisions/0")]
    assert sorted(told) == sorted([*own, "reference/shipped-policies"])


def test_the_map_has_every_room() -> None:
    package = ROOT / "generator" / "kservegen"
    rows = re.findall(r"^\| `(.+?)/` \|", (package / "README.md").read_text("utf-8"), re.MULTILINE)
    assert rows[: len(ROOMS)] == list(ROOMS)
    assert [row for row in rows[len(ROOMS) :] if not (ROOT / row).is_dir()] == []
    assert {path.parent.name for path in package.glob("*/__init__.py")} == set(ROOMS)
    assert {path.name for path in package.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_decisions_are_numbered_in_turn_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    titles = [record.read_text("utf-8").splitlines()[0].removeprefix("# ") for record in records]
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [record.name[:4].lstrip("0") for record in records] == [title.partition(".")[0] for title in titles]
    listed = re.findall(r"^(\d+\. )\[(.+)\]\((.+)\)$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert [(number + title, name) for number, title, name in listed] == [
        (title, record.name) for title, record in zip(titles, records, strict=True)
    ]


def test_a_manual_says_why_and_how_to_mend_it() -> None:
    pages = manuals().values()
    assert [page.id for page in pages if not re.fullmatch(r"[a-z]+/[a-z0-9-]+", page.id)] == []
    assert [page.id for page in pages if not page.title[0].isupper() or page.title.endswith(".")] == []
    assert [page.id for page in pages if not page.why.endswith((".", ")"))] == []
    assert [page.id for page in pages if not page.fix.endswith((".", ")"))] == []


def test_rules_that_pages_name_are_there() -> None:
    known = manuals().keys() | {f"policy/{path.stem}" for path in (ROOT / "policies").glob("*.yaml")}
    areas = {rule.partition("/")[0] for rule in known}
    named = [(page, rule) for page in PAGES for rule in re.findall(r"`([a-z]+/[a-z0-9-]+)`", page.read_text("utf-8"))]
    rules = [(page, rule) for page, rule in named if rule.partition("/")[0] in areas]
    assert len(rules) > 100
    assert [f"{page.relative_to(ROOT)}: {rule}" for page, rule in rules if rule not in known] == []


def test_editors_complete_arguments_and_refuse_none() -> None:
    published: dict[str, Any] = {**catalog_schemas.published()}
    for name in ("models", "environments"):
        schema = published[f"{name}.schema.json"]
        shape = schema["definitions"]["arguments"]
        assert shape["properties"]["dtype"]["examples"][:2] == ["auto", "bfloat16"]
        assert {"max-model-len", "model_name", "tensor-parallel-size"} <= shape["properties"].keys()
        assert shape["additionalProperties"] == {"type": ["string", "number", "boolean", "null"]}
        assert not any("enum" in known for known in shape["properties"].values())
