"""Why settings that the trainer knows are left out."""

from __future__ import annotations

from collections.abc import Mapping

from lora_core.options.omitted import OMITTED

_LAUNCHER = "It is about how the trainer is started, and that is worked out anew for this machine."
_WHOLE_MODELS = "It is for training whole models."
_TO_THE_END = "The trainer's LoRA scripts train the text part to the end, or not at all."

LEFT_OUT: Mapping[str, str] = {
    **dict.fromkeys(
        "gpu_ids main_process_port num_cpu_threads_per_process num_processes num_machines multi_gpu "
        "extra_accelerate_launch_args dynamo_mode dynamo_use_fullgraph dynamo_use_dynamic".split(),
        _LAUNCHER,
    ),
    **dict.fromkeys(
        "learning_rate_te learning_rate_te1 learning_rate_te2 train_text_encoder blockwise_fused_optimizers "
        "fused_optimizer_groups flux_fused_backward_pass mem_eff_save".split(),
        _WHOLE_MODELS,
    ),
    **dict.fromkeys("lowvram no_token_padding use_latent_files".split(), "The trainer no longer has it."),
    **dict.fromkeys("stop_text_encoder_training stop_text_encoder_training_pct".split(), _TO_THE_END),
}
"""Key of another tool that the trainer does not have -> the reason, as a sentence."""


def why_left_out(key: str) -> str:
    """The reason why a setting is not offered; empty if none is written down."""
    return OMITTED.get(key) or LEFT_OUT.get(key, "")
