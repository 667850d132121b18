"""OneTrainer's words for things, and the trainer's."""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: Mapping[str, tuple[str, str]] = {
    "STABLE_DIFFUSION_15": ("sd15", "plain"),
    "STABLE_DIFFUSION_20": ("sd2", "768v"),
    "STABLE_DIFFUSION_20_BASE": ("sd2", "base"),
    "STABLE_DIFFUSION_21": ("sd2", "768v"),
    "STABLE_DIFFUSION_21_BASE": ("sd2", "base"),
    "STABLE_DIFFUSION_3": ("sd3", "plain"),
    "STABLE_DIFFUSION_35": ("sd3", "plain"),
    "STABLE_DIFFUSION_XL_10_BASE": ("sdxl", "plain"),
    "FLUX_DEV_1": ("flux", "dev"),
    "CHROMA_1": ("flux", "chroma"),
    "ANIMA": ("anima", "plain"),
}
OPTIMIZERS: Mapping[str, str] = {
    "ADAMW": "AdamW",
    "ADAMW_8BIT": "AdamW8bit",
    "LION": "Lion",
    "LION_8BIT": "Lion8bit",
    "ADAFACTOR": "Adafactor",
    "PRODIGY": "Prodigy",
    "PRODIGY_PLUS_SCHEDULE_FREE": "prodigyplus.ProdigyPlusScheduleFree",
    "SCHEDULE_FREE_ADAMW": "AdamWScheduleFree",
    "SCHEDULE_FREE_SGD": "SGDScheduleFree",
    "DADAPT_ADAM": "DAdaptAdam",
    "DADAPT_ADAN": "DAdaptAdan",
    "DADAPT_LION": "DAdaptLion",
    "DADAPT_SGD": "DAdaptSGD",
    "DADAPT_ADA_GRAD": "DAdaptAdaGrad",
    "CAME": "pytorch_optimizer.CAME",
    "SGD": "SGDNesterov",
    "SGD_8BIT": "SGDNesterov8bit",
    "ADOPT": "pytorch_optimizer.ADOPT",
    "LAMB": "pytorch_optimizer.Lamb",
    "ADABELIEF": "pytorch_optimizer.AdaBelief",
    "TIGER": "pytorch_optimizer.Tiger",
    "AdEMAMix": "pytorch_optimizer.AdEMAMix",
}
SCHEDULES: Mapping[str, str] = {
    "CONSTANT": "constant",
    "LINEAR": "linear",
    "COSINE": "cosine",
    "COSINE_WITH_RESTARTS": "cosine_with_restarts",
    "COSINE_WITH_HARD_RESTARTS": "cosine_with_restarts",
    "ADAFACTOR": "adafactor",
}
ARGUMENTS = {
    "Prodigy": "weight_decay d_coef decouple use_bias_correction safeguard_warmup growth_rate eps",
    "Adafactor": "relative_step scale_parameter warmup_init clip_threshold decay_rate weight_decay",
}
"""Optimizer -> arguments that the trainer's own takes by the same name; else see `COMMON`."""
COMMON = "weight_decay eps"
DTYPES = {"FLOAT_16": "fp16", "BFLOAT_16": "bf16", "FLOAT_32": "no", "TFLOAT_32": "no"}
SAVED_AS = {"FLOAT_16": "fp16", "BFLOAT_16": "bf16", "FLOAT_32": "float"}
TIMESTEPS = {"UNIFORM": "uniform", "SIGMOID": "sigmoid", "LOGIT_NORMAL": "logit_normal"}
KINDS = {"LORA": "lora", "LOHA": "loha", "LOKR": "lokr"}
PLAIN: Mapping[str, str] = {
    "batch_size": "train_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "epochs": "max_train_epochs",
    "learning_rate": "learning_rate",
    "learning_rate_cycles": "lr_scheduler_num_cycles",
    "base_model_name": "pretrained_model_name_or_path",
    "aspect_ratio_bucketing": "enable_bucket",
    "latent_caching": "cache_latents",
    "dataloader_threads": "max_data_loader_n_workers",
    "lora_rank": "network_dim",
    "lora_alpha": "network_alpha",
    "clip_grad_norm": "max_grad_norm",
    "masked_training": "masked_loss",
}
"""Field -> the trainer's key with the same meaning."""
UNLESS_ZERO: Mapping[str, str] = {
    "offset_noise_weight": "noise_offset",
    "perturbation_noise_weight": "ip_noise_gamma",
    "dropout_probability": "network_dropout",
    "lora_model_name": "network_weights",
}
SWITCHES: Mapping[str, str] = {
    "rescale_noise_scheduler_to_zero_terminal_snr": "zero_terminal_snr",
    "force_v_prediction": "v_parameterization",
}
ITS_OWN = (
    "workspace_dir cache_dir debug_mode debug_dir tensorboard tensorboard_expose tensorboard_port offline_mode "
    "tensorboard_always_on backup_after backup_after_unit rolling_backup rolling_backup_count backup_before_save "
    "continue_last_backup prevent_overwrites include_train_config multi_gpu device_indexes train_device "
    "temp_device only_cache clear_cache_before_training huggingface_cache_dir __version optimizer_defaults "
    "sample_definition_file_name samples_to_tensorboard sample_image_format sample_video_format "
    "sample_audio_format sample_skip_first non_ema_sampling concepts concept_file_name training_method model_type"
).split()
