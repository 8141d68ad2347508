"""JSON Schemas of the objects that kservegen writes and of the files it reads: finding, asking and applying them."""
