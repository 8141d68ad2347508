"""What Argo CD is given: a project, an Application for each layer, one above them, and health checks."""
