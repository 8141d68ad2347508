"""What serves a model: the runtimes that there are, the one that KServe chooses, and what an installation offers."""
