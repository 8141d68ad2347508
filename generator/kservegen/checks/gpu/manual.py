"""The manual of the rules about GPU memory."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import RuleMeta, Severity

RULES: Final = (
    RuleMeta(
        id="gpu/does-not-fit",
        title="A model fits in the memory of its GPU",
        why="vLLM finds out at its start, after minutes of downloading and loading, and the pod starts over for ever. "
        "The estimate does vLLM's own sum beforehand: budget, weights, activation, and a cache that must hold one "
        "request of full length. It is an error only where the whole error band says so (docs/gpu-memory.md).",
        fix="Take one of the changes that the finding lists; each was tried with the same sum and fits. "
        "kservegen gpu MODEL --what-if tries others.",
        bad="args: {max-model-len: 131072}   # Llama-3.1-8B on an L4: 16 GiB of cache where 4.6 are left",
        good="args: {max-model-len: 32768}",
        upstream=("vllm/v1/core/kv_cache_utils.py", "vllm/v1/worker/gpu_worker.py"),
    ),
    RuleMeta(
        id="gpu/uncertain-fit",
        title="Whether a model fits in the memory of its GPU is not in doubt",
        why="Between the ends of the error band nobody can tell from files. It may start, or be refused.",
        fix="Leave more room with one of the changes that the finding lists, or try it once and waive this.",
        severity=Severity.WARNING,
    ),
    RuleMeta(
        id="gpu/parallelism",
        title="GPUs and parallel sizes agree, and the model can be cut so",
        why="vLLM takes as many GPUs as tensor, pipeline and data parallel sizes say: with fewer it does not start, "
        "further ones idle. Attention heads and the padded vocabulary must be divisible by the tensor parallel size.",
        fix="Make --tensor-parallel-size (and the others) multiply to the number of GPUs, from the sizes allowed.",
        bad="accelerator: {type: nvidia-l4, count: 2}\nargs: {}",
        good="accelerator: {type: nvidia-l4, count: 2}\nargs: {tensor-parallel-size: 2}",
        upstream=("vllm/config/parallel.py", "vllm/config/model.py"),
    ),
    RuleMeta(
        id="gpu/context-length",
        title="The context is no longer than the model was made for",
        why="vLLM refuses a max_model_len above what the model's config.json derives, unless "
        "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 or overrides say otherwise.",
        fix="Lower --max-model-len to the model's own maximum.",
        bad="args: {max-model-len: 65536}   # Qwen/Qwen3-8B: 40960",
        good="args: {max-model-len: 40960}",
        upstream=("vllm/config/model.py",),
    ),
    RuleMeta(
        id="gpu/quantisation",
        title="The GPU can run the way in which the weights are stored",
        why="Each way needs kernels that older GPUs do not have: vLLM refuses a compute capability below the least.",
        fix="Choose a GPU of a later generation, another checkpoint, or --dtype=half where bfloat16 is the matter.",
        upstream=("vllm/model_executor/layers/quantization",),
    ),
    RuleMeta(
        id="gpu/unknown-model",
        title="What is needed to estimate GPU memory is known",
        why="The table holds well-known models by name. Without dimensions there is no estimate, and nothing is "
        "guessed. Said only where the GPU is known (accelerators.<name>.gpu, or the label nvidia.com/gpu.product); "
        "what was not estimated otherwise stands under what was not checked.",
        fix="Name the model by its repository, hf://owner/model, where it is one of the table's.",
        good="storageUri: hf://Qwen/Qwen3-8B",
        severity=Severity.INFO,
    ),
)
