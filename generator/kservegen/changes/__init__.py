"""What a change does: to objects, to what runs, to budgets, and what one change may do."""
