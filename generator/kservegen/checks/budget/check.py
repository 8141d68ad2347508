"""A ledger and budgets in; diagnostics at the budget's line out, each with its sum line by line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.budget.amounts import write_amount
from kservegen.checks.budget.ledger import ACCELERATORS, Line, Moments, total
from kservegen.checks.budget.limits import LIMITED, Budget
from kservegen.checks.queues import Queues
from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.manual import written_manuals
from kservegen.core.quantity import parse_quantity
from kservegen.core.suggest import did_you_mean
from kservegen.render.objects.quotas import hard_limits, quota_budgets

# Finds the line that a human edits to change what a line of the ledger counts.
Locate = Callable[[Line], Location]
_MOST_LINES = 12


def check_budgets(
    environment: ResolvedEnvironment, budgets: Sequence[Budget], ledger: Sequence[Line], locate: Locate, queues: Queues
) -> Iterator[Diagnostic]:
    """Say which budgets are not kept, and which cannot be."""
    report = _Report(environment, locate)
    for budget in budgets:
        yield from _words(report, budget, queues)
        chosen = budget.chosen(ledger)
        for word, limit in budget.limits.items():
            yield from _kept(report, budget, word, limit, chosen)
        yield from _unbounded(report, budget, chosen)
    yield from _quotas(report, ledger)


def quota_needs(ledger: Sequence[Line], namespace: str, key: str) -> Moments:
    """Return what the pods of a namespace take of what a quota calls `requests.<resource>`."""
    resource = key.removeprefix("requests.")
    here = [line for line in ledger if line.subject.namespace == namespace]
    devices = [line for line in here if line.device == resource]
    return total(devices, ACCELERATORS) if devices else total(here, resource)


def _quotas(report: _Report, ledger: Sequence[Line]) -> Iterator[Diagnostic]:
    """Check quotas: one counts everything in its namespace, at every moment, so no rolling update may run into it."""
    environment = report.environment
    held = quota_budgets(environment)
    for name, value in environment.mapping("budgets").items():
        words = mapping(value)
        if words.get("quota") is True and name not in held:
            message = f"budget {name} cannot be a quota: it has {'an owner' if words.get('owner') else 'no namespace'}"
            hint = "Give it a namespace and no owner, or leave quota out."
            yield report.diagnostic("quota-scope", (name, "quota"), message, hint=hint)
        elif name in held and words.get("limit") is not None and not words.get("accelerator"):
            message = f"budget {name} cannot be a quota: its limit is for no accelerator in particular"
            yield report.diagnostic("quota-scope", (name, "limit"), message, hint="Name its accelerator.")
    for name, words in held.items():
        namespace = text(words.get("namespace"))
        for key, hard in hard_limits(words, environment).items():
            limit, need = parse_quantity(hard), quota_needs(ledger, namespace, key)
            if limit is not None and need.rollout > limit.value:
                resource = key.removeprefix("requests.")
                word = resource if resource in words else "limit"
                yield report.diagnostic(
                    "quota-too-small",
                    (name, word),
                    f"quota {name} would stop a rolling update in {namespace}",
                    seen=f"{key}: {hard}",
                    allowed=f"at least {write_amount(resource, need.rollout)}, with everything in {namespace} counted",
                    hint="Raise it, lower maxReplicas, or let the models roll without extra pods (maxSurge: 0).",
                )


def _kept(
    report: _Report, budget: Budget, word: str, limit: Fraction, chosen: tuple[Line, ...]
) -> Iterator[Diagnostic]:
    resource = LIMITED[word]
    counted = [line for line in chosen if line.each.get(resource)]
    moments = total(counted, resource)
    over = "exceeded" if moments.maximum > limit else "rollout" if moments.rollout > limit else ""
    if not over:
        return
    amount = moments.maximum if over == "exceeded" else moments.rollout
    noun = "accelerators" if resource == ACCELERATORS else resource
    when = "at maxReplicas" if over == "exceeded" else "while the largest of them rolls out"
    yield report.diagnostic(
        over,
        (budget.name, "clusterQueue" if word in budget.granted else word),
        f"budget {budget.name} ({budget.scope}) is exceeded {when}: "
        f"{write_amount(resource, amount)} of {write_amount(resource, limit)} {noun}",
        seen=_sum(counted, resource, rollout=over == "rollout"),
        allowed=f"at most {write_amount(resource, limit)}",
        hint=f"Lower maxReplicas or the requests of {_largest(counted, resource)}, or agree on a larger budget.",
        counted=counted,
    )


def _sum(counted: Sequence[Line], resource: str, *, rollout: bool) -> str:
    """Write the sum: each object with its pods times what one takes."""
    ordered = sorted(counted, key=lambda line: (-line.at(resource).maximum, line.entry, line.role))
    parts = [_part(line, resource, rollout=rollout) for line in ordered[:_MOST_LINES]]
    rest = len(ordered) - _MOST_LINES
    return " + ".join(parts) + (f" + {rest} more" if rest > 0 else "")


def _part(line: Line, resource: str, *, rollout: bool) -> str:
    pods = f"{line.count.maximum}+{line.count.surge}" if rollout and line.count.surge else str(line.count.maximum)
    role = "" if line.role in {"predictor", "main"} else f" {line.role}"
    return f"{line.entry}{role} {pods} x {write_amount(resource, line.each[resource])}"


def _largest(counted: Sequence[Line], resource: str) -> str:
    return max(counted, key=lambda line: line.at(resource).maximum).entry


def _unbounded(report: _Report, budget: Budget, chosen: tuple[Line, ...]) -> Iterator[Diagnostic]:
    open_ended = [
        line for line in chosen if line.count.unbounded and any(line.each.get(LIMITED[w]) for w in budget.limits)
    ]
    if open_ended:
        names = ", ".join(dict.fromkeys(line.entry for line in open_ended))
        yield report.diagnostic(
            "unbounded",
            (budget.name,),
            f"budget {budget.name} cannot be kept: {names} may scale without a maximum",
            hint="Set maxReplicas.",
            counted=open_ended,
        )


def _words(report: _Report, budget: Budget, queues: Queues) -> Iterator[Diagnostic]:
    environment = report.environment
    yield from _known(report, budget, "accelerator", budget.accelerator, environment.mapping("accelerators"))
    yield from _known(report, budget, "namespace", budget.namespace, {e.namespace for e in environment.entries})
    if budget.cluster_queue:
        yield from _known(report, budget, "clusterQueue", budget.cluster_queue, queues.cluster_queues)
    words = mapping(environment.mapping("budgets").get(budget.name))
    for word in LIMITED:
        value = words.get(word)
        if isinstance(value, str) and parse_quantity(value) is None:
            message = f'cannot read "{value}" as a quantity'
            yield report.diagnostic("not-a-quantity", (budget.name, word), message, hint="Write 64, or 256Gi.")
    if not budget.limits and not words.keys() & LIMITED.keys() and _may_limit(budget, queues):
        message = f"budget {budget.name} limits nothing"
        if budget.cluster_queue:
            message = f"{message}: no quota of ClusterQueue {budget.cluster_queue} is known"
        yield report.diagnostic(
            "no-limit", (budget.name,), message, hint="Add limit, cpu, memory or ephemeral-storage.", at_key=True
        )


def _may_limit(budget: Budget, queues: Queues) -> bool:
    """Whether there is something to read a limit from; that there is no such queue is a finding of its own."""
    return not budget.cluster_queue or budget.cluster_queue in queues.cluster_queues


def _known(report: _Report, budget: Budget, word: str, name: str, known: Collection[str]) -> Iterator[Diagnostic]:
    promised = {*known, *report.environment.mapping("namespaces")} if word == "namespace" else {*known}
    if not name or name in promised:
        return
    yield report.diagnostic(
        "unknown-name",
        (budget.name, word),
        f"this environment has no {word} {name}",
        seen=name,
        allowed=", ".join(sorted(promised)) or "none is defined",
        hint=did_you_mean(name, promised) or f"Name a {word} of the environment.",
    )


class _Report:
    """Gives findings about budgets their lines."""

    def __init__(self, environment: ResolvedEnvironment, locate: Locate) -> None:
        self.environment = environment
        self._locate = locate

    def diagnostic(
        self,
        slug: str,
        path: Path,
        message: str,
        *,
        seen: str = "",
        allowed: str = "",
        hint: str,
        at_key: bool = False,
        counted: Sequence[Line] = (),
    ) -> Diagnostic:
        """Make a finding about a budget; `counted` are the lines of its sum."""
        whole: Path = ("budgets", *path)
        rule = f"budget/{slug}"
        lines = list(counted)[:_MOST_LINES]
        return Diagnostic(
            rule=rule,
            severity=written_manuals()[rule].severity,
            message=message,
            location=self.environment.locate(whole, at_key=at_key),
            path=format_path(whole),
            hint=hint,
            seen=seen,
            allowed=allowed,
            environments=(self.environment.name,),
            subjects=tuple(sorted({str(line.subject) for line in counted})),
            entries=(str(path[0]),),
            related=tuple(Related(f"{line.entry} {line.role}", self._locate(line)) for line in lines),
        )
