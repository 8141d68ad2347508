"""Environments that were asked for in; the others that share a cluster with one of them, built and not checked, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kservegen.catalog.merge import merge_values
from kservegen.catalog.model import Catalog, EnvironmentSource
from kservegen.catalog.resolve import resolve_environment
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject
from kservegen.evaluate.environment import Tools, bound_policies, build_objects
from kservegen.render.gitops.clusters import Clusters
from kservegen.render.objects.environment import BuiltEnvironment

# The words that say which cluster an environment is for.
_WORDS: Final = ("cluster", "gitops")


def neighbours(
    environments: Sequence[BuiltEnvironment], catalog: Catalog, tools: Tools
) -> tuple[BuiltEnvironment, ...]:
    """Build the catalog's other environments that share a cluster with these; of all others a few words are read.

    One that cannot be built is left out: asked for itself, it says why.
    """
    asked = {built.environment.name for built in environments}
    if asked >= catalog.environments.keys():
        return ()
    clusters = Clusters({name: _words(source) for name, source in catalog.environments.items()})
    found = (built for name in sorted(clusters.meeting(asked)) for built in _built(catalog, name, tools))
    return tuple(built for built in found if not isinstance(built, Finding))


def _built(catalog: Catalog, name: str, tools: Tools) -> Iterator[BuiltEnvironment | Finding]:
    def build() -> Iterator[BuiltEnvironment | Finding]:
        environment, _ = resolve_environment(catalog, name)
        yield build_objects(environment, tools, bound_policies(environment, tools))

    return contained("building a neighbour", build, lambda crash: crash)


def _words(source: EnvironmentSource) -> JsonObject:
    """Merge the words of an environment that name its cluster, and nothing else of it."""
    words: JsonObject = {}
    for document in source.documents:
        words = merge_values(words, {word: document.value[word] for word in _WORDS if word in document.value})
    return words
