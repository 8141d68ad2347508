"""The pages that are Python are those of the templates that they were made from, whatever the data."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kservegen.formats.templates import PageTemplates
from kservegen.render.pages import SHIPPED_PAGES

TEXTS = st.text("ab-_|`*<&@#:/.\\ \n\x1b{}$'\"é", max_size=6) | st.sampled_from(["InferenceService", ""])
LISTS = st.lists(TEXTS, max_size=3)
KINDS = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("kind", "resource", "label", "service"), TEXTS),
            "port": st.integers(0, 9),
            **dict.fromkeys(("has_address", "own_data"), st.booleans()),
            "requests": st.lists(st.fixed_dictionaries({"protocol": TEXTS, "lines": LISTS}), max_size=2),
        }
    ),
    max_size=2,
)
ENVIRONMENTS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("name", "cluster", "version", "mode", "engine"), TEXTS),
        **dict.fromkeys(("charts", "prerequisites", "roots", "order", "by_hand", "leaving"), LISTS),
        **dict.fromkeys(("kinds", "services"), KINDS),
    }
)
MODELS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("environment", "namespace"), TEXTS),
        "models": st.lists(
            st.fixed_dictionaries(
                {**dict.fromkeys(("name", "file", "kind", "owner", "protocol", "path"), TEXTS), "names": LISTS}
            ),
            max_size=3,
        ),
    }
)
PAGES = {"environment.md": ENVIRONMENTS, "models.md": MODELS}
TEMPLATES = PageTemplates()


def test_every_shipped_page_is_held_against_its_template() -> None:
    assert SHIPPED_PAGES.keys() == PAGES.keys()


@given(st.sampled_from(sorted(PAGES)).flatmap(lambda name: st.tuples(st.just(name), PAGES[name])))
def test_a_page_is_what_its_template_writes(page: tuple[str, dict[str, object]]) -> None:
    name, data = page
    shipped = PageTemplates(shipped=SHIPPED_PAGES).write(name, **data)
    assert shipped == TEMPLATES.write(name, **data)
