"""What every room speaks in: findings, failures, plain data, paths, and Kubernetes' quantities and names."""
