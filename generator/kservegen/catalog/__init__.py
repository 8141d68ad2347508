"""The files that people write, as data with positions: the catalog of models and the environments."""
