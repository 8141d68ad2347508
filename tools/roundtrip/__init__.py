"""Whether a manifest comes back as it was: said in the words of a catalog, rendered, and compared field by field."""
