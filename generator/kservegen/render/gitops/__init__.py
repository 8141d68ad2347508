"""How an environment reaches its cluster: layers in order, and the objects of the engine that syncs them."""
