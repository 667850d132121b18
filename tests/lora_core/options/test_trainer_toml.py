from __future__ import annotations

import pytest
import toml
import tomli_w

from lora_core.errors import InputError, UnknownKeyError
from lora_core.options import Place, TrainingOptions
from lora_core.options.folders import data_sets
from lora_core.options.trainer_toml import (
    PLAN_KEYS,
    TRAINER_DEFAULTS,
    TrainerFiles,
    from_trainer,
    to_trainer,
)


def back(files: TrainerFiles) -> TrainingOptions:
    return from_trainer(files.train, files.dataset, files.prompts, files.ours)


def same(one: TrainingOptions, two: TrainingOptions) -> bool:
    """Equal in value and type; further folders in what they mean, as the same can be said in two ways."""
    a, b = one.values(), two.values()
    folders = [
        [(s.resolution, s.batch_size, [dict(u.values) for u in s.folders]) for s in data_sets(o)]
        for o in (one, two)
    ]
    del a["more_folders"], b["more_folders"]
    return a == b and all(type(a[name]) is type(b[name]) for name in a) and folders[0] == folders[1]


@pytest.mark.parametrize("seed", range(100))
def test_round_trip_of_random_sets(random_options, seed):
    options = random_options(seed)
    assert same(back(to_trainer(options)), options)


def test_round_trip_of_every_edge(edge_values):
    for name, value in edge_values:
        options = TrainingOptions(**{name: value})
        assert same(back(to_trainer(options)), options), (name, value)


@pytest.mark.parametrize("seed", range(40))
def test_the_trainers_own_reader_reads_the_same(random_options, seed):
    """sd-scripts reads with the package toml 0.10, which errs on some texts; on these it must not."""
    options = random_options(seed)
    for name in ("vae", "network_weights", "training_comment", "caption_extension", "image_dir"):
        options[name] = "C:\\new x64\\é [1], #2 'a'"
    files = to_trainer(options)
    for table in (files.train, files.dataset):
        read = toml.loads(tomli_w.dumps(table))
        assert read == table
        assert {k: type(v) for k, v in read.items()} == {k: type(v) for k, v in table.items()}


def test_values_stand_where_the_trainer_looks():
    files = to_trainer(
        TrainingOptions(
            network_type="locon",
            conv_dim=8,
            conv_alpha=4,
            rank_dropout=0.1,
            unet_lr=1,
            seed=0,
            prompts=["a", "b"],
        )
    )
    assert files.train["network_module"] == "networks.lora"
    assert files.train["network_args"] == ["conv_dim=8", "conv_alpha=4.0", "rank_dropout=0.1"]
    assert files.train["text_encoder_lr"] == [1e-4]
    assert files.train["unet_lr"] == 1.0
    assert type(files.train["unet_lr"]) is float
    assert files.train["seed"] == 0
    dataset = files.dataset["datasets"][0]
    assert dataset["resolution"] == 512
    assert dataset["batch_size"] == 2
    assert dataset["subsets"][0]["caption_extension"] == ".txt"
    assert files.prompts == "a\nb\n"
    for key in (
        "resolution",
        "batch_size",
        "train_batch_size",
        "family",
        "trigger_word",
        "conv_dim",
        "prompts",
    ):
        assert key not in files.train


def test_what_has_no_meaning_is_not_written():
    plain = to_trainer(TrainingOptions(conv_dim=9))
    assert "network_args" not in plain.train
    assert plain.ours["conv_dim"] == 9
    assert "cache_text_encoder_outputs" not in plain.train
    assert "clip_skip" not in to_trainer(TrainingOptions(family="sdxl", clip_skip=2)).train
    assert to_trainer(TrainingOptions(family="sdxl")).train["cache_text_encoder_outputs"] is False


def test_none_is_absent_and_absent_is_none():
    files = to_trainer(TrainingOptions(seed=None, text_encoder_lr=None, save_precision=None))
    assert not {"seed", "text_encoder_lr", "save_precision"} & files.train.keys()
    assert back(files)["seed"] is None


def test_keys_absent_from_someones_file_have_the_trainers_defaults():
    options = from_trainer({}, {"datasets": [{"resolution": 512, "subsets": [{"image_dir": "x"}]}]})
    for name, value in TRAINER_DEFAULTS.items():
        if options.applies(name):
            assert options[name] == value, name
    assert options["sdpa"] is False
    assert options["min_snr_gamma"] is None
    assert options["enable_bucket"] is False


def test_family_and_kind_are_told_from_keys():
    assert from_trainer({"cache_text_encoder_outputs": False}, {})["family"] == "sdxl"
    options = from_trainer({"network_args": ["conv_dim=4"]}, {})
    assert options["network_type"] == "locon"
    assert options["conv_alpha"] == 1.0


def test_tables_are_flattened_and_nearer_tables_win():
    dataset = {
        "general": {"keep_tokens": 3, "shuffle_caption": True, "enable_bucket": True},
        "datasets": [
            {"resolution": 640, "keep_tokens": 2, "subsets": [{"image_dir": "x", "keep_tokens": 1}]}
        ],
    }
    options = from_trainer({"any": {"network_dim": 7}, "learning_rate": 1, "output_dir": "o"}, dataset)
    assert options["network_dim"] == 7
    assert options["keep_tokens"] == 1
    assert options["shuffle_caption"] is True
    assert options["resolution"] == 640
    assert type(options["learning_rate"]) is float


def test_optimizer_names_in_any_case():
    assert from_trainer({"optimizer_type": "adamw8BIT"}, {})["optimizer_type"] == "AdamW8bit"


def test_prompt_file_is_read_as_the_trainer_reads_it():
    assert from_trainer({}, {}, "# no\n\n  a cat \nb\n")["prompts"] == ["a cat", "b"]


@pytest.mark.parametrize(
    ("train", "dataset", "kind", "field"),
    [
        ({"netwrk_dim": 4}, {}, UnknownKeyError, "netwrk_dim"),
        ({"network_dim": "4"}, {}, InputError, "network_dim"),
        ({"network_module": "my.own"}, {}, InputError, "network_module"),
        (
            {"network_module": "lycoris.kohya", "network_args": ["algo=abba"]},
            {},
            InputError,
            "network_module",
        ),
        ({"huggingface_token": "secret"}, {}, UnknownKeyError, "huggingface_token"),
        ({"network_args": ["conv_dim"]}, {}, InputError, "network_args"),
        ({"network_args": ["conv_dim=x"]}, {}, InputError, "conv_dim"),
        ({"network_args": ["algo=loha"]}, {}, UnknownKeyError, "algo"),
        ({"text_encoder_lr": [1e-4, 2e-4]}, {}, InputError, "text_encoder_lr"),
        ({"save_model_as": "zip"}, {}, InputError, "save_model_as"),
        ({"optimizer_type": "AdamWW"}, {}, InputError, "optimizer_type"),
        ({}, {"data": []}, UnknownKeyError, "data"),
        ({}, {"datasets": {}}, InputError, "datasets"),
        ({}, {"datasets": [{"subsets": 1}]}, InputError, "subsets"),
        ({}, {"datasets": [{"resolutoin": 5}]}, UnknownKeyError, "resolutoin"),
        ({}, {"datasets": [{"image_dir": "x"}]}, UnknownKeyError, "image_dir"),
        ({}, {"datasets": [{"subsets": [{"batch_size": 5}]}]}, InputError, "train_batch_size"),
        ({}, {"datasets": [{"resolution": "512"}]}, InputError, "resolution"),
    ],
)
def test_wrong_trainer_files_are_refused(train, dataset, kind, field):
    with pytest.raises(kind) as caught:
        from_trainer(train, dataset)
    assert caught.value.field == field
    assert caught.value.remedy


def test_no_option_has_the_key_of_the_plan():
    keys = {option.key for option in TrainingOptions() if option.meta.place is Place.TRAIN}
    assert not keys & (PLAN_KEYS | {"network_module", "network_args"})


def test_further_folders_become_subsets_and_data_sets_of_their_own():
    options = TrainingOptions(
        image_dir="/main",
        num_repeats=4,
        flip_aug=True,
        keep_tokens=2,
        more_folders=[
            {"image_dir": "/reg", "is_reg": True, "keep_tokens": 0},
            {"image_dir": "/large", "resolution": 1024, "batch_size": 1, "flip_aug": False},
        ],
    )
    first, second = to_trainer(options).dataset["datasets"]
    assert [s["image_dir"] for s in first["subsets"]] == ["/main", "/reg"]
    main, reg = first["subsets"]
    assert "is_reg" not in main
    assert reg["is_reg"] is True
    assert (reg["num_repeats"], reg["keep_tokens"], reg["flip_aug"]) == (1, 0, True)
    assert (first["resolution"], first["batch_size"]) == (512, 2)
    assert (second["resolution"], second["batch_size"]) == (1024, 1)
    assert second["subsets"][0]["flip_aug"] is False
    assert second["subsets"][0]["keep_tokens"] == 2
    assert back(to_trainer(options))["more_folders"] == options["more_folders"][:1] + [
        {"image_dir": "/large", "resolution": 1024, "batch_size": 1, "flip_aug": False}
    ]


def test_the_first_folder_that_is_not_for_regularization_is_the_main_one():
    subsets = [{"image_dir": "reg", "is_reg": True}, {"image_dir": "own", "num_repeats": 3}]
    options = from_trainer({}, {"general": {"flip_aug": True}, "datasets": [{"subsets": subsets}]})
    assert (options["image_dir"], options["num_repeats"], options["flip_aug"]) == ("own", 3, True)
    assert options["more_folders"] == [{"image_dir": "reg", "is_reg": True}]


def test_a_further_folder_keeps_what_differs_from_the_main_one():
    subsets = [{"image_dir": "own", "shuffle_caption": True}, {"image_dir": "other"}]
    options = from_trainer({}, {"datasets": [{"resolution": 512, "subsets": subsets}]})
    assert options["more_folders"] == [{"image_dir": "other", "shuffle_caption": False}]
