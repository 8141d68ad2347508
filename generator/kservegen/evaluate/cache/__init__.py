"""What an earlier run found clean, kept outside the repository so that the next one need not look at it again.

Nothing here can change an answer: `docs/decisions/0008-cache.md` says why, and a run in doubt goes without.
"""
