"""What checks the shape of objects: one contract, three engines that read the same schemas."""
