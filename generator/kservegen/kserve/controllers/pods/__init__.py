"""KServe's pod webhook: the pod that a workload would create in, the pod as it is left out."""
