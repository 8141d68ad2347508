"""What KServe's controllers and pod webhooks make of a stored object: the object in, made objects and pods out."""
