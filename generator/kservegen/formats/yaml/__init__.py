"""YAML in and out: strict catalogs with positions, manifests as kubectl reads them, output that all readers share."""
