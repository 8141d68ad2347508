"""What judges the shape of objects: one contract, two engines that read the same schemas."""
