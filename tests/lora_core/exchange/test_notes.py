"""Notes of LoRA files as old trainers wrote them, and as other programs show them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lora_core.exchange import Imported, Outcome, read

OLD: dict[str, Any] = {
    "ss_cache_latents": "True",
    "ss_color_aug": "False",
    "ss_dataset_dirs": {"6_fox": {"n_repeats": 6, "img_count": 40}},
    "ss_enable_bucket": "False",
    "ss_flip_aug": "True",
    "ss_gradient_accumulation_steps": "1",
    "ss_keep_tokens": "None",
    "ss_learning_rate": "0.0002",
    "ss_lr_scheduler": "constant",
    "ss_max_bucket_reso": "None",
    "ss_max_token_length": "None",
    "ss_max_train_steps": "240",
    "ss_min_bucket_reso": "None",
    "ss_network_alpha": "16.0",
    "ss_network_dim": "32",
    "ss_network_module": "networks.lora",
    "ss_num_batches_per_epoch": "120",
    "ss_num_epochs": "2",
    "ss_reg_dataset_dirs": {},
    "ss_resolution": "(512, 512)",
    "ss_shuffle_caption": "False",
    "ss_total_batch_size": "2",
    "ss_v2": "False",
}
"""The names that the trainer noted in early 2023. Tables stand open, as image generators show them."""


def notes(**changed: Any) -> Imported:
    return read(json.dumps({**OLD, **changed}))


@pytest.mark.parametrize("form", [dict, json.dumps])
def test_notes_of_an_old_file(form: Any) -> None:
    found = notes(ss_dataset_dirs=form(OLD["ss_dataset_dirs"]))
    assert found.format == "lora_file"
    options = found.options
    assert (options["network_dim"], options["network_alpha"], options["learning_rate"]) == (32, 16.0, 2e-4)
    assert (options["num_repeats"], options["train_batch_size"], options["resolution"]) == (6, 2, 512)
    assert (options["flip_aug"], options["enable_bucket"], options["keep_tokens"]) == (True, False, 0)
    assert options["max_train_epochs"] == 2
    assert not found.of(Outcome.DROPPED)
    assert not found.of(Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("steps", "epochs", "accumulated", "expected"),
    [
        ("240", "2", "1", (2, None)),
        ("60", "2", "4", (2, None)),
        ("200", "2", "1", (None, 200)),
        ("7", "1", "1", (None, 7)),
    ],
)
def test_length_is_epochs_only_if_they_were_whole(
    steps: str, epochs: str, accumulated: str, expected: tuple[int | None, int | None]
) -> None:
    options = notes(
        ss_max_train_steps=steps, ss_num_epochs=epochs, ss_gradient_accumulation_steps=accumulated
    ).options
    assert (options["max_train_epochs"], options["max_train_steps"]) == expected


def test_dropout_among_the_arguments_of_lycoris() -> None:
    arguments = json.dumps({"algo": "loha", "dropout": "0.3"})
    found = notes(ss_network_module="lycoris.kohya", ss_network_args=arguments)
    assert (found.options["network_type"], found.options["network_dropout"]) == ("loha", 0.3)
    assert not found.of(Outcome.UNKNOWN)
    again = notes(ss_network_args=json.dumps({"dropout": 0.1}), ss_network_dropout="0.1")
    assert again.options["network_dropout"] == 0.1
    assert not again.of(Outcome.UNKNOWN)


def test_a_general_rate_alone_holds_for_both_parts() -> None:
    without = {key: value for key, value in OLD.items() if key not in ("ss_unet_lr", "ss_text_encoder_lr")}
    found = read(json.dumps({**without, "ss_learning_rate": "0.0001"})).options
    assert found["learning_rate"] == 1e-4
    assert (found["unet_lr"], found["text_encoder_lr"]) == (None, None)
