"""Keys of the trainer that are no option here, each with the reason.

Together with the declared options these are all that the trainer knows; a test holds it against the pinned
manifest. Keys of the main table and of the dataset file are named alike and stand in one table.
"""

from __future__ import annotations

_PLAN = "The program decides it, so that each run has its own folder and the page can follow it."
_DATASET_FILE = "The pictures are described in the dataset file, which holds more than this way of old."
_FULL_TRAINING = "It is for training whole models. The LoRA script declares it and trains nothing by it."
_NOT_WORKING = "The trainer itself says that this does not work yet."

OMITTED: dict[str, str] = {
    # what a plan sets
    "config_file": _PLAN,
    "dataset_config": _PLAN,
    "output_dir": _PLAN,
    "logging_dir": _PLAN,
    "log_prefix": _PLAN,
    "sample_prompts": "The preview prompts are an option of their own; the program writes the file.",
    "console_log_level": "The page reads the trainer's messages and needs them at the usual level.",
    "console_log_file": "The page reads the trainer's messages from where they are.",
    "console_log_simple": "It moves messages to another stream and makes them harder to tell apart.",
    "network_module": "The kind of network and the model family decide it.",
    "network_args": "Each argument of a network is an option of its own.",
    "v2": "The model family Stable Diffusion 2 sets it.",
    # where the pictures are
    "train_data_dir": _DATASET_FILE,
    "reg_data_dir": _DATASET_FILE,
    "in_json": _DATASET_FILE,
    "metadata_file": (
        "One JSON file with all captions. Such a folder can have no regularization pictures; a text file beside "
        "each picture says the same, and every tool can edit it."
    ),
    "dataset_class": "It loads a program of one's own in place of the dataset.",
    "custom_attributes": (
        "A table of notes. The LoRA scripts read one of them, diff_output_preservation, which holds a folder's "
        "pictures to what the base model makes of them; the forms cannot hold tables."
    ),
    "face_crop_aug_range": "It needs the place of each face in the file names, which no tool of today writes.",
    # other spellings of what is declared
    "train_batch_size": "The batch size goes into the dataset file as batch_size.",
    "dataset_repeats": "The repeats go into the dataset file as num_repeats.",
    "caption_extention": "An old misspelling of caption_extension.",
    "use_8bit_adam": "Deprecated; the optimizer AdamW8bit is the same.",
    "use_lion_optimizer": "Deprecated; the optimizer Lion is the same.",
    "split_mode": "Deprecated; blocks_to_swap took its place.",
    "save_n_epoch_ratio": "It says the same as save_every_n_epochs in another way.",
    # only looks, trains nothing
    "debug_dataset": "It opens windows with pictures instead of training.",
    "output_config": "It writes the settings to a file and ends; the page shows them without that.",
    # other people's services and secrets
    "huggingface_token": (
        "A secret, which would stand in a file that is kept with the run. Log in once with hf auth login."
    ),
    "resume_from_huggingface": (
        "A state is read with pickle, which can run harmful code. Download one that you trust, and give its folder."
    ),
    "wandb_api_key": (
        "A secret. Log in once with the command wandb login; then it stands in no file of a run."
    ),
    # for whole models, or not working
    "fused_backward_pass": _FULL_TRAINING,
    "self_attn_lr": _FULL_TRAINING,
    "cross_attn_lr": _FULL_TRAINING,
    "mlp_lr": _FULL_TRAINING,
    "mod_lr": _FULL_TRAINING,
    "llm_adapter_lr": _FULL_TRAINING,
    "controlnet_model_name_or_path": "It is for training ControlNets. The LoRA script does not use it.",
    "save_clip": _NOT_WORKING,
    "save_t5xxl": _NOT_WORKING,
    "t5xxl_device": _NOT_WORKING,
    "t5xxl_dtype": _NOT_WORKING,
    "metadata_is_negative_embedding": "It is about textual inversion files, which are not LoRA files.",
}
"""Name -> why it is no option."""
