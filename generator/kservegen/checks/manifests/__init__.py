"""Manifests that stand on disk already: found, read as kubectl reads them, checked one by one and side by side."""
