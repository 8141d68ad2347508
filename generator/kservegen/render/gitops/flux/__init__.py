"""Flux: a source, one Kustomization for each layer, and the releases of charts."""
