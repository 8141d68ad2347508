"""From a name that a cluster shows back to what it was made of: what people type, and how names are generated."""
