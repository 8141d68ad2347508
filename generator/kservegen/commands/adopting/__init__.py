"""What runs already in; a catalog that renders the same out, with the proof. The way in is `commands/adopt.py`."""
