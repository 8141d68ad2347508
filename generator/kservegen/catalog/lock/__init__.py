"""From a model's repository or folder to the facts that a lock holds of it."""
