"""A repository in, as it is or as a commit has it; who answers for which pods out, for tools that sum up costs.

The use case behind `kservegen owners`. The owner of a model stands on no pod, because a label there restarts it; so a
row says by which workload and by which labels the pods of a model are found, as the simulation has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.changes.bases import CommitBase
from kservegen.checks.budget.ledger import ACCELERATORS, Line, grouped
from kservegen.commands.model_report import rows_of
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.document import mapping, text
from kservegen.core.repository import Repository
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.base import BaseRevision
from kservegen.evaluate.environment import Evaluation, ledger_of
from kservegen.git.process import open_git
from kservegen.git.tree import resolve_revision
from kservegen.kserve.controllers.made import Made, text_map
from kservegen.kserve.controllers.reconcile import is_reconciled
from kservegen.kserve.controllers.running import RunningWorkload, pod_templates

# Of workloads that state no selector: the label that their controller gives to the pods.
_LABELLED: Final = {"LeaderWorkerSet": "leaderworkerset.sigs.k8s.io/name", "Service": "serving.knative.dev/service"}
# Labels that say what a pod is part of, and not how it is to be treated.
_NAMING: Final = ("app", "app.kubernetes.io/", "kserve.io/", "serving.kserve.io/")


class PodAccelerators(NamedTuple):
    """How many accelerators of a type one pod takes; the type is blank where none is told."""

    type: str
    each: Fraction


class OwnedPods(Struct, frozen=True, kw_only=True):
    """Pods of one entry that are all alike, and who owns them; `owner` is blank where nobody is named.

    `workload` is the kind and the name of what brings them; blank where the entry has no pods of its own: it shares
    those of another (a TrainedModel), or is not deployed. `selector` are the labels by which that finds its pods,
    `labels` those that say what they are part of. `pods` is how many there are, at the least and at the most.
    """

    environment: str
    cluster: str
    kind: str
    namespace: str
    name: str
    entry: str
    owner: str
    role: str = ""
    workload: tuple[str, str] = ("", "")
    selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    pods: tuple[int, int] = (0, 0)
    accelerators: tuple[PodAccelerators, ...] = ()


class OwnerExport(NamedTuple):
    """Rows by environment, section and entry; `diagnostics` say what is wrong with the catalog."""

    rows: tuple[OwnedPods, ...]
    diagnostics: tuple[Diagnostic, ...]


def export_owners(repository: Repository, environments: Sequence[str] = (), revision: str = "") -> OwnerExport:
    """List the pods of these environments (all without a name), at a revision or as the folder is."""
    if not revision:
        rows, diagnostics = rows_of(repository, environments, _rows)
    else:
        git = open_git(repository.root)
        base = CommitBase(BaseRevision(git, resolve_revision(git, revision), revision))
        with base.catalog() as exported:
            rows, diagnostics = rows_of(exported, environments, _rows)
    return OwnerExport(tuple(rows), diagnostics)


def _rows(evaluation: Evaluation) -> Iterator[OwnedPods]:
    defaulted, environment = evaluation.defaulted, evaluation.environment
    if defaulted is None:
        return
    stored = {item.resource.id: item.resource for item in defaulted.objects}
    lines = grouped(ledger_of(evaluation), lambda line: _group(line.subject, line.role))
    for item in defaulted.built.entries:
        resource = stored.get(item.resource.id)
        if resource is None or not is_reconciled(resource.kind):
            continue
        row = OwnedPods(
            environment=environment.name,
            cluster=environment.text("cluster", "name"),
            kind=resource.kind,
            namespace=resource.id.namespace,
            name=resource.id.name,
            entry=item.entry.key,
            owner=text(item.entry.words.get("owner")),
        )
        workloads = defaulted.context.simulation.workloads(resource)
        selectors = _selectors(resource, defaulted.context.simulation.made(resource))
        for workload in workloads or ():
            yield _of_workload(row, workload, selectors, lines.get(_group(resource.id, workload.role), ()))
        if not workloads:
            yield row


def _group(subject: ResourceId, role: str) -> str:
    return f"{subject} {role}"


def _selectors(resource: Resource, made: Made | None) -> dict[tuple[str, str], Mapping[str, str]]:
    """Return the labels by which each workload, a kind and a name, finds its pods."""
    return {
        (item.kind, item.name): text_map(mapping(item.selector.get("matchLabels")))
        for item in (pod_templates(resource.doc, made) if made is not None else ())
    }


def _of_workload(
    row: OwnedPods,
    workload: RunningWorkload,
    selectors: Mapping[tuple[str, str], Mapping[str, str]],
    lines: Iterable[Line],
) -> OwnedPods:
    name = (workload.kind, workload.name)
    labels = text_map(mapping(mapping(workload.pod.get("metadata")).get("labels")))
    label = _LABELLED.get(workload.kind)
    taken = (line for line in lines if line.each.get(ACCELERATORS))
    return replace(
        row,
        role=workload.role,
        workload=name,
        selector={label: workload.name} if label else selectors.get(name, {}),
        labels={key: value for key, value in sorted(labels.items()) if key.startswith(_NAMING)},
        pods=(workload.count.minimum, workload.count.maximum),
        accelerators=tuple(PodAccelerators(" or ".join(line.types), line.each[ACCELERATORS]) for line in taken),
    )
