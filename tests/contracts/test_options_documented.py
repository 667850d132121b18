"""Every option is explained, bounded and known to the trainer."""

from __future__ import annotations

import re

import pytest

from lora_core.options import Option, Place, TrainingOptions
from lora_core.options.families import FAMILIES
from lora_core.options.groups.folder import FOLDER_OPTIONS
from lora_core.options.trainer_toml import TRAINER_DEFAULTS, to_trainer

OPTIONS = list(TrainingOptions())
COSTLY = """
    alpha_mask attn_mode base_weights batch_size block_dims block_lr_zero_threshold blocks_to_swap
    bucket_no_upscale bucket_reso_steps bypass_mode cache_info cache_latents cache_latents_to_disk
    cache_text_encoder_outputs cache_text_encoder_outputs_to_disk caption_dropout_rate
    caption_tag_dropout_rate clip_l color_aug conv_block_dims conv_dim cpu_offload_checkpointing
    ddp_gradient_as_bucket_view ddp_static_graph decompose_both disable_mmap_load_safetensors dylora_unit
    dynamo_backend emb_dims embedder_dims enable_all_linear enable_bucket enable_conv
    enable_scaled_pos_embed exclude_patterns family flip_aug fp8_base fp8_base_unet fp8_scaled fp8_vl
    full_bf16 full_fp16 full_matrix gemma2_max_token_length ggpo_sigma gradient_accumulation_steps
    gradient_checkpointing highvram img_attn_dim in_dims include_patterns is_reg log_with lokr_factor
    lowram lycoris_dora lycoris_preset max_data_loader_n_workers max_token_length max_train_epochs
    max_train_steps max_validation_steps mem_eff_attn metadata_thumbnail mixed_precision more_folders
    network_dim network_reg_dims network_train_text_encoder_only network_train_unet_only network_type
    no_half_vae num_processes num_repeats optimizer_type persistent_data_loader_workers
    pretrained_model_name_or_path prompts qwen3_max_token_length random_crop refiner_dim resolution
    sample_at_first sample_batch_size sample_every_n_epochs sample_every_n_steps sample_sampler
    save_every_n_epochs save_every_n_steps save_last_n_epochs save_last_n_epochs_state save_last_n_steps
    save_last_n_steps_state save_precision save_state save_state_on_train_end scale_weight_norms sdpa
    shuffle_caption skip_cache_check skip_until_initial_step split_attn split_qkv t5_max_token_length
    t5xxl t5xxl_max_token_length text_encoder text_encoder_batch_size text_encoder_cpu token_warmup_step
    torch_compile train_batch_size train_block_indices train_blocks train_double_block_indices
    train_llm_adapter train_norm train_single_block_indices train_t5xxl unsloth_offload_checkpointing
    use_flash_attn use_sage_attn use_tucker vae_batch_size vae_chunk_size vae_disable_cache
    validate_every_n_epochs validate_every_n_steps validation_split xformers
""".split()
"""Options that change memory, time, disk space or file size."""

NEITHER_MORE_NOR_LESS = {"seed", "validation_seed", "initial_epoch", "initial_step"}
"""Numbers that only name something: raising or lowering them makes nothing better or worse."""

ALL = [*OPTIONS, *FOLDER_OPTIONS.values()]
each_with_folders = pytest.mark.parametrize("option", ALL, ids=lambda option: f"{option.group}.{option.name}")
each = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)


@each
def test_it_is_explained(option: Option):
    assert option.label
    assert option.label != option.name
    sentences = [part for part in re.split(r"(?<=[.?])\s+", option.doc) if part]
    assert len(sentences) >= 2, option.doc
    assert option.doc.endswith(".")
    assert "!" not in option.doc + option.meta.more
    assert all(len(sentence.split()) <= 25 for sentence in sentences)


@each_with_folders
def test_usual_values_are_given(option: Option):
    """For every number and choice: families or goals in plain words, and a value for each."""
    if option.kind in ("integer", "number", "choice"):
        assert option.meta.typical
    for where, value in option.meta.typical.items():
        assert where.strip() == where != ""
        assert value.strip() == value != ""


@each_with_folders
def test_a_number_says_when_to_change_it(option: Option):
    if option.kind in ("integer", "number") and option.name not in NEITHER_MORE_NOR_LESS:
        words = f"{option.doc} {option.meta.more}".lower()
        assert re.search(r"\b(raise|lower|larger|higher|more|use \d)\b", words), option.doc


@each_with_folders
def test_it_says_how_it_works(option: Option):
    assert option.meta.deep.endswith(".")
    assert option.meta.deep != option.doc


@each_with_folders
def test_longer_texts_are_whole_sentences(option: Option):
    for text in (option.meta.more, option.meta.cost, option.meta.deep):
        if text:
            last = re.split(r"(?<=[.?])\s+", text)[-1]
            assert text[-1] in ".?" or last.startswith("Example: "), text
            assert "!" not in text


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_something_says_so(name: str):
    option = next(option for option in ALL if option.name == name)
    assert option.meta.cost.endswith(".")


@each
def test_its_values_are_limited(option: Option):
    if option.kind in ("integer", "number"):
        low, high = option.bounds
        assert low is not None
        assert high is not None
        assert option.default is None or low <= option.default <= high
    elif option.kind == "choice":
        assert len(option.choices) >= 2
        assert option.default in option.choices.values()
    else:
        assert option.kind in ("boolean", "text", "texts", "folders", "file", "folder")


@each
def test_conditions_name_options_and_values_that_exist(option: Option):
    for name, allowed in option.meta.applies.items():
        other = TrainingOptions.option(name)
        assert other.kind in ("choice", "boolean")
        values = (True, False) if other.kind == "boolean" else tuple(other.choices.values())
        assert set(allowed) <= set(values)


def test_names_and_keys_are_unique():
    names = [option.name for option in OPTIONS]
    assert len(set(names)) == len(names)
    keys = [(option.meta.place, option.key) for option in OPTIONS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_form_begins_short(family: str):
    options = TrainingOptions(family=family)
    shown = [o.name for o in options if not o.meta.advanced and options.applies(o.name)]
    assert 15 <= len(shown) <= 24, shown


@pytest.fixture(scope="module")
def manifest():
    return pytest.importorskip("lora_core.engines.manifest")


def test_every_key_is_the_trainers(manifest):
    levels = {Place.DATASET: "datasets", Place.SUBSET: "subsets", Place.GENERAL: "general"}
    for option in OPTIONS:
        if option.meta.place is Place.TRAIN:
            for family in option.meta.applies.get("family", FAMILIES):
                assert option.key in manifest.options(FAMILIES[family].script), (option.name, family)
        elif option.meta.place in levels:
            level = "mask_subsets" if option.key == "conditioning_data_dir" else levels[option.meta.place]
            assert option.key in manifest.dataset_keys(level), option.name


def test_defaults_of_absent_keys_are_the_trainers(manifest):
    """Each value that stands for an absent key is the one in the trainer's parser."""
    by_code = {"network_dim", "conv_alpha", "output_name", "optimizer_type"}  # None or "" in the parser
    by_code |= {"conditioning_data_dir", "offload_optimizer_nvme_path", "offload_param_nvme_path"}
    by_code |= {f"huggingface_{name}" for name in ("repo_id", "repo_type", "repo_visibility", "path_in_repo")}
    names = {"num_repeats": "dataset_repeats"}
    for name, value in TRAINER_DEFAULTS.items():
        families = TrainingOptions.option(name).meta.applies.get("family", FAMILIES)
        for family in families if name not in by_code else ():
            known = manifest.options(FAMILIES[family].script)
            assert known[names.get(name, name)].default == value, (name, family)


def test_options_without_a_default_for_absence_are_complete():
    for option in OPTIONS:
        ours = option.meta.place in (Place.OURS, Place.SCHEDULER_ARGS)
        if option.optional or option.kind in ("boolean", "texts") or ours:
            assert option.name not in TRAINER_DEFAULTS
        elif option.name not in ("image_dir", "pretrained_model_name_or_path", "resolution", "conv_dim"):
            assert option.name in TRAINER_DEFAULTS, option.name


@pytest.mark.parametrize(("family", "script"), [("sd15", "train_network"), ("sdxl", "sdxl_train_network")])
@pytest.mark.parametrize("kind", ["lora", "locon"])
def test_written_tables_pass_the_manifest(manifest, family, script, kind):
    options = TrainingOptions(family=family, network_type=kind, v_parameterization=True, loss_type="huber")
    for option in options:  # give the empty ones a value too
        if options[option.name] is None:
            low = option.bounds[0] if option.bounds else "x"
            options[option.name] = next(iter(filter(None, option.choices.values())), low)
    files = to_trainer(options)
    manifest.check_train_table(files.train, script)
    manifest.check_dataset_table(files.dataset)


def test_practice_flag_tells_what_the_practice_engine_obeys():
    """The form says beside a field that practice leaves it out: that must be true."""
    config = pytest.importorskip("lora_core.engines.practice.config")
    wrong = [
        option.name
        for option in OPTIONS
        if option.meta.place in (Place.TRAIN, Place.DATASET, Place.SUBSET, Place.GENERAL)
        and option.meta.practice != (option.key in config.OBEYED - config.NO_MATTER)
    ]
    assert wrong == []
