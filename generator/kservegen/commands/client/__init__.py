"""A first request to a model: sent, and its answer checked against the model's protocol."""
