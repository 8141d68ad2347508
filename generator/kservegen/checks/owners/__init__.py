"""owners.yaml against the catalog: whether it makes sense, and which files reach beyond what their team holds."""
