"""Objects that stand somewhere already, as the words of a catalog: the way back of `render/objects`."""
