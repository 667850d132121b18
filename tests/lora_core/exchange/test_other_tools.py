"""kohya_ss, OneTrainer, LoRA files and our own files."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from lora_core.errors import InputError, StorageError, WorkbenchError
from lora_core.exchange import Imported, Outcome, read
from lora_core.options import TrainingOptions, toml_io

KOHYA: dict[str, Any] = {
    "LoRA_type": "Standard",
    "sdxl": True,
    "flux1_checkbox": False,
    "pretrained_model_name_or_path": "/models/xl.safetensors",
    "max_resolution": "1024,1024",
    "train_data_dir": "/pictures/12_cat",
    "optimizer": "Prodigy",
    "optimizer_args": "decouple=True weight_decay=0.01",
    "learning_rate": "1.0",
    "unet_lr": 1.0,
    "text_encoder_lr": 0,
    "lr_warmup": 10,
    "lr_scheduler": "cosine",
    "epoch": 8,
    "max_train_epochs": 0,
    "max_train_steps": 0,
    "train_batch_size": 4,
    "network_dim": 32,
    "network_alpha": 16,
    "conv_dim": 8,
    "noise_offset_type": "Original",
    "noise_offset": 0.05,
    "multires_noise_iterations": 6,
    "min_snr_gamma": 0,
    "max_token_length": "75",
    "xformers": "sdpa",
    "sdxl_no_half_vae": True,
    "flux1_cache_text_encoder_outputs": True,
    "stop_text_encoder_training": 0,
    "additional_parameters": '--zero_terminal_snr --training_comment "a b"',
    "huggingface_token": "",
    "num_cpu_threads_per_process": 2,
    "sample_prompts": "a cat --w 512\n# a remark\na dog",
}


def sources(found: Imported, outcome: Outcome) -> dict[str, str]:
    return {entry.source: entry.target for entry in found.of(outcome)}


def kohya(**changed: Any) -> Imported:
    return read(json.dumps({**KOHYA, **changed}))


def test_kohya_ss() -> None:
    found = kohya()
    assert found.format == "kohya_ss"
    options = found.options
    assert (options["family"], options["network_type"], options["network_dim"]) == ("sdxl", "lora", 32)
    assert (options["resolution"], options["num_repeats"]) == (1024, 12)
    assert (options["max_train_epochs"], options["max_train_steps"]) == (8, None)
    assert options["lr_warmup_steps"] == 0.1
    assert options["optimizer_args"] == ["decouple=True", "weight_decay=0.01"]
    assert options["network_train_unet_only"] is True
    assert (options["sdpa"], options["xformers"], options["no_half_vae"]) == (True, False, True)
    assert (options["noise_offset"], options["multires_noise_iterations"]) == (0.05, None)
    assert options["min_snr_gamma"] is None
    assert options["cache_text_encoder_outputs"] is False  # the ticked field belongs to FLUX
    assert (options["zero_terminal_snr"], options["training_comment"]) == (True, "a b")
    assert options["prompts"] == ["a cat --w 512", "a dog"]
    assert sources(found, Outcome.TRANSLATED)["max_resolution"] == "resolution"
    assert sources(found, Outcome.TRANSLATED)["lr_warmup"] == "lr_warmup_steps"
    assert not found.of(Outcome.UNKNOWN)


def test_kohya_ss_steps_win_where_they_are_set() -> None:
    options = kohya(max_train_steps=1500).options
    assert (options["max_train_epochs"], options["max_train_steps"]) == (None, 1500)


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Kohya LoCon", "locon"),
        ("LyCORIS/LoHa", "loha"),
        ("LyCORIS/LoKr", "lokr"),
        ("LyCORIS/iA3", "ia3"),
        ("LyCORIS/GLoRA", "glora"),
        ("LyCORIS/BOFT", "boft"),
        ("LyCORIS/Diag-OFT", "diag_oft"),
        ("LyCORIS/Native Fine-Tuning", "full"),
        ("Kohya DyLoRA", "dylora"),
        ("LoRA-FA", "lora_fa"),
    ],
)
def test_kohya_ss_kinds_of_lora(label: str, kind: str) -> None:
    assert kohya(LoRA_type=label, sdxl=False).options["network_type"] == kind


def test_kohya_ss_flux() -> None:
    options = kohya(
        sdxl=False, flux1_checkbox=True, LoRA_type="Flux1", blocks_to_swap=18, split_qkv=True
    ).options
    assert (options["family"], options["blocks_to_swap"], options["split_qkv"]) == ("flux", 18, True)
    assert options["cache_text_encoder_outputs"] is True


def test_ranks_beyond_sense_are_the_largest_here() -> None:
    found = kohya(LoRA_type="LyCORIS/LoKr", network_dim=100000)
    assert found.options["network_dim"] == 1024
    assert sources(found, Outcome.TRANSLATED)["network_dim"] == "network_dim"


@pytest.mark.parametrize(
    "secret",
    [
        {"huggingface_token": "hf_" + "q" * 30},
        {"wandb_api_key": "0123456789abcdef"},
        {"training_comment": "with hf_" + "q" * 30},
        {"additional_parameters": "--huggingface_token=topsecretvalue --seed 4"},
        {"optimizer_args": "weight_decay=0.1 api_key=topsecretvalue"},
    ],
)
def test_secrets_are_named_and_not_kept(secret: dict[str, str]) -> None:
    found = kohya(**secret)
    everything = json.dumps(found.to_dict()) + json.dumps(found.options.values(), default=str)
    for hidden in ("q" * 30, "0123456789abcdef", "topsecretvalue"):
        assert hidden not in everything
    assert [entry for entry in found.of(Outcome.DROPPED) if "secret" in entry.text]


def test_ordinary_words_are_no_secrets() -> None:
    found = kohya(keep_tokens=2, max_token_length="225")
    assert (found.options["keep_tokens"], found.options["max_token_length"]) == (2, 225)


# --- OneTrainer ---------------------------------------------------------------------------------------

ONETRAINER: dict[str, Any] = {
    "training_method": "LORA",
    "model_type": "STABLE_DIFFUSION_XL_10_BASE",
    "base_model_name": "owner/xl",
    "resolution": "1024,768",
    "learning_rate": 0.0003,
    "learning_rate_scheduler": "COSINE",
    "learning_rate_warmup_steps": 100.0,
    "epochs": 12,
    "batch_size": 3,
    "lora_rank": 24,
    "lora_alpha": 12.0,
    "lora_decompose": True,
    "train_dtype": "BFLOAT_16",
    "output_dtype": "FLOAT_16",
    "gradient_checkpointing": "ON",
    "loss_weight_fn": "MIN_SNR_GAMMA",
    "loss_weight_strength": 4.0,
    "offset_noise_weight": 0.03,
    "text_encoder": {"train": True, "learning_rate": 5e-5},
    "text_encoder_2": {"train": False},
    "optimizer": {
        "optimizer": "PRODIGY",
        "d_coef": 2.0,
        "beta1": 0.9,
        "beta2": 0.99,
        "decouple": True,
        "weight_decay": 0.01,
    },
    "ema": "GPU",
    "output_model_destination": "models/my-cat.safetensors",
    "save_every": 2,
    "save_every_unit": "EPOCH",
    "secrets": {"huggingface_token": "hf_" + "q" * 30},
    "concepts": [
        {
            "name": "cat",
            "path": "/pictures/cat",
            "balancing": 4.0,
            "text": {"enable_tag_shuffling": True, "keep_tags_count": 1},
            "image": {"enable_random_flip": True},
        },
        {"name": "off", "path": "/pictures/off", "enabled": False},
    ],
}


def test_onetrainer() -> None:
    found = read(json.dumps(ONETRAINER))
    assert found.format == "onetrainer"
    options = found.options
    assert (options["family"], options["network_type"]) == ("sdxl", "dora")
    assert (options["network_dim"], options["network_alpha"], options["resolution"]) == (24, 12.0, 1024)
    assert (options["unet_lr"], options["text_encoder_lr"]) == (3e-4, 5e-5)
    assert options["optimizer_type"] == "Prodigy"
    assert "betas=[0.9,0.99]" in options["optimizer_args"]
    assert (options["mixed_precision"], options["save_precision"]) == ("bf16", "fp16")
    assert (options["min_snr_gamma"], options["noise_offset"]) == (4.0, 0.03)
    assert (options["max_train_epochs"], options["lr_warmup_steps"]) == (12, 100)
    assert (options["image_dir"], options["num_repeats"], options["flip_aug"]) == ("/pictures/cat", 4, True)
    assert (options["output_name"], options["save_every_n_epochs"]) == ("my-cat", 2)
    dropped = sources(found, Outcome.DROPPED)
    assert {"ema", "secrets", "concept off"} <= set(dropped)
    assert "q" * 30 not in json.dumps(found.to_dict())


def test_onetrainer_concepts_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "concepts.json").write_text(json.dumps(ONETRAINER["concepts"]), "utf-8")
    data = {**ONETRAINER, "concepts": None, "concept_file_name": "training_concepts/concepts.json"}
    (tmp_path / "mine.json").write_text(json.dumps(data), "utf-8")
    assert read(tmp_path / "mine.json").options["image_dir"] == "/pictures/cat"


def test_onetrainer_family_that_cannot_be_trained() -> None:
    found = read(json.dumps({**ONETRAINER, "model_type": "QWEN"}))
    assert "model_type" in sources(found, Outcome.DROPPED)


@pytest.mark.parametrize("odd", [None, [], {}, [1, [2]], -1, "nan", 10**400, 1e300, True, "\u00e4"], ids=repr)
def test_odd_values_are_left_out_or_refused(odd: Any) -> None:
    """Whatever stands in a field, the answer is a report or an error for people."""
    for data in (KOHYA, ONETRAINER):
        for field in data:
            with contextlib.suppress(WorkbenchError):
                assert read(json.dumps({**data, field: odd})).entries


# --- LoRA files ---------------------------------------------------------------------------------------

NOTES = {
    "ss_base_model_version": "sdxl_base_v1-0",
    "ss_network_module": "lycoris.kohya",
    "ss_network_args": json.dumps({"algo": "loha", "conv_dim": "4", "conv_alpha": 1, "dropout": None}),
    "ss_network_dim": "12",
    "ss_network_alpha": "6.0",
    "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1,betas=[0.9, 0.99])",
    "ss_learning_rate": "0.0003",
    "ss_text_encoder_lr": "[6e-05, 6e-05]",
    "ss_num_epochs": "9",
    "ss_seed": "None",
    "ss_gradient_checkpointing": "True",
    "ss_sd_model_name": "/data/somebody/xl.safetensors",
    "ss_num_train_images": "40",
    "ss_max_train_steps": "360",
    "ss_datasets": json.dumps(
        [
            {
                "batch_size_per_device": 2,
                "resolution": [1024, 1024],
                "enable_bucket": True,
                "min_bucket_reso": 512,
                "subsets": [{"image_dir": "/data/somebody/10_cat", "num_repeats": 10, "keep_tokens": 1}],
            }
        ]
    ),
    "modelspec.prediction_type": "v",
}


def lora_file(path: Path, notes: dict[str, str]) -> Path:
    header = json.dumps({"__metadata__": notes}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def test_train_like_this_one(tmp_path: Path) -> None:
    found = read(lora_file(tmp_path / "named.anyhow", NOTES))
    assert found.format == "lora_file"
    options = found.options
    assert (options["family"], options["network_type"], options["conv_dim"]) == ("sdxl", "loha", 4)
    assert (options["network_dim"], options["network_alpha"]) == (12, 6.0)
    assert options["optimizer_type"] == "AdamW8bit"
    assert options["optimizer_args"] == ["weight_decay=0.1", "betas=[0.9, 0.99]"]
    assert (options["learning_rate"], options["text_encoder_lr"], options["max_train_epochs"]) == (
        3e-4,
        6e-5,
        9,
    )
    assert options["seed"] is None
    assert (options["train_batch_size"], options["num_repeats"], options["min_bucket_reso"]) == (2, 10, 512)
    assert options["v_parameterization"] is True
    assert options["gradient_checkpointing"] is True


def test_no_path_is_taken_from_a_lora_file(tmp_path: Path) -> None:
    found = read(lora_file(tmp_path / "x.safetensors", NOTES))
    assert "somebody" not in json.dumps(found.to_dict()) + json.dumps(found.options.values(), default=str)


def test_notes_of_older_trainers(tmp_path: Path) -> None:
    notes = {"ss_network_dim": "8", "ss_resolution": "(512, 512)", "ss_clip_skip": "2"}
    notes["ss_dataset_dirs"] = json.dumps({"10_cat": {"n_repeats": 10, "img_count": 20}})
    found = read(lora_file(tmp_path / "x.safetensors", notes))
    assert (found.options["family"], found.options["resolution"], found.options["num_repeats"]) == (
        "sd15",
        512,
        10,
    )
    assert "ss_network_module" not in sources(found, Outcome.TRANSLATED)


def test_lora_file_without_notes(tmp_path: Path) -> None:
    found = read(lora_file(tmp_path / "x.safetensors", {}))
    assert any("no notes" in note for note in found.notes)


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x80\x04"])
def test_pickled_files_are_refused(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "x.ckpt").write_bytes(start + bytes(40))
    with pytest.raises(InputError, match="run programs"):
        read(tmp_path / "x.ckpt")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        read(tmp_path / "x.json")


# --- our own ------------------------------------------------------------------------------------------


def test_our_own_file() -> None:
    options = TrainingOptions(network_dim=3, image_dir="/pictures")
    found = read(toml_io.dumps(options))
    assert found.format == "workbench"
    assert found.options == options
    assert found.counts()["taken"] == len(found.entries)


def test_our_own_file_with_mistakes() -> None:
    found = read('version = 1\n[network]\nnetwork_dim = "x"\nnetwork_alpha = 3.0\nnetwork_dimm = 4\n')
    assert found.options["network_alpha"] == 3.0
    assert set(sources(found, Outcome.DROPPED)) == {"network_dim"}
    assert set(sources(found, Outcome.UNKNOWN)) == {"network_dimm"}


def test_kohya_every_field_that_was_filled_in_is_in_the_report(tmp_path: Path) -> None:
    fields = {
        "LoRA_type": "LyCORIS/LoHa",
        "sdxl": True,
        "network_dim": 16,
        "unet_lr": 1,
        "text_encoder_lr": 1,
        "down_lr_weight": "1,1,1",
        "conv_dim": 8,
        "loraplus_lr_ratio": 4,
        "additional_parameters": "--zero_terminal_snr --network_train_unet_only",
        "bogus_flag": 3,
    }
    place = tmp_path / "kohya.json"
    place.write_text(json.dumps(fields), "utf-8")
    found = read(str(place))
    named = {entry.source: entry for entry in found.entries}
    assert named["down_lr_weight"].outcome is Outcome.DROPPED
    assert named["loraplus_lr_ratio"].outcome is Outcome.DROPPED
    assert named["conv_dim"].outcome is not Outcome.DROPPED
    assert "additional_parameters: zero_terminal_snr" in named
    assert named["additional_parameters: network_train_unet_only"].target == "network_train_unet_only"
    assert [e.target for e in found.entries if e.source == "text_encoder_lr"] == ["text_encoder_lr"]
    assert [e.target for e in found.entries if e.source == "unet_lr"] == ["unet_lr"]
