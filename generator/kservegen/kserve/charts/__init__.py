"""KServe's Helm charts as facts: which values they read, and a strict check of what an environment sets on them."""
