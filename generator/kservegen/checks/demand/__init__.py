"""What objects ask of a cluster: an object in, its groups of like pods out, each with requests and numbers."""
