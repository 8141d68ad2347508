"""From a repository to its environments with everything that was found in them."""
