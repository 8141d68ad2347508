"""A repository in; what its page shows beside findings out: its models, GPU memory, budgets, and how full nodes are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kservegen.checks.budget.account import requested_amounts
from kservegen.checks.budget.limits import read_budgets
from kservegen.checks.budget.overview import Row, budget_rows
from kservegen.checks.placement.filling import PoolFilling, pool_fillings, requests_for
from kservegen.checks.placement.pools import read_pools
from kservegen.checks.rules.view import queues_of
from kservegen.commands.gpu import Account, accounts_of
from kservegen.commands.model_report import ModelRow, model_rows
from kservegen.core.repository import Repository
from kservegen.evaluate.environment import DefaultedEnvironment, evaluate, ledger_of
from kservegen.evaluate.project import open_project
from kservegen.evaluate.sharing import SharedResults


class PageFacts(NamedTuple):
    """What is drawn of the environments that can be built; budgets and pools are with the name of theirs."""

    models: tuple[ModelRow, ...] = ()
    servers: tuple[Account, ...] = ()
    budgets: tuple[tuple[str, Row], ...] = ()
    pools: tuple[tuple[str, PoolFilling], ...] = ()


def page_facts(repository: Repository, environments: Sequence[str] = ()) -> PageFacts:
    """Evaluate environments (all without a name) and collect what a page draws; what cannot be built is left out."""
    project = open_project(repository, any_version=True)
    shared, table = SharedResults(), project.tools.facts()
    models: list[ModelRow] = []
    servers: list[Account] = []
    budgets: list[tuple[str, Row]] = []
    pools: list[tuple[str, PoolFilling]] = []
    for name in project.choose(environments):
        evaluation = evaluate(project.catalog, name, project.tools, shared)
        defaulted = evaluation.defaulted
        if defaulted is None:
            continue
        models += model_rows(evaluation)
        servers += accounts_of(name, defaulted, table).servers
        words, accelerators = (evaluation.environment.mapping(word) for word in ("budgets", "accelerators"))
        limits = tuple(read_budgets(words, queues_of(defaulted.context), accelerators))
        ledger = ledger_of(evaluation) if limits else ()
        budgets += ((name, row) for row in budget_rows(ledger, None, limits))
        pools += ((name, filling) for filling in _fillings(defaulted))
    return PageFacts(tuple(models), tuple(servers), tuple(budgets), tuple(pools))


def _fillings(defaulted: DefaultedEnvironment) -> Iterator[PoolFilling]:
    environment = defaulted.built.environment
    pools = read_pools(environment.mapping("nodePools"), environment.mapping("accelerators"))
    if not pools:
        return
    objects = (("", "", item) for item in defaulted.objects)
    requested = requested_amounts(objects, environment, defaulted.context)
    yield from pool_fillings(pools, requests_for(pools, requested))
