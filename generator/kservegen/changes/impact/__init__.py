"""What a change does to what runs: two sides of an environment in; the pods that restart and refused updates out."""
