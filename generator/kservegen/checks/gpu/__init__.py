"""Will it fit: what a server is told and what is known of its model and GPU in, an account of its memory out.

Pure arithmetic after vLLM's own accounting (docs/gpu-memory.md). Sizes are whole bytes, as vLLM computes blocks.
"""
