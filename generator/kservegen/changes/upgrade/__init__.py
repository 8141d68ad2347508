"""From one KServe version to another: what that changes for a catalog, and the order to do it in."""
