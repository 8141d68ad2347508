"""Kubernetes' own laws of pods and workloads: an object in, problems with their paths out."""
