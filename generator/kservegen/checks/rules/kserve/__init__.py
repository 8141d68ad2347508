"""Facts that KServe's webhooks and controllers state."""
