"""The comment on a pull request, from the report of its run: the page of its plan, and what to mistrust in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from kservegen.commands.result import Result
from kservegen.core.errors import GeneratorError
from kservegen.formats.inert import code, printable
from kservegen.formats.templates import PageTemplates
from kservegen.report.links import FileLinks
from kservegen.report.plan_markdown import MARKER, plan_as_markdown

# Workflows and actions, the wheel and the locked requirements among them: what runs the checks of a change that edits
# them is the change's own.
_RUNS_THE_CHECKS: Final = ".github/"
_NAMED: Final = 3
_LONGEST: Final = 100


def write_comment(
    result: Result, templates: PageTemplates, changed: Sequence[str], *, subject: str, links: FileLinks
) -> str:
    """Write the comment; nothing where nothing changes, nothing is wrong, and nothing is to be said of the report.

    `changed` are the files that the pull request touches, told by who holds it. Raises GeneratorError, with `subject`,
    for the report of a command that compares nothing.
    """
    if result.plan is None or result.plan.changes is None:
        raise GeneratorError(
            "tells of no change", subject=subject, hint="Give the report of kservegen check or kservegen plan."
        )
    page = plan_as_markdown(result, result.plan.changes, templates, links)
    own = sorted({path for path in changed if path.startswith(_RUNS_THE_CHECKS)})
    if not own:
        return page
    named = ", ".join(code(printable(path)[:_LONGEST]) for path in islice(own, _NAMED))
    more = f" and {len(own) - _NAMED:,} more" if len(own) > _NAMED else ""
    caution = (
        f"> [!CAUTION]\n> This change edits what checks it: {named}{more}. What is said here may be its own word.\n"
    )
    rest = page.removeprefix(f"{MARKER}\n") or "**nothing changes in any environment**\n"
    return f"{MARKER}\n{caution}\n{rest}"
