"""What keeps an object in Git and in the cluster the same, and its pods running while nothing of theirs changes."""
