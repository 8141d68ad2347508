"""Memory and disk of the node: what a server's pod may use in, what its model certainly takes out.

Only what files can prove is an error (docs/gpu-memory.md, the host side); nothing is said where a size is unknown.
"""
