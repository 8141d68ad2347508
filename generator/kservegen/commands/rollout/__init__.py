"""What is where: what Git, the rendered files and clusters hold of models, and since when."""
