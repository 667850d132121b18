"""Every option is explained, bounded and known to the trainer."""

from __future__ import annotations

import re

import pytest

from lora_core.options import Option, Place, TrainingOptions
from lora_core.options.families import FAMILIES
from lora_core.options.groups.folder import FOLDER_OPTIONS
from lora_core.options.trainer_toml import TRAINER_DEFAULTS, to_trainer

OPTIONS = list(TrainingOptions())
COMPLETE_GROUPS = {
    "base_model",
    "parts",
    "dataset",
    "captions",
    "folder",
    "steps",
    "learning",
    "optimizer",
    "previews",
    "saving",
}
"""Groups whose explanations are whole: usual values, costs, how it works."""

COSTLY = {
    "family",
    "pretrained_model_name_or_path",
    "max_token_length",
    "clip_l",
    "t5xxl",
    "text_encoder",
    "t5xxl_max_token_length",
    "gemma2_max_token_length",
    "qwen3_max_token_length",
    "t5_max_token_length",
    "more_folders",
    "num_repeats",
    "resolution",
    "batch_size",
    "is_reg",
    "shuffle_caption",
    "caption_dropout_rate",
    "caption_tag_dropout_rate",
    "token_warmup_step",
    "flip_aug",
    "color_aug",
    "random_crop",
    "enable_bucket",
    "bucket_reso_steps",
    "bucket_no_upscale",
    "alpha_mask",
    "cache_info",
    "train_batch_size",
    "max_train_epochs",
    "max_train_steps",
    "gradient_accumulation_steps",
    "max_data_loader_n_workers",
    "persistent_data_loader_workers",
    "network_train_unet_only",
    "network_train_text_encoder_only",
    "optimizer_type",
    "prompts",
    "sample_every_n_epochs",
    "sample_every_n_steps",
    "sample_at_first",
    "sample_sampler",
    "sample_batch_size",
    "save_every_n_epochs",
    "save_every_n_steps",
    "save_last_n_epochs",
    "save_precision",
    "save_state",
    "save_state_on_train_end",
}
"""Options that change memory, time, disk space or file size."""

ALL = [*OPTIONS, *FOLDER_OPTIONS.values()]
COMPLETE = [option for option in ALL if option.group in COMPLETE_GROUPS]
complete = pytest.mark.parametrize("option", COMPLETE, ids=lambda option: f"{option.group}.{option.name}")
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


def test_complete_groups_and_costly_options_exist():
    assert {option.group for option in ALL} >= COMPLETE_GROUPS
    assert {option.name for option in ALL} >= COSTLY


@complete
def test_usual_values_are_told(option: Option):
    if option.kind in ("integer", "number", "choice"):
        assert option.meta.typical
    for where, value in option.meta.typical.items():
        assert where.strip() == where != ""
        assert value.strip() == value != ""


@complete
def test_what_it_costs_is_told(option: Option):
    if option.name in COSTLY:
        assert option.meta.cost.endswith(".")


@complete
def test_how_it_works_is_told(option: Option):
    assert option.meta.deep.endswith(".")
    assert "!" not in option.meta.deep + option.meta.cost


@complete
def test_numbers_tell_when_to_change_them(option: Option):
    if option.kind in ("integer", "number") and option.name != "seed":  # no seed is better than another
        words = f"{option.doc} {option.meta.more}".lower()
        assert re.search(r"\b(raise|lower|larger|higher|more|use \d)\b", words), option.doc


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
            assert option.key in manifest.dataset_keys(levels[option.meta.place]), option.name


def test_defaults_of_absent_keys_are_the_trainers(manifest):
    """Each value that stands for an absent key is the one in the trainer's parser."""
    by_code = {"network_dim", "conv_alpha", "output_name", "optimizer_type"}  # None or "" in the parser
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


COMPLETE_GROUPS = {
    "compute",
    "flow",
    "logging",
    "lycoris",
    "memory",
    "network",
    "network_kinds",
    "network_parts",
    "noise",
    "notes",
    "precision",
    "resuming",
    "validation",
}
"""Groups whose explanations are complete, and have to stay so."""

COMPLETE = [option for option in OPTIONS if option.group in COMPLETE_GROUPS]
each_complete = pytest.mark.parametrize("option", COMPLETE, ids=lambda option: option.name)

COSTLY = """
    network_type network_dim conv_dim scale_weight_norms dylora_unit enable_all_linear enable_conv split_qkv
    train_t5xxl train_llm_adapter ggpo_sigma base_weights lycoris_preset lokr_factor decompose_both full_matrix
    lycoris_dora use_tucker train_norm bypass_mode block_dims conv_block_dims block_lr_zero_threshold
    train_double_block_indices train_single_block_indices train_block_indices train_blocks network_reg_dims
    exclude_patterns include_patterns in_dims emb_dims embedder_dims img_attn_dim refiner_dim mixed_precision
    full_fp16 full_bf16 fp8_base gradient_checkpointing cache_latents cache_latents_to_disk vae_batch_size
    cache_text_encoder_outputs sdpa xformers no_half_vae lowram blocks_to_swap cpu_offload_checkpointing
    unsloth_offload_checkpointing fp8_base_unet fp8_scaled fp8_vl text_encoder_cpu
    cache_text_encoder_outputs_to_disk text_encoder_batch_size skip_cache_check attn_mode split_attn
    use_flash_attn use_sage_attn mem_eff_attn vae_chunk_size vae_disable_cache highvram
    disable_mmap_load_safetensors enable_scaled_pos_embed validation_split validate_every_n_epochs
    validate_every_n_steps max_validation_steps save_last_n_steps save_last_n_epochs_state
    save_last_n_steps_state skip_until_initial_step metadata_thumbnail log_with num_processes
    ddp_gradient_as_bucket_view ddp_static_graph torch_compile dynamo_backend
""".split()
"""Options of these groups that change memory, time, disk or file size."""

NEITHER_MORE_NOR_LESS = {"validation_seed", "initial_epoch", "initial_step"}
"""Numbers that only name something: raising or lowering them makes nothing better or worse."""


def test_the_complete_groups_exist():
    assert {option.group for option in OPTIONS} >= COMPLETE_GROUPS


@each_complete
def test_usual_values_are_given(option: Option):
    """For every number, choice and switch: families or goals in plain words, and a value for each."""
    if option.kind in ("integer", "number", "choice", "boolean"):
        assert option.meta.typical
    for where, value in option.meta.typical.items():
        assert where.strip() == where != ""
        assert value.strip() == value != ""
        assert not value.endswith(".")


@each_complete
def test_a_number_says_when_to_change_it(option: Option):
    if option.kind in ("integer", "number") and option.name not in NEITHER_MORE_NOR_LESS:
        assert re.search(r"\braise\b", option.doc, re.IGNORECASE), option.doc
        assert re.search(r"\blower\b", option.doc, re.IGNORECASE), option.doc


@each_complete
def test_it_says_how_it_works_and_where_to_read_on(option: Option):
    assert option.meta.deep.endswith(".")
    assert option.meta.deep != option.doc
    assert option.meta.link.startswith("https://")


@each_complete
def test_longer_texts_are_whole_sentences(option: Option):
    for text in (option.meta.more, option.meta.cost, option.meta.deep):
        if text:
            assert text[-1] in ".?", text
            assert "  " not in text
            assert "!" not in text


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_something_says_so(name: str):
    option = TrainingOptions.option(name)
    assert option.group in COMPLETE_GROUPS
    assert option.meta.cost.endswith(".")
