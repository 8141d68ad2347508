"""Names that Kubernetes, Knative and LeaderWorkerSet generate: a name and a workload's in, what it would be of it out.

Sources: apiserver's names.SimpleNameGenerator and apimachinery's rand (alphabet, 5 characters, 63 in all), the
deployment controller's pod-template-hash, Knative's revision names, LeaderWorkerSet's pods and StatefulSets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.derived import Derived, child_name


class Sight(NamedTuple):
    """What a name is: `kinds` as people call them; `depth` grows with the distance from the workload."""

    kinds: tuple[str, ...]
    depth: int


# No vowels, and nothing that looks like another character: neither a hash nor a random ending spells a word.
_LETTERS: Final = "[bcdfghjklmnpqrstvwxz2456789]"
_HASH: Final = lazy_pattern(f"{_LETTERS}{{1,10}}")
_RANDOM: Final = 5
_ENDING: Final = lazy_pattern(f"{_LETTERS}{{{_RANDOM}}}")
_LONGEST: Final = 63

_WORKLOAD, _OWNER, _POD = 0, 1, 2


def sights(name: str, derived: Derived) -> Iterator[Sight]:
    """Say what `name` would be if KServe made the object `derived`."""
    if name == derived.name:
        yield Sight(derived.kinds, _WORKLOAD)
    else:
        yield from _GENERATED[derived.pods](name, derived.name)


def _of_nothing(_name: str, _workload: str) -> Iterator[Sight]:
    yield from ()


def _of_deployment(name: str, workload: str) -> Iterator[Sight]:
    is_pod = _is_pod(name, workload)
    is_cut = is_pod and len(name) == _LONGEST  # as all pods of a long name are, and few ReplicaSets
    if name.startswith(f"{workload}-") and _HASH.fullmatch(name[len(workload) + 1 :]):
        yield Sight(("ReplicaSet",), _POD if is_cut else _OWNER)
    if is_pod:
        yield Sight(("Pod",), _OWNER if is_cut else _POD)


def _is_pod(name: str, workload: str) -> bool:
    """Tell the name of a Deployment's pod: that of its ReplicaSet, cut where it is too long, and a random ending."""
    base, ending = name[:-_RANDOM], name[-_RANDOM:]
    if not _ENDING.fullmatch(ending):
        return False
    start, room = f"{workload}-", _LONGEST - _RANDOM
    if len(base) < room:  # nothing was cut
        return base.startswith(start) and base.endswith("-") and bool(_HASH.fullmatch(base[len(start) : -1]))
    if len(base) > room or not base.startswith(start[:room]):
        return False
    rest = base[len(start) :].removesuffix("-")
    return not rest or bool(_HASH.fullmatch(rest))


def _of_daemon_set(name: str, workload: str) -> Iterator[Sight]:
    base = f"{workload}-"[: _LONGEST - _RANDOM]
    if name.startswith(base) and _ENDING.fullmatch(name[len(base) :]):
        yield Sight(("Pod",), _POD)


_INDEX: Final = r"(0|[1-9]\d*)"
_GROUP: Final = lazy_pattern(f"-{_INDEX}(-{_INDEX})?")


def _of_worker_set(name: str, workload: str) -> Iterator[Sight]:
    found = _GROUP.fullmatch(name[len(workload) :]) if name.startswith(workload) else None
    if found is None:
        return
    yield Sight(("Pod",), _POD)
    if found[2] is None:  # the leader's own pod, and the StatefulSet of its workers, are called alike
        yield Sight(("StatefulSet",), _OWNER)


_REVISION: Final = lazy_pattern(r"-(\d{5,})(-private)?")
_NUMBER: Final = lazy_pattern(r"-(\d{5,})-")
_DEPLOYMENT: Final = "-deployment"


def _of_knative(name: str, service: str) -> Iterator[Sight]:
    if not name.startswith(service[: _LONGEST - len(_DEPLOYMENT) - 32]):
        return
    found = _REVISION.fullmatch(name[len(service) :]) if name.startswith(service) else None
    if found is not None:
        yield Sight(("Service",) if found[2] else ("Revision", "Service"), _OWNER)
        return
    for deployment in _deployments(name, service):
        if name == deployment:
            yield Sight(("Deployment",), _OWNER)
        else:
            yield from _of_deployment(name, deployment)


_HASHED_REVISIONS: Final = 200


def _deployments(name: str, service: str) -> Iterator[str]:
    """Yield the names of the Deployments of revisions that `name` may be made of."""
    found = _NUMBER.match(name[len(service) :]) if name.startswith(service) else None
    if found is not None:
        yield child_name(f"{service}-{found[1]}", _DEPLOYMENT)
    elif len(service) + len("-00001") + len(_DEPLOYMENT) > _LONGEST:
        # Its revision is told by a hash alone.
        for number in range(1, _HASHED_REVISIONS + 1):
            deployment = child_name(f"{service}-{number:05}", _DEPLOYMENT)
            if name.startswith(deployment[: _LONGEST - _RANDOM]):
                yield deployment


_GENERATED: Final = {
    "": _of_nothing,
    "DaemonSet": _of_daemon_set,
    "Deployment": _of_deployment,
    "LeaderWorkerSet": _of_worker_set,
    "Knative": _of_knative,
}
