"""How the models of an environment are called: the Open Inference Protocol v1 and v2, OpenAI's, and KServe's graphs."""
