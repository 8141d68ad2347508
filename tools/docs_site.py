"""Hooks of the documentation site (mkdocs.yml): files that lie elsewhere in the repository are pages there, too."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[1]
# Page or file of the site -> file of the repository. Their links hold in both places.
SITE_ONLY: Final = {
    "reference/shipped-policies.md": "policies/README.md",
    **{
        f"schemas/{path.name}": f"schemas/kservegen/{path.name}"
        for path in sorted(ROOT.glob("schemas/kservegen/*.json"))
    },
}
_RULES: Final = "rules.md"
_RULE: Final = re.compile(r"(?<!\[)`([a-z]+/[a-z0-9-]+)`(?!\])")
_FILE: Final = re.compile(r"<!-- (file|add to|replace in): (\S+) -->\n((?:<!-- .* -->\n)*)```yaml")
_FETCHED: Final = re.compile(
    r"""<(?:script|img|link(?! rel="(?:canonical|edit)"))[^>]*(?:src|href)="(https?://[^"]*)"""
)
_SAID: Final = {"file": "", "add to": "in ", "replace in": "in "}
_LINK: Final = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside of docs/."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - the site alone needs it

    for place, source in SITE_ONLY.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Lead the links of a page to where the site has what they mean, and name the files that its blocks are."""
    place = page.file.src_uri
    linked = relink(markdown, place)
    return titled(linked if place == _RULES else with_manuals(linked, place))


def with_manuals(markdown: str, page: str) -> str:
    """Lead from each rule that a page names to its manual."""
    rules = posixpath.relpath(_RULES, posixpath.dirname(page) or ".")
    known = set(re.findall(r"^### (\S+/\S+)$", (ROOT / "docs" / _RULES).read_text("utf-8"), re.MULTILINE))

    def led(match: re.Match[str]) -> str:
        rule = match[1]
        return f"[`{rule}`]({rules}#{rule.replace('/', '')})" if rule in known else match[0]

    return _RULE.sub(led, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001
    """Refuse a page that fetches anything from elsewhere."""
    from mkdocs.exceptions import PluginError  # noqa: PLC0415 - the site alone needs it

    fetched = _FETCHED.search(output)
    if fetched is not None:
        raise PluginError(f"{page.file.src_uri} fetches {fetched[1]}")
    return output


def titled(markdown: str) -> str:
    """Give a block of YAML the name of its file, which a comment above it tells to tests alone."""
    return _FILE.sub(lambda match: f'{match[3]}```yaml title="{_SAID[match[1]]}{match[2]}"', markdown)


def relink(markdown: str, page: str) -> str:
    """Rewrite links of a page, as the repository has them, for the place that it has on the site."""
    source = SITE_ONLY.get(page, f"docs/{page}")
    places = {file: place for place, file in SITE_ONLY.items()}

    def moved(match: re.Match[str]) -> str:
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        place = places.get(meant, meant.removeprefix("docs/") if meant.startswith("docs/") else "")
        return posixpath.relpath(place, posixpath.dirname(page) or ".") if place else match[1]

    return _LINK.sub(moved, markdown)
