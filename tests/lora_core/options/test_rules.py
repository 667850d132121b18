from __future__ import annotations

from typing import Any

import pytest

from lora_core.errors import Level, Problem
from lora_core.options import TrainingOptions
from lora_core.options.families import FAMILIES, suggestions
from lora_core.options.optimizers import OPTIMIZERS
from lora_core.options.rules import RULES, check
from lora_core.options.rules.registry import Facts
from lora_core.presets import apply, list_presets, model_values

E, W, N = Level.ERROR, Level.WARNING, Level.NOTE


def found(field: str, problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.fields[0] == field]


CASES = [
    # field, level, options that break the rule
    ("trigger_word", N, {}),
    ("keep_tokens", W, {"trigger_word": "ohwx", "keep_tokens": 0}),
    ("caption_extension", E, {"caption_extension": ""}),
    ("caption_extension", E, {"caption_extension": "txt"}),
    ("bucket_reso_steps", E, {"bucket_reso_steps": 32}),
    ("bucket_reso_steps", E, {"family": "sdxl", "resolution": 1024, "bucket_reso_steps": 48}),
    ("min_bucket_reso", E, {"min_bucket_reso": 1024, "max_bucket_reso": 512}),
    ("min_bucket_reso", E, {"resolution": 128}),
    ("min_bucket_reso", E, {"min_bucket_reso": 32}),
    ("max_bucket_reso", E, {"resolution": 2048}),
    ("resolution", W, {"resolution": 500}),
    ("resolution", E, {"resolution": 500, "enable_bucket": False}),
    ("resolution", W, {"family": "sdxl"}),
    ("color_aug", E, {"color_aug": True}),
    ("random_crop", E, {"random_crop": True, "cache_latents": False, "cache_latents_to_disk": True}),
    (
        "cache_text_encoder_outputs",
        E,
        {"family": "sdxl", "cache_text_encoder_outputs": True, "network_train_unet_only": True},
    ),
    (
        "cache_text_encoder_outputs",
        E,
        {"family": "sdxl", "cache_text_encoder_outputs": True, "shuffle_caption": False},
    ),
    (
        "cache_text_encoder_outputs",
        E,
        {
            "family": "sdxl",
            "cache_text_encoder_outputs": True,
            "network_train_unet_only": True,
            "shuffle_caption": False,
            "caption_dropout_rate": 0.1,
        },
    ),
    ("max_train_epochs", E, {"max_train_epochs": None}),
    ("max_train_steps", N, {"max_train_steps": 5}),
    ("persistent_data_loader_workers", E, {"max_data_loader_n_workers": 0}),
    (
        "network_train_text_encoder_only",
        E,
        {"network_train_unet_only": True, "network_train_text_encoder_only": True},
    ),
    ("unet_lr", E, {"unet_lr": 0, "text_encoder_lr": 0}),
    ("unet_lr", E, {"unet_lr": None, "text_encoder_lr": None, "learning_rate": 0}),
    ("unet_lr", E, {"unet_lr": 0, "network_train_unet_only": True}),
    ("unet_lr", W, {"optimizer_type": "Prodigy"}),
    ("text_encoder_lr", W, {"optimizer_type": "DAdaptAdam", "network_train_text_encoder_only": True}),
    ("unet_lr", E, {"optimizer_type": "Prodigy"}),
    ("unet_lr", E, {"optimizer_type": "Prodigy", "unet_lr": 1.0, "text_encoder_lr": 0.5}),
    ("unet_lr", W, {"optimizer_type": "DAdaptAdan", "unet_lr": 1.0, "text_encoder_lr": 0.5}),
    ("unet_lr", W, {"unet_lr": 0.5}),
    ("learning_rate", W, {"unet_lr": None, "learning_rate": 0.5}),
    ("lr_warmup_steps", E, {"lr_scheduler": "constant"}),
    ("lr_warmup_steps", W, {"max_train_epochs": None, "max_train_steps": 50, "lr_warmup_steps": 50}),
    ("optimizer_args", E, {"optimizer_type": "Adafactor"}),
    ("optimizer_args", W, {"optimizer_type": "Adafactor", "lr_warmup_steps": 0}),
    ("optimizer_args", E, {"optimizer_args": ["weight_decay 0.1"]}),
    ("optimizer_args", E, {"optimizer_args": ["mode=fast"]}),
    ("optimizer_args", E, {"optimizer_args": ["a=b=1"]}),
    ("optimizer_args", E, {"optimizer_args": [""]}),
    ("optimizer_type", N, {"optimizer_type": "AdamW8bit"}),
    ("network_alpha", W, {"network_alpha": 17}),
    ("network_alpha", N, {"network_alpha": 0}),
    ("conv_alpha", W, {"network_type": "locon", "conv_alpha": 9}),
    ("network_type", N, {"conv_dim": 4}),
    ("dim_from_weights", E, {"dim_from_weights": True}),
    ("full_fp16", E, {"full_fp16": True, "mixed_precision": "no"}),
    ("full_bf16", E, {"full_bf16": True}),
    ("full_bf16", E, {"full_bf16": True, "full_fp16": True}),
    ("fp8_base", E, {"fp8_base": True, "mixed_precision": "no"}),
    ("no_half_vae", W, {"family": "sdxl"}),
    ("sdpa", W, {"xformers": True}),
    ("save_every_n_epochs", N, {"save_every_n_epochs": 11}),
    ("save_every_n_steps", N, {"max_train_epochs": None, "max_train_steps": 9, "save_every_n_steps": 10}),
    ("save_last_n_epochs", N, {"save_last_n_epochs": 2, "save_every_n_epochs": None}),
    ("sample_every_n_epochs", W, {"prompts": ["a"], "sample_every_n_epochs": None}),
    ("sample_every_n_epochs", W, {"prompts": ["a"], "sample_every_n_epochs": 11}),
    (
        "sample_every_n_steps",
        W,
        {
            "prompts": ["a"],
            "sample_every_n_epochs": None,
            "sample_every_n_steps": 10,
            "max_train_epochs": None,
            "max_train_steps": 9,
        },
    ),
    ("prompts", E, {"prompts": ["a", " "]}),
    ("prompts", E, {"prompts": ["a\nb"]}),
    ("prompts", E, {"prompts": ["# a"]}),
    ("prompts", E, {"prompts": [" a"]}),
    ("prompts", W, {"prompts": ["a cat"], "trigger_word": "ohwx"}),
    ("v_parameterization", W, {"v_parameterization": True}),
    ("zero_terminal_snr", W, {"zero_terminal_snr": True}),
    ("noise_offset", W, {"noise_offset": 0.05, "multires_noise_iterations": 6}),
    ("adaptive_noise_scale", E, {"adaptive_noise_scale": 0.01}),
    ("debiased_estimation_loss", W, {"debiased_estimation_loss": True}),
    ("min_timestep", E, {"min_timestep": 500, "max_timestep": 500}),
    ("min_timestep", E, {"min_timestep": 600, "max_timestep": 300}),
]


SDXL = {"family": "sdxl", "resolution": 1024, "max_bucket_reso": 2048, "no_half_vae": True}
FLUX = {
    "family": "flux",
    "resolution": 1024,
    "max_bucket_reso": 2048,
    "mixed_precision": "bf16",
    "network_train_unet_only": True,
    "cache_text_encoder_outputs": True,
    "shuffle_caption": False,
    "guidance_scale": 1.0,
}
CACHED = {
    **SDXL,
    "cache_text_encoder_outputs": True,
    "network_train_unet_only": True,
    "shuffle_caption": False,
}
REG = {"image_dir": "/reg", "is_reg": True}
MASKED = {"image_dir": "/b", "conditioning_data_dir": "/m"}
MASKS = {"image_dir": "/a", "masked_loss": True, "conditioning_data_dir": "/m"}
STAGE_3 = {"deepspeed": True, "num_processes": 2, "zero_stage": 3}
UPLOAD = {"huggingface_upload": True, "huggingface_repo_id": "me/mine"}
PRODIGY = {"optimizer_type": "Prodigy", "unet_lr": 1.0, "text_encoder_lr": 1.0}
RESTARTS = {"lr_scheduler": "cosine_warm_restarts"}
EQUAL_RATES = {"Prodigy", "DAdaptation", "DAdaptAdamPreprint", "DAdaptAdam", "DAdaptLion", "DAdaptSGD"}
EACH_RATE = {"prodigyplus.ProdigyPlusScheduleFree", "pytorch_optimizer.AdamG"}
FIND_THEIR_RATE = {
    *EQUAL_RATES,
    *EACH_RATE,
    *("DAdaptAdaGrad", "DAdaptAdan", "DAdaptAdanIP", "pytorch_optimizer.Prodigy"),
    *(f"pytorch_optimizer.DAdapt{kind}" for kind in ("Adam", "AdaGrad", "Adan", "Lion", "SGD")),
}
"""Those whose own default of the learning rate is 1, except Adadelta: read from their classes."""
SCHEDULE_FREE = {
    *("AdamWScheduleFree", "RAdamScheduleFree", "SGDScheduleFree", "prodigyplus.ProdigyPlusScheduleFree"),
    *(
        f"LoraEasyCustomOptimizer.schedulefree.{kind}ScheduleFree"
        for kind in ("ADOPT", "ADOPTEMAMix", "ADOPTNesterov", "ADOPTMARS", "FADOPT", "FADOPTMARS")
    ),
}
KRON = {"optimizer_type": "pytorch_optimizer.Kron"}
CONDA = {"optimizer_type": "pytorch_optimizer.Conda"}
SAI = {"optimizer_type": "pytorch_optimizer.SGDSaI"}
OFT = {"network_type": "oft", "network_alpha": 1e-3, "network_train_unet_only": True}
STABLE = {"lr_scheduler": "warmup_stable_decay"}

CHROMA = {
    **FLUX,
    "model_type": "chroma",
    "apply_t5_attn_mask": True,
    "network_train_unet_only": False,
}
MORE: list[tuple[str, Level, dict[str, Any], dict[str, Any]]] = [
    # field, level, options that break the rule, further facts
    # captions
    ("caption_separator", E, {"caption_separator": ""}, {}),
    ("secondary_separator", N, {"caption_separator": ";", "secondary_separator": ";"}, {}),
    ("caption_dropout_rate", W, {"caption_dropout_rate": 1.0}, {}),
    ("caption_tag_dropout_rate", W, {"caption_tag_dropout_rate": 1.0}, {}),
    ("token_warmup_step", W, {"token_warmup_step": 100}, {"total_steps": 90}),
    ("cache_text_encoder_outputs", E, {**CACHED, "token_warmup_step": 0.2}, {}),
    ("cache_text_encoder_outputs", E, {**CACHED, "caption_tag_dropout_rate": 0.1}, {}),
    (
        "cache_text_encoder_outputs",
        E,
        {**CACHED, "more_folders": [{"image_dir": "/b", "shuffle_caption": True}]},
        {},
    ),
    ("cache_text_encoder_outputs", E, {**FLUX, "shuffle_caption": True}, {}),
    (
        "cache_text_encoder_outputs",
        E,
        {**FLUX, "cache_text_encoder_outputs": False, "cache_text_encoder_outputs_to_disk": True}
        | {"shuffle_caption": True},
        {},
    ),
    ("cache_text_encoder_outputs", E, {"family": "anima", "cache_text_encoder_outputs": True}, {}),
    ("caption_prefix", W, {**CACHED, "caption_prefix": "art of"}, {}),
    ("enable_wildcard", W, {**FLUX, "enable_wildcard": True}, {}),
    ("caption_dropout_every_n_epochs", W, {**CACHED, "caption_dropout_every_n_epochs": 3}, {}),
    # pictures
    ("bucket_reso_steps", E, {**FLUX, "bucket_reso_steps": 32}, {}),
    ("bucket_reso_steps", E, {"family": "sd3", "bucket_reso_steps": 16}, {}),
    ("bucket_reso_steps", E, {"family": "anima", "bucket_reso_steps": 8}, {}),
    ("max_bucket_reso", E, {"more_folders": [{"image_dir": "/b", "resolution": 1536}]}, {}),
    ("min_bucket_reso", E, {"more_folders": [{"image_dir": "/b", "resolution": 128}]}, {}),
    ("resolution", W, {"family": "hunyuan_image"}, {}),
    ("resolution", W, {"resolution": 1280, "max_bucket_reso": 2048}, {}),
    ("resolution", E, {**FLUX, "enable_bucket": False, "resolution": 1000}, {}),
    ("more_folders", E, {"more_folders": [{"image_dir": "/b", "random_crop": True}]}, {}),
    ("enable_bucket", W, {"enable_bucket": False, "cache_latents": False}, {}),
    ("masked_loss", W, {"masked_loss": True}, {}),
    ("train_batch_size", W, {"train_batch_size": 8}, {"uses": 5}),
    (
        "more_folders",
        E,
        {"enable_bucket": False, "more_folders": [{"image_dir": "/b", "resolution": 500}]},
        {},
    ),
    # folders
    ("more_folders", E, {"image_dir": "/a", "more_folders": [{"image_dir": "/a/"}]}, {}),
    ("more_folders", E, {"image_dir": "/a", "more_folders": [{**REG, "resolution": 768}]}, {}),
    ("prior_loss_weight", W, {"more_folders": [REG], "prior_loss_weight": 0.0}, {}),
    ("prior_loss_weight", N, {"prior_loss_weight": 0.5}, {}),
    ("more_folders", E, {"more_folders": [{"image_dir": "/b", "caption_extension": "txt"}]}, {}),
    # length
    ("max_train_epochs", W, {}, {"total_steps": 20_000}),
    ("max_train_epochs", N, {}, {"total_steps": 60}),
    ("initial_epoch", N, {"initial_epoch": 2, "initial_step": 5}, {}),
    ("initial_step", E, {"initial_step": 500}, {"total_steps": 500}),
    ("initial_epoch", E, {"initial_epoch": 11}, {}),
    ("skip_until_initial_step", N, {"skip_until_initial_step": True}, {}),
    # learning
    ("network_train_unet_only", W, {"family": "hunyuan_image"}, {}),
    ("network_train_unet_only", W, {**OFT, "network_train_unet_only": False}, {}),
    (
        "network_train_text_encoder_only",
        E,
        {"family": "hunyuan_image", "network_train_text_encoder_only": True},
        {},
    ),
    (
        "cache_text_encoder_outputs",
        E,
        {"family": "anima", "cache_text_encoder_outputs": True, "shuffle_caption": False},
        {},
    ),
    ("train_t5xxl", E, {**FLUX, "train_t5xxl": True, "network_train_unet_only": False}, {}),
    ("train_t5xxl", N, {**FLUX, "train_t5xxl": True, "cache_text_encoder_outputs": False}, {}),
    ("text_encoder_lr", N, {"network_train_unet_only": True, "text_encoder_lr": 3e-4}, {}),
    ("unet_lr", E, {**PRODIGY, **FLUX, "network_train_unet_only": False, "text_encoder_lr": 0.5}, {}),
    ("unet_lr", W, {"optimizer_type": "pytorch_optimizer.DAdaptAdam"}, {}),
    ("loraplus_lr_ratio", E, {**PRODIGY, "loraplus_lr_ratio": 16.0}, {}),
    ("loraplus_lr_ratio", W, {"optimizer_type": "DAdaptAdan", "loraplus_lr_ratio": 16.0}, {}),
    ("down_lr_weight", E, {**PRODIGY, "down_lr_weight": "sine+0.25"}, {}),
    ("text_encoder_lr", N, {"text_encoder_lr": 1e-3}, {}),
    # schedule
    ("lr_warmup_steps", E, {"lr_scheduler_type": "CosineAnnealingLR"}, {}),
    (
        "lr_warmup_steps",
        W,
        {"lr_scheduler": "piecewise_constant", "lr_scheduler_args": ['step_rules="1:5,0.1"']},
        {},
    ),
    ("lr_scheduler", E, {"lr_scheduler": "adafactor"}, {}),
    ("lr_scheduler_args", E, {"lr_scheduler": "piecewise_constant", "lr_warmup_steps": 0}, {}),
    (
        "lr_scheduler_args",
        E,
        {"lr_scheduler": "piecewise_constant", "lr_scheduler_args": ['step_rules="5"', "a"]},
        {},
    ),
    (
        "lr_scheduler_args",
        E,
        {"lr_scheduler": "piecewise_constant", "lr_scheduler_args": ['step_rules="x:y,1"']},
        {},
    ),
    (
        "lr_scheduler_min_lr_ratio",
        E,
        {"lr_scheduler": "cosine_with_min_lr", "lr_scheduler_min_lr_ratio": None},
        {},
    ),
    ("learning_rate", E, {"lr_scheduler": "polynomial", "learning_rate": 0.0}, {}),
    (
        "lr_scheduler_type",
        E,
        {"lr_scheduler_type": "pytorch_optimizer.REXScheduler", "lr_warmup_steps": 0},
        {},
    ),
    ("lr_decay_steps", W, STABLE, {}),
    ("lr_decay_steps", W, {**STABLE, "lr_decay_steps": 0.7, "lr_warmup_steps": 0.5}, {}),
    ("lr_decay_steps", W, {**STABLE, "lr_decay_steps": 90}, {"total_steps": 80}),
    ("restart_min_lr", W, {**RESTARTS, "restart_min_lr": 2e-4}, {}),
    ("restart_first_steps", N, {**RESTARTS, "restart_first_steps": 100}, {"total_steps": 100}),
    ("lr_scheduler", N, {"optimizer_type": "AdamWScheduleFree"}, {}),
    # optimizer
    ("optimizer_args", E, {"optimizer_args": ["no_such_thing=1"]}, {}),
    (
        "optimizer_args",
        E,
        {"optimizer_type": "Adafactor", "optimizer_args": ["relative_step=False", "warmup_init=True"]},
        {},
    ),
    ("optimizer_type", W, {"optimizer_type": "Lion8bit"}, {"gpu": False}),
    ("optimizer_args", W, PRODIGY, {}),
    ("lr_warmup_steps", W, {**PRODIGY, "optimizer_type": "pytorch_optimizer.DAdaptAdam"}, {}),
    (
        "optimizer_args",
        W,
        {"optimizer_type": "pytorch_optimizer.AdaFactor", "optimizer_args": ["relative_step=True"]},
        {},
    ),
    ("save_state", E, {**KRON, "save_state": True}, {}),
    ("save_state_on_train_end", E, {**KRON, "save_state_on_train_end": True}, {}),
    ("resume", E, {**KRON, "resume": "/x-state"}, {}),
    ("save_state", W, {**CONDA, "save_state": True, "save_state_on_train_end": True}, {}),
    ("resume", E, {**CONDA, "resume": "/x-state"}, {}),
    ("save_state", N, {**SAI, "save_state": True}, {}),
    ("resume", W, {**SAI, "resume": "/x-state"}, {}),
    # network
    ("network_type", E, {**FLUX, "network_type": "locon"}, {}),
    ("network_type", E, {"family": "anima", "network_type": "lokr"}, {}),
    ("conv_alpha", W, {"network_type": "loha", "conv_alpha": 9.0}, {}),
    ("network_alpha", W, {**OFT, "network_alpha": 8.0}, {}),
    ("network_alpha", E, {**OFT, "network_alpha": 0.0}, {}),
    ("network_dim", E, {**OFT, "network_dim": 12}, {}),
    ("network_dim", E, {**OFT, **SDXL, "enable_conv": True, "network_dim": 128}, {}),
    ("network_dropout", E, {"network_dropout": 1.0}, {}),
    ("rank_dropout", E, {"rank_dropout": 1.0}, {}),
    ("network_dropout", N, {**OFT, "network_dropout": 0.1}, {}),
    ("scale_weight_norms", N, {"network_type": "dylora", "scale_weight_norms": 1.0}, {}),
    ("dylora_unit", E, {"network_type": "dylora", "dylora_unit": 5}, {}),
    ("lokr_factor", E, {"network_type": "lokr", "lokr_factor": 0}, {}),
    ("lokr_factor", W, {"network_type": "lokr", "lokr_factor": 1, "full_matrix": True}, {}),
    ("bypass_mode", E, {"network_type": "loha", "lycoris_dora": True, "bypass_mode": True}, {}),
    ("base_weights_multiplier", N, {"base_weights_multiplier": 0.5}, {}),
    ("block_dims", E, {"block_dims": "4,4"}, {}),
    ("block_dims", E, {"block_dims": ",".join(["4"] * 24 + ["x"])}, {}),
    ("block_alphas", N, {"block_alphas": ",".join(["1"] * 25)}, {}),
    ("in_dims", E, {**FLUX, "in_dims": "4,4,4"}, {}),
    ("down_lr_weight", W, {"down_lr_weight": "1,1,,1"}, {}),
    ("up_lr_weight", E, {"up_lr_weight": "round"}, {}),
    ("mid_lr_weight", W, {**SDXL, "mid_lr_weight": "1"}, {}),
    ("train_double_block_indices", E, {**FLUX, "train_double_block_indices": "0-19"}, {}),
    ("train_single_block_indices", E, {**FLUX, "train_single_block_indices": "5-2"}, {}),
    ("train_blocks", E, {**FLUX, "train_blocks": "refiners"}, {}),
    ("network_reg_dims", E, {**FLUX, "network_reg_dims": ".*attn.*"}, {}),
    ("network_reg_lrs", E, {**FLUX, "network_reg_lrs": "(=1e-4"}, {}),
    ("exclude_patterns", E, {"family": "anima", "exclude_patterns": ".*mlp.*"}, {}),
    # precision and attention
    ("mixed_precision", W, {**FLUX, "mixed_precision": "fp16", "full_fp16": True}, {}),
    ("fp8_base_unet", E, {**FLUX, "fp8_base_unet": True, "mixed_precision": "no"}, {}),
    ("mem_eff_attn", W, {"mem_eff_attn": True}, {}),
    ("sdpa", W, {"sdpa": False}, {}),
    ("xformers", E, {"xformers": True, "sdpa": False}, {"gpu": False}),
    ("use_sage_attn", E, {"family": "lumina", "use_sage_attn": True}, {}),
    ("split_attn", E, {"family": "anima", "attn_mode": "xformers"}, {}),
    ("attn_mode", W, {"family": "hunyuan_image", "attn_mode": "torch", "xformers": True}, {}),
    # memory
    ("cache_latents_to_disk", N, {"cache_latents": False, "cache_latents_to_disk": True}, {}),
    ("cache_text_encoder_outputs", N, {**FLUX, "cache_text_encoder_outputs": False}, {}),
    ("blocks_to_swap", E, {**FLUX, "blocks_to_swap": 36}, {}),
    ("cpu_offload_checkpointing", E, {**FLUX, "blocks_to_swap": 8, "cpu_offload_checkpointing": True}, {}),
    (
        "unsloth_offload_checkpointing",
        E,
        {"family": "anima", "cpu_offload_checkpointing": True, "unsloth_offload_checkpointing": True},
        {},
    ),
    ("cpu_offload_checkpointing", N, {**FLUX, "cpu_offload_checkpointing": True}, {}),
    (
        "cpu_offload_checkpointing",
        E,
        {"family": "sd3", "cpu_offload_checkpointing": True, "gradient_checkpointing": True},
        {},
    ),
    ("highvram", W, {"lowram": True, "highvram": True}, {}),
    ("fp8_vl", W, {"family": "hunyuan_image", "fp8_vl": True, "text_encoder_cpu": True}, {}),
    # families
    ("model_variant", W, {"model_variant": "pony"}, {}),
    ("clip_skip", W, {"family": "sd2", "clip_skip": 2}, {}),
    ("apply_t5_attn_mask", E, {**FLUX, "model_type": "chroma"}, {}),
    ("network_train_unet_only", N, {**CHROMA, "cache_text_encoder_outputs": False}, {}),
    ("guidance_scale", W, {**FLUX, "guidance_scale": None}, {}),
    ("guidance_scale", W, {**FLUX, "model_type": "chroma"}, {}),
    ("ddp_timeout", N, {"ddp_timeout": 30}, {}),
    # saving and previews
    ("save_every_n_epochs", N, {"save_every_n_epochs": None}, {}),
    ("save_last_n_steps", N, {"save_last_n_steps": 5}, {}),
    ("save_last_n_steps", N, {"save_last_n_steps": 3, "save_every_n_steps": 100}, {}),
    ("save_last_n_epochs_state", N, {"save_last_n_epochs_state": 3}, {}),
    ("no_metadata", N, {"no_metadata": True, "training_comment": "ohwx"}, {}),
    ("sample_every_n_steps", N, {"prompts": ["a"], "sample_every_n_steps": 5}, {}),
    ("sample_sampler", N, {"prompts": ["a"], "sample_sampler": "ddim"}, {}),
    # validation
    ("validate_every_n_epochs", N, {"validate_every_n_epochs": 2}, {}),
    ("validation_split", E, {"validation_split": 1.0}, {}),
    ("validation_split", W, {"validation_split": 0.8}, {}),
    ("validation_split", W, {"validation_split": 0.1}, {"pictures": 4}),
    ("validate_every_n_epochs", W, {"validation_split": 0.1, "validate_every_n_epochs": 11}, {}),
    (
        "validate_every_n_steps",
        W,
        {"validation_split": 0.1, "validate_every_n_steps": 60},
        {"total_steps": 50},
    ),
    # masks
    ("masked_loss", E, {"conditioning_data_dir": "/m"}, {}),
    ("masked_loss", E, {"more_folders": [MASKED]}, {}),
    ("random_crop", E, {**MASKS, "random_crop": True, "cache_latents": False}, {}),
    (
        "random_crop",
        E,
        {"masked_loss": True, "cache_latents": False, "more_folders": [{**MASKED, "random_crop": True}]},
        {},
    ),
    ("caption_dropout_every_n_epochs", E, {**MASKS, "caption_dropout_every_n_epochs": 2}, {}),
    (
        "token_warmup_step",
        E,
        {"masked_loss": True, "token_warmup_step": 10, "more_folders": [MASKED]},
        {},
    ),
    ("validation_split", E, {**MASKS, "validation_split": 0.1}, {}),
    ("more_folders", E, {"masked_loss": True, "more_folders": [{**REG, "conditioning_data_dir": "/m"}]}, {}),
    ("more_folders", E, {**MASKS, "more_folders": [REG]}, {}),
    ("conditioning_data_dir", E, {**MASKS, "conditioning_data_dir": "/a/"}, {}),
    ("conditioning_data_dir", E, {"masked_loss": True, "more_folders": [{**MASKED, "image_dir": "/m"}]}, {}),
    ("more_folders", E, {**MASKS, "more_folders": [{**MASKED, "resolution": 768}]}, {}),
    ("alpha_mask", N, {**MASKS, "alpha_mask": True}, {}),
    # DeepSpeed
    ("offload_optimizer_device", E, {"deepspeed": True, "offload_optimizer_device": "nvme"}, {}),
    ("offload_optimizer_nvme_path", E, {**STAGE_3, "offload_optimizer_device": "nvme"}, {}),
    ("offload_param_nvme_path", E, {**STAGE_3, "offload_param_device": "nvme"}, {}),
    (
        "fp16_master_weights_and_gradients",
        E,
        {
            "deepspeed": True,
            "offload_optimizer_device": "cpu",
            "fp16_master_weights_and_gradients": True,
            "mixed_precision": "bf16",
        },
        {},
    ),
    ("zero_stage", W, STAGE_3, {}),
    ("blocks_to_swap", E, {**FLUX, "deepspeed": True, "num_processes": 2, "blocks_to_swap": 8}, {}),
    ("deepspeed", N, {"deepspeed": True}, {}),
    # upload
    ("huggingface_repo_id", E, {"huggingface_upload": True}, {}),
    ("huggingface_repo_id", E, {**UPLOAD, "huggingface_repo_id": "me"}, {}),
    ("huggingface_path_in_repo", E, {**UPLOAD, "huggingface_path_in_repo": ""}, {}),
    ("huggingface_repo_visibility", W, {**UPLOAD, "huggingface_repo_visibility": "public"}, {}),
    ("save_state_to_huggingface", N, {**UPLOAD, "save_state_to_huggingface": True}, {}),
    # noise
    ("noise_offset_random_strength", N, {"noise_offset_random_strength": True}, {}),
    ("min_timestep", N, {**FLUX, "min_timestep": 100}, {}),
    ("huber_c", E, {"loss_type": "huber", "huber_c": 0.0}, {}),
    ("huber_schedule", E, {**FLUX, "loss_type": "smooth_l1"}, {}),
    # what the trainer's parts refuse or pass over
    ("caption_dropout_every_n_epochs", W, {"caption_dropout_every_n_epochs": 1}, {}),
    ("token_warmup_min", N, {"token_warmup_min": 4}, {}),
    ("network_train_unet_only", E, {**CHROMA, "cache_text_encoder_outputs": True}, {}),
    ("network_train_unet_only", E, {**CHROMA, "network_train_text_encoder_only": True}, {}),
    (
        "network_train_unet_only",
        E,
        {"family": "hunyuan_image", "cache_text_encoder_outputs": True, "shuffle_caption": False},
        {},
    ),
    ("num_processes", E, {"num_processes": 2}, {"gpu": False}),
    (
        "cpu_offload_checkpointing",
        W,
        {
            "family": "lumina",
            "blocks_to_swap": 8,
            "cpu_offload_checkpointing": True,
            "gradient_checkpointing": True,
        },
        {},
    ),
    ("network_dropout", N, {"network_type": "boft", "network_dropout": 0.1}, {}),
    ("network_dropout", N, {"network_type": "dora", "network_dropout": 0.1}, {}),
    ("rank_dropout", N, {"network_type": "boft", "rank_dropout": 0.1}, {}),
    ("scale_weight_norms", N, {"network_type": "glora", "scale_weight_norms": 1.0}, {}),
    ("network_dim", E, {"network_type": "boft", "network_dim": 8}, {}),
    ("conv_dim", E, {"network_type": "boft", "network_dim": 16, "conv_dim": 8}, {}),
    ("lycoris_preset", E, {"family": "sd3", "network_type": "lokr", "lycoris_preset": "attn-only"}, {}),
    (
        "lycoris_preset",
        E,
        {"family": "flux", "network_type": "lokr", "lycoris_preset": "unet-convblock-only"},
        {},
    ),
    (
        "lycoris_preset",
        E,
        {"network_type": "lokr", "lycoris_preset": "unet-only", "network_train_text_encoder_only": True},
        {},
    ),
    ("lycoris_preset", N, {"network_type": "lokr", "lycoris_preset": "unet-only"}, {}),
    ("timestep_sampling", E, {**FLUX, "timestep_sampling": "nextdit_shift"}, {}),
    ("dynamo_backend", E, {"torch_compile": True, "dynamo_backend": "tensort"}, {}),
    (
        "weighting_scheme",
        W,
        {**FLUX, "timestep_sampling": "shift", "weighting_scheme": "logit_normal"},
        {},
    ),
    (
        "weighting_scheme",
        W,
        {**FLUX, "model_prediction_type": "raw", "weighting_scheme": "cosmap"},
        {},
    ),
    ("weighting_scheme", W, {"family": "lumina", "weighting_scheme": "mode"}, {}),
    ("weighting_scheme", W, {"family": "hunyuan_image", "weighting_scheme": "sigma_sqrt"}, {}),
    ("sigmoid_scale", N, {"family": "flux", "timestep_sampling": "uniform", "sigmoid_scale": 1.5}, {}),
    ("validation_seed", W, {"validation_split": 0.1}, {}),
    ("network_multiplier", W, {"network_multiplier": 0.5}, {}),
    ("network_alpha", N, {"network_weights": "/a.safetensors"}, {}),
    ("class_tokens", E, {"masked_loss": True, "conditioning_data_dir": "/m", "class_tokens": "cat"}, {}),
    ("mlp_dim", W, {"family": "lumina", "mlp_dim": 4}, {}),
    ("up_lr_weight", E, {"family": "sdxl", "up_lr_weight": ",".join(["1"] * 12)}, {}),
    (
        "up_lr_weight",
        W,
        {"family": "sdxl", "up_lr_weight": ",".join(["1"] * 12), "down_lr_weight": "cosine"},
        {},
    ),
    ("lr_warmup_steps", E, {"optimizer_type": "pytorch_optimizer.ASGD", "lr_warmup_steps": 0.1}, {}),
    ("lr_scheduler_args", E, {"lr_scheduler": "cosine_with_restarts", "lr_scheduler_args": ["power=2"]}, {}),
    ("lr_scheduler_args", E, {"lr_scheduler": "rex_warm_restarts", "lr_scheduler_args": ["gamma=0.5"]}, {}),
    ("lr_scheduler_args", E, {"lr_scheduler_type": "CosineAnnealingLR", "lr_warmup_steps": 0}, {}),
    ("lr_scheduler_type", E, {"lr_scheduler_type": "torch.optim.lr_scheduler.LambdaLR"}, {}),
]
ALL = [*((*case, {}) for case in CASES), *MORE]


@pytest.mark.parametrize(("field", "level", "values", "facts"), ALL)
def test_a_rule_is_broken_and_its_fix_settles_it(field, level, values, facts):
    options = TrainingOptions(**values)
    problems = found(field, check(options, **facts))
    assert level in [problem.level for problem in problems]
    for problem in problems:
        assert problem.what.endswith(".")
        assert problem.why
        assert problem.remedy
        assert all(name in options.values() for name in problem.fields)
        options.update(problem.fix)
    fixable = {problem.what for problem in problems if problem.fix}
    if "max_train_epochs" in {name for problem in problems for name in problem.fix}:
        facts = {}  # the length is another one now
    assert not fixable & {problem.what for problem in found(field, check(options, **facts))}


def test_every_rule_is_broken_by_some_case():
    """So that no rule is dead: each yields a problem for at least one case."""
    cases = [Facts(TrainingOptions(**values), **facts) for _, _, values, facts in ALL]
    cases.append(Facts(TrainingOptions(output_name="")))
    assert [rule.__name__ for rule in RULES if not any(list(rule(facts)) for facts in cases)] == []


@pytest.mark.parametrize("preset", list_presets(), ids=lambda preset: preset.name)
def test_no_shipped_preset_breaks_a_rule(preset):
    for family in FAMILIES:
        if preset.fits(family):
            options = apply(preset, TrainingOptions(**model_values(family), image_dir="/pictures"))
            assert [str(problem) for problem in check(options) if problem.level is not N] == []


@pytest.mark.parametrize("family", list(FAMILIES))
def test_what_belongs_to_a_family_breaks_no_rule(family):
    for variant in FAMILIES[family].variants:
        options = TrainingOptions(trigger_word="ohwx", keep_tokens=1)
        options.update(suggestions(family, variant))
        assert [str(problem) for problem in check(options) if problem.level is not N] == []


def test_an_option_without_meaning_counts_as_off():
    """It does not reach the trainer, so it breaks nothing there."""
    assert found("blocks_to_swap", check(TrainingOptions(blocks_to_swap=100))) == []
    assert (
        found("fp8_base", check(TrainingOptions(family="anima", fp8_base=True, mixed_precision="no"))) == []
    )


def test_with_a_gpu_nothing_is_said_of_it():
    options = TrainingOptions(optimizer_type="AdamW8bit", trigger_word="ohwx")
    assert found("optimizer_type", check(options, gpu=True)) == []
    assert [p.level for p in found("optimizer_type", check(options))] == [N]
    (problem,) = found("optimizer_type", check(options, gpu=False))
    assert problem.fix == {"optimizer_type": "AdamW"}


def test_lengths_are_mended_to_a_sensible_one():
    (problem,) = found("max_train_epochs", check(TrainingOptions(max_train_epochs=40), total_steps=20_000))
    assert problem.fix == {"max_train_epochs": 20}
    (problem,) = found("max_train_epochs", check(TrainingOptions(max_train_epochs=1), total_steps=20_000))
    assert problem.fix == {}
    options = TrainingOptions(max_train_epochs=None, max_train_steps=20_000)
    (problem,) = found("max_train_epochs", check(options))
    assert problem.fix == {"max_train_steps": 10_000}
    assert found("max_train_epochs", check(TrainingOptions(), total_steps=1500)) == []


def test_the_same_folder_at_two_sizes_is_right():
    more = [{"image_dir": "/a", "resolution": 768}]
    assert found("more_folders", check(TrainingOptions(image_dir="/a", more_folders=more))) == []
    twice = [*more, {"image_dir": "/b"}, {"image_dir": "/a"}]
    (problem,) = found("more_folders", check(TrainingOptions(image_dir="/a", more_folders=twice)))
    assert problem.fix["more_folders"] == twice[:2]


def test_block_lists_of_the_right_length_pass():
    assert found("block_dims", check(TrainingOptions(block_dims=",".join(["4"] * 25)))) == []
    assert found("down_lr_weight", check(TrainingOptions(down_lr_weight="sine+0.25"))) == []
    options = TrainingOptions(**FLUX, train_double_block_indices="0, 4-7,18", network_reg_dims=".*attn.*=8")
    assert [problem for problem in check(options) if problem.level is E] == []


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a/b", "separator"),
        ("a\\b", "separator"),
        ("..", "dot"),
        ("../x", "separator"),
        ("C:x", "separator"),
        ("my lora", "space"),
        ("a\tb", "space"),
        ("cat🐱", "🐱"),
        ("é", "é"),
        ("a\x00b", "\\x00"),
        ("CON", "reserved"),
        ("con.v1", "reserved"),
        ("lpt9", "reserved"),
        (".hidden", "dot"),
        ("-x", "hyphen"),
        ("x.", "dot"),
        ("a" * 101, "longer"),
        ('a"b', '"'),
        ("a*", "*"),
    ],
)
def test_a_bad_name_is_refused_with_a_good_one_at_hand(name, part):
    options = TrainingOptions(output_name=name)
    (problem,) = found("output_name", check(options))
    assert problem.level is E
    assert part in problem.what
    assert repr(name) in problem.what
    options.update(problem.fix)
    assert not found("output_name", check(options))


@pytest.mark.parametrize("name", ["my-lora", "a", "Cat_v1.2", "7", "_x", "console", "a" * 100])
def test_a_good_name_passes(name):
    assert not found("output_name", check(TrainingOptions(output_name=name)))


def test_defaults_have_no_error_and_no_warning():
    assert [problem for problem in check(TrainingOptions()) if problem.level is not N] == []
    assert check(TrainingOptions(trigger_word="ohwx")) == []


def said_of_rates(optimizer, **values):
    """What the rules on learning rates say, without their level."""
    options = TrainingOptions(optimizer_type=optimizer, lr_warmup_steps=0, **values)
    rates = {"unet_lr", "text_encoder_lr", "loraplus_lr_ratio"}
    return [one for one in check(options) if one.fields[0] in rates]


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_low_rates_are_named_for_all_that_find_their_own_and_no_other(name):
    low = [one for one in said_of_rates(name, unet_lr=1e-4, text_encoder_lr=1e-4) if "too low" in one.what]
    assert bool(low) == (name in FIND_THEIR_RATE)
    assert not said_of_rates(name, unet_lr=1.0, text_encoder_lr=1.0) or name not in FIND_THEIR_RATE


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_several_rates_are_named_where_they_do_not_work(name):
    """Measured with two parts of a LoRA: six stop, nine more go by the first rate alone."""
    levels = {one.level for one in said_of_rates(name, unet_lr=1.0, text_encoder_lr=0.5, loraplus_lr_ratio=2)}
    if name in EQUAL_RATES:
        assert levels == {E}
    elif name in FIND_THEIR_RATE - EACH_RATE:
        assert levels == {W}
    elif name in EACH_RATE:
        assert levels == set()
    assert not said_of_rates(name, unet_lr=1.0, text_encoder_lr=0.0) or name not in FIND_THEIR_RATE


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_the_schedule_is_named_for_schedule_free_ones_only(name):
    options = TrainingOptions(optimizer_type=name, lr_scheduler="cosine")
    assert bool(found("lr_scheduler", check(options))) == (name in SCHEDULE_FREE)


def test_states_of_most_optimizers_are_good():
    options = TrainingOptions(save_state=True, save_state_on_train_end=True, resume="/x-state")
    assert [one for one in check(options) if {"save_state", "resume"} & set(one.fields)] == []


def test_good_combinations_pass():
    prodigy = TrainingOptions(
        trigger_word="ohwx",
        optimizer_type="Prodigy",
        optimizer_args=["safeguard_warmup=True"],
        unet_lr=1,
        text_encoder_lr=1,
        lr_scheduler="cosine",
    )
    assert check(prodigy) == []
    style = TrainingOptions(
        family="sdxl",
        resolution=1024,
        no_half_vae=True,
        cache_text_encoder_outputs=True,
        network_train_unet_only=True,
        shuffle_caption=False,
        keep_tokens=0,
    )
    assert check(style) == []
    assert check(TrainingOptions(keep_tokens=0, color_aug=True, cache_latents=False)) == []
    # without buckets their settings do not matter
    assert check(TrainingOptions(keep_tokens=0, enable_bucket=False, bucket_reso_steps=1)) == []


def test_weightings_that_act_pass():
    def said(**values):
        return found("weighting_scheme", check(TrainingOptions(**values)))

    assert not said(family="sd3", weighting_scheme="logit_normal", timestep_sampling="shift")
    assert not said(family="flux", weighting_scheme="logit_normal", timestep_sampling="sigma")
    assert not said(family="flux", weighting_scheme="cosmap")
    assert not said(family="anima", weighting_scheme="cosmap")


def test_arguments_of_a_schedule_that_fit_pass():
    def said(**values):
        return [p for p in check(TrainingOptions(**values)) if "lr_scheduler_args" in p.fields]

    assert not said(lr_scheduler="polynomial", lr_scheduler_args=["lr_end=0.00001"])
    assert not said(lr_scheduler_type="CosineAnnealingLR", lr_scheduler_args=["T_max=20"], lr_warmup_steps=0)
    assert not said(lr_scheduler_type="mine.Schedule", lr_scheduler_args=["a=1"], lr_warmup_steps=0)


def test_counted_steps_are_used():
    options = TrainingOptions(trigger_word="ohwx", lr_warmup_steps=100)
    assert check(options) == []
    assert check(options, total_steps=1000) == []
    assert [p.fields[0] for p in check(options, total_steps=100)] == ["lr_warmup_steps"]


def test_errors_come_first():
    levels = [problem.level for problem in check(TrainingOptions(output_name="", xformers=True))]
    assert levels == [E, W, N]


@pytest.mark.parametrize("seed", range(60))
def test_checking_never_fails_or_changes_anything(random_options, seed):
    options = random_options(seed)
    before = options.values()
    facts = {"pictures": seed, "uses": 10 * seed, "gpu": seed % 2 == 0}
    for problem in check(options, total_steps=seed or None, **facts):
        options.copy().update(problem.fix)
    assert options.values() == before
