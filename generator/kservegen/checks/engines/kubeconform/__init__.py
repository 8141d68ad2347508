"""kubeconform as a second engine for the shape of objects: the same schemas, its verdicts in our words."""
