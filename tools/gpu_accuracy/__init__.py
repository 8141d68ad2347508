"""How good the GPU estimate is: recorded starts of vLLM in, predicted against measured out."""
