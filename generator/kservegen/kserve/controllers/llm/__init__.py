"""What the controller of LLMInferenceServices makes of one: presets and bases merged, then workloads, router, scaling.

Source: pkg/controller/v1alpha2/llmisvc at v0.19.0 and v0.20.0; what sets releases apart is data (facts/presets).
"""
