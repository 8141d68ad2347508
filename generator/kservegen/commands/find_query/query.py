"""What people type for a thing in a cluster: text in, its kind, namespace and name out, as far as they are said.

As kubectl prints and takes them: `name`, `namespace/name`, `kind/name`, `kind.group/name`, and three of them together;
and as alerts do: `name.namespace`, `name.namespace.svc.cluster.local`, a URL of that.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kservegen.core.patterns import lazy_pattern


class Query(NamedTuple):
    """What is looked for; `kind` is in lower case and singular, blank parts match anything."""

    name: str
    kind: str = ""
    namespace: str = ""

    def wants(self, *kinds: str) -> bool:
        """Whether one of these kinds is meant."""
        return not self.kind or any(kind.lower().split(" ")[-1] == self.kind for kind in kinds)


_SHORT: Final = {
    "cm": "configmap",
    "sa": "serviceaccount",
    "app": "application",
    "apps": "application",
    "appset": "applicationset",
    "appsets": "applicationset",
    "deploy": "deployment",
    "hpa": "horizontalpodautoscaler",
    "hr": "helmrelease",
    "ig": "inferencegraph",
    "ing": "ingress",
    "isvc": "inferenceservice",
    "ks": "kustomization",
    "ksvc": "service",
    "llmisvc": "llminferenceservice",
    "lws": "leaderworkerset",
    "ns": "namespace",
    "po": "pod",
    "pvc": "persistentvolumeclaim",
    "pv": "persistentvolume",
    "quota": "resourcequota",
    "rs": "replicaset",
    "sts": "statefulset",
    "svc": "service",
    "tm": "trainedmodel",
    "vs": "virtualservice",
}
_KINDS: Final = frozenset(
    """
    appproject clusterrole clusterrolebinding clusterservingruntime clusterstoragecontainer helmrepository httproute
    inferencepool llminferenceserviceconfig localmodelcache localmodelnamespacecache localmodelnodegroup ocirepository
    gitrepository job opentelemetrycollector resourceclaimtemplate role rolebinding secret
    revision configuration route scaledobject servingruntime validatingadmissionpolicy validatingadmissionpolicybinding
    variantautoscaling
    """.split()
) | frozenset(_SHORT.values())


# The address of a Service in its cluster, alone or in a URL, and a pod as metrics and alerts write it: name.namespace.
_HOST: Final = lazy_pattern(
    r"(?:https?://)?(?P<name>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)(?:\.(?:svc|pod)(?:\.[a-z0-9.-]+)?)?\.?(?::\d+)?(?:/.*)?"
)


def readings(text: str) -> tuple[Query, ...]:
    """Read what was typed in the ways that it can be read, the likeliest first.

    A part that names a kind is one, unless nothing is found so: namespaces are called `apps` and `services` too.
    """
    typed = text.strip()
    host = _HOST.fullmatch(typed)
    parts = [part for part in typed.split("/") if part]
    if len(parts) < 2 or (host and "://" in typed):
        own = () if len(parts) > 1 else (Query(parts[0] if parts else ""),)
        return (*own, Query(host["name"], "", host["namespace"])) if host else own
    name, before = parts[-1], parts[-3:-1]
    found = []
    for index, part in enumerate(before):
        kind = _kind(part)
        if kind:
            others = before[:index] + before[index + 1 :]
            found.append(Query(name, kind, others[-1] if others else ""))
    return (*found, Query(name, "", before[-1]))


def _kind(word: str) -> str:
    word = word.lower().partition(".")[0]
    if word in _SHORT:
        return _SHORT[word]
    for kind in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"):
        if kind in _KINDS:
            return kind
    return ""
