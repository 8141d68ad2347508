"""Rendered files and the commit that they come from in; commits on one branch, or on one for each environment, out."""
