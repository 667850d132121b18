"""Fields of the kohya_ss page, as far as settings are written for it.

From ``save_configuration`` in bmaltais/kohya_ss ``kohya_gui/lora_gui.py`` (2026-07).
"""

from __future__ import annotations

PLAIN = frozenset(
    (
        "adaptive_noise_scale ae apply_t5_attn_mask async_upload blocks_to_swap bucket_no_upscale "
        "bucket_reso_steps cache_latents cache_latents_to_disk caption_dropout_every_n_epochs "
        "caption_dropout_rate caption_extension clip_g clip_g_dropout_rate clip_l clip_skip color_aug "
        "cpu_offload_checkpointing dataset_config debiased_estimation_loss dim_from_weights "
        "discrete_flow_shift dynamo_backend enable_bucket flip_aug fp8_base fp8_base_unet full_bf16 full_fp16 "
        "gradient_accumulation_steps gradient_checkpointing guidance_scale highvram huber_c huber_scale "
        "huber_schedule huggingface_path_in_repo huggingface_repo_id huggingface_repo_type "
        "huggingface_repo_visibility huggingface_token ip_noise_gamma ip_noise_gamma_random_strength "
        "keep_tokens learning_rate log_config log_tracker_config log_tracker_name log_with logging_dir "
        "logit_mean logit_std loss_type lr_scheduler lr_scheduler_args lr_scheduler_num_cycles "
        "lr_scheduler_power lr_scheduler_type lr_warmup_steps masked_loss max_bucket_reso "
        "max_data_loader_n_workers max_grad_norm max_timestep max_token_length max_train_epochs "
        "max_train_steps mem_eff_attn metadata_author metadata_description metadata_license metadata_tags "
        "metadata_title min_bucket_reso min_snr_gamma min_timestep mixed_precision mode_scale "
        "model_prediction_type model_type multires_noise_discount multires_noise_iterations network_alpha "
        "network_dim network_dropout network_weights noise_offset noise_offset_random_strength optimizer_args "
        "output_dir output_name persistent_data_loader_workers pos_emb_random_crop_rate "
        "pretrained_model_name_or_path prior_loss_weight random_crop reg_data_dir resume "
        "resume_from_huggingface sample_every_n_epochs sample_every_n_steps sample_prompts sample_sampler "
        "save_clip save_every_n_epochs save_every_n_steps save_last_n_epochs save_last_n_epochs_state "
        "save_last_n_steps save_last_n_steps_state save_model_as save_precision save_state "
        "save_state_on_train_end save_state_to_huggingface save_t5xxl scale_v_pred_loss_like_noise_pred "
        "scale_weight_norms seed shuffle_caption skip_cache_check split_mode t5xxl t5xxl_device t5xxl_dtype "
        "t5xxl_max_token_length text_encoder_lr timestep_sampling train_batch_size train_data_dir "
        "training_comment unet_lr v2 v_parameterization v_pred_like_loss vae vae_batch_size wandb_api_key "
        "wandb_run_name weighted_captions weighting_scheme xformers "
    ).split()
)
"""Fields that have the trainer's own name."""
PREFIXED = frozenset(
    (
        "anima_attn_mode anima_cache_text_encoder_outputs anima_cache_text_encoder_outputs_to_disk "
        "anima_compile anima_compile_backend anima_compile_cache_size_limit anima_compile_dynamic "
        "anima_compile_fullgraph anima_compile_mode anima_discrete_flow_shift anima_llm_adapter_path "
        "anima_qwen3 anima_qwen3_max_token_length anima_qwen_image_vae_2d anima_sigmoid_scale "
        "anima_split_attn anima_t5_max_token_length anima_t5_tokenizer_path anima_timestep_sampling "
        "anima_torch_compile anima_unsloth_offload_checkpointing anima_vae anima_vae_chunk_size "
        "anima_vae_disable_cache flux1_cache_text_encoder_outputs flux1_cache_text_encoder_outputs_to_disk "
        "hunyuan_attn_mode hunyuan_byt5 hunyuan_discrete_flow_shift hunyuan_fp8_scaled hunyuan_fp8_vl "
        "hunyuan_image_cache_text_encoder_outputs hunyuan_image_cache_text_encoder_outputs_to_disk "
        "hunyuan_model_prediction_type hunyuan_sigmoid_scale hunyuan_split_attn hunyuan_text_encoder "
        "hunyuan_text_encoder_cpu hunyuan_timestep_sampling hunyuan_vae hunyuan_vae_chunk_size lumina_ae "
        "lumina_cache_text_encoder_outputs lumina_cache_text_encoder_outputs_to_disk "
        "lumina_discrete_flow_shift lumina_gemma2 lumina_gemma2_max_token_length lumina_model_prediction_type "
        "lumina_sigmoid_scale lumina_system_prompt lumina_timestep_sampling lumina_use_flash_attn "
        "lumina_use_sage_attn sd3_cache_text_encoder_outputs sd3_cache_text_encoder_outputs_to_disk "
        "sd3_clip_l sd3_clip_l_dropout_rate sd3_disable_mmap_load_safetensors sd3_enable_scaled_pos_embed "
        "sd3_fused_backward_pass sd3_t5_dropout_rate sd3_t5xxl sd3_text_encoder_batch_size "
        "sdxl_cache_text_encoder_outputs sdxl_no_half_vae "
    ).split()
)
"""Fields that are the trainer's key with the model family in front."""
