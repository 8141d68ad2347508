"""What a change does, by meaning: an environment's files before and after in; objects, fields and fates out."""
