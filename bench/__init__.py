"""Measuring side by side with peers."""
