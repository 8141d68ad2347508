"""From a resolved environment to the Kubernetes objects it stands for: one module per emitted kind."""
