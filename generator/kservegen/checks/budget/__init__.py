"""Budgets: what an environment's models may take together, and what they do take, line by line."""
