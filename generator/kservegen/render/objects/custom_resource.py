"""The other kinds of the catalog (graphs, trained models, runtimes, caches, ...): their words are their spec's own."""

from __future__ import annotations

from kservegen.catalog.field_mapping import ANNOTATIONS, OBJECT, OWN
from kservegen.render.objects.draft import Draft
from kservegen.render.objects.settings import Settings

# A field that stands beside spec instead of in it (ClusterStorageContainer, v1alpha1 storage_container_types.go).
_BESIDE_SPEC = {"ClusterStorageContainer": frozenset({"disabled"})}

_NOT_SPEC = OWN | {"namespace"}


def build_custom_resource(draft: Draft, settings: Settings) -> None:
    """Fill the draft: metadata words to the object, everything else to spec."""
    spec = draft.start(settings.deployment_mode)
    kind = draft.entry.info.kind
    beside = _BESIDE_SPEC.get(kind, frozenset())
    # Runtimes have labels and annotations of their own in spec; flat, the words are the object's.
    skip = _NOT_SPEC | OBJECT | (draft.entry.info.annotations & ANNOTATIONS.keys())
    for word, value in draft.entry.words.items():
        if word in beside:
            draft.doc[word] = value
            draft.came((word,), (word,))
        elif word not in skip and word not in draft.entry.defaulted:
            spec[word] = value
            draft.came(("spec", word), (word,))
    draft.overlay_spec(spec)
