"""Built-in rules about objects: facts of Kubernetes and KServe, one module each."""
