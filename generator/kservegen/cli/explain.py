"""`kservegen explain`: the manual of a rule, or where each field of a model comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.candidates import complete_explained
from kservegen.cli.options import (
    common,
    complete_environment,
    find_repository,
    terminal_width,
    write_sections,
    write_text,
)
from kservegen.core.errors import GeneratorError
from kservegen.core.suggest import did_you_mean

if TYPE_CHECKING:
    from kservegen.core.diagnostics import RuleMeta


@click.command(name="explain")
@click.argument("name", metavar="MODEL|RULE|WORD", shell_complete=complete_explained)
@click.option("--env", "environment", shell_complete=complete_environment, help="Environment to explain a model in.")
@common
def command(*, name: str, environment: str | None, root: Path | None, output: str) -> int:
    """Explain a rule by its id (kserve/replicas, or ISVC-40), or a model, field by field, in an environment.

    WORD is any other word that is typed or printed: guards.maxRemovals, accelerator, NoSupportingRuntime, uncertain.
    """
    if environment is None:
        return _explain_name(name, root, output)
    from kservegen.commands.explain import explain_entry  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.explanation import explanation_as_json, explanation_as_text  # noqa: PLC0415

    explanation = explain_entry(open_project(find_repository(root)), environment, name)
    if output == "json":
        return write_sections(0, explanation=explanation_as_json(explanation))
    write_text(explanation_as_text(explanation, terminal_width()))
    return 0


def _explain_name(name: str, root: Path | None, output: str) -> int:
    """Explain a rule, or else a word, by its name alone."""
    from kservegen.checks.registry import find_manual, manuals, when_it_bites  # noqa: PLC0415
    from kservegen.commands.explain_word import explain_word, known_words  # noqa: PLC0415
    from kservegen.report import explanation  # noqa: PLC0415

    policies = _policy_manuals(root) if name.startswith("policy/") else {}
    meta = policies.get(name) or find_manual(name)
    if meta is not None:
        when = when_it_bites(meta.id)
        if output == "json":
            return write_sections(0, rule=explanation.manual_as_json(meta, when))
        write_text(explanation.manual_as_text(meta, when))
        return 0
    word = explain_word(name)
    if word is None:
        homes = _homes(name, root)
        if homes:
            raise GeneratorError(
                f"{name} is an entry of the catalog, which an environment makes into an object",
                hint=f"Name one: {' or '.join(f'kservegen explain {name} --env {home}' for home in homes[:2])}.",
            )
        to_explain = "To explain a model, name an environment: kservegen explain MODEL --env ENV."
        known = [*policies, *manuals(), *known_words()]
        raise GeneratorError(
            f"there is no rule and no word {name}", hint=f"{did_you_mean(name, known, most=3)} {to_explain}".lstrip()
        )
    if output == "json":
        return write_sections(0, word=explanation.word_as_json(word))
    write_text(explanation.word_as_text(word))
    return 0


def _homes(name: str, root: Path | None) -> list[str]:
    """List the environments that hold an entry of this name; none where there is no repository that can be read."""
    from kservegen.commands.explain import homes_of  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415

    try:
        return homes_of(open_project(find_repository(root)).catalog, name)
    except GeneratorError:
        return []


def _policy_manuals(root: Path | None) -> dict[str, RuleMeta]:
    """Return the manuals of policies: the repository's own and, anywhere, those that are shipped."""
    from kservegen.checks.policy.files import read_policies  # noqa: PLC0415
    from kservegen.core.repository import packaged_data  # noqa: PLC0415

    try:
        roots = find_repository(root).policy_roots
    except GeneratorError:
        roots = (packaged_data() / "policies",)
    found = read_policies(roots, lambda path: path.name).policies
    return {policy.meta.id: policy.meta for policy in reversed(found)}
