"""Git, asked without a shell: what a commit holds, and what it takes to write one. The one package that runs git."""
