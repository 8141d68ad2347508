"""A first request to a model: sent, and its answer judged by the model's protocol."""
