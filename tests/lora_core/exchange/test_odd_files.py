"""Files that are damaged, of another kind or strangely written; nothing in them is ever run."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import pytest

from lora_core.errors import InputError, WorkbenchError
from lora_core.exchange import Imported, Outcome, read, to_kohya_ss, to_trainer_files, to_workbench

TOML = 'network_dim = 12\nlearning_rate = 1e-4\noutput_name = "cat"\n'
TOKEN = "hf_" + "q" * 30
KEY = "0123456789abcdef" * 2 + "01234567"


def said(found: Imported, source: str) -> str:
    """What the report says of a setting."""
    return next(entry.text for entry in found.entries if entry.source == source)


def lora(path: Path, notes: dict[str, str]) -> Path:
    """A LoRA file without tensors."""
    head = json.dumps({"__metadata__": notes}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head)
    return path


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts_as_windows_writes_them(tmp_path: Path, coding: str) -> None:
    (tmp_path / "a.toml").write_bytes(TOML.encode(coding))
    assert read(tmp_path / "a.toml").options["network_dim"] == 12


def test_other_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes((TOML + 'training_comment = "猫"\n').encode("cp932"))
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.toml")
    assert "UTF-8" in caught.value.why
    assert "save it as UTF-8" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.json", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture"),
        ("b.toml", b"PK\x03\x04" + b"\0" * 50, "archive"),
        ("c.safetensors", b"\x80\x02}q\x00." + b"\0" * 50, "archive"),
    ],
)
def test_other_kinds_of_file_are_told_apart(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    assert word in caught.value.why


@pytest.mark.parametrize(
    "text",
    [
        '{"LoRA_type":' + "[" * 900 + "]" * 900 + ',"max_resolution":"5"}',
        ".".join(["a"] * 3_000) + " = 1\nnetwork_dim = 3\n",
        "\0",
        "",
    ],
    ids=["deep list", "deep table", "zero sign", "empty"],
)
def test_strange_text_is_refused_and_not_a_crash(text: str) -> None:
    with pytest.raises(WorkbenchError):
        read(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "word"),
    [
        (".".join(["a"] * 50_000) + " = 1\nnetwork_dim = 3\n", "line 1"),
        ("network_dim = 3\n[" + ".".join(["a"] * 50_000) + "]\nb = 1\n", "line 2"),
        ("x = {" + " . ".join(["'a b'"] * 50_000) + " = 1}\nnetwork_dim = 3\n", "line 1"),
        ("network_dim = 3\n" + "# a remark\n" * 300_000, "characters"),
    ],
    ids=["name", "heading", "inline", "long"],
)
def test_a_text_that_takes_minutes_is_refused_at_once(text: str, word: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InputError) as caught:
        read(text)
    assert "too large or too deep" in caught.value.what
    assert word in caught.value.why
    assert time.perf_counter() - start < 10


def test_many_dots_in_a_prompt_are_no_name() -> None:
    text = TOML + f'sample_prompts = "a{". b" * 500}"\ntraining_comment = "{"1." * 300}"\n'
    assert read(text).options["network_dim"] == 12


def test_a_path_as_windows_copies_it(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(TOML, "utf-8")
    assert read(f'"{tmp_path / "a.toml"}"').options["network_dim"] == 12


def test_a_name_that_stands_twice_is_reported() -> None:
    text = '{"LoRA_type":"Standard","max_resolution":"512,512","network_dim":8,"network_dim":16}'
    found = read(text)
    assert found.options["network_dim"] == 16
    assert any("network_dim" in note and "twice" in note for note in found.notes)


def test_odd_notes_cost_only_themselves(tmp_path: Path) -> None:
    notes = {
        "ss_network_dim": "8",
        "ss_datasets": json.dumps([{"subsets": [1, 2]}, {"subsets": 5}]),
        "ss_dataset_dirs": json.dumps({"a": {"n_repeats": "x"}}),
        "ss_text_encoder_lr": "[bad",
    }
    found = read(lora(tmp_path / "a.safetensors", notes))
    assert found.options["network_dim"] == 8
    assert [entry.source for entry in found.of(Outcome.DROPPED)] == ["ss_text_encoder_lr"]


def test_repeats_that_are_no_number_count_as_none(tmp_path: Path) -> None:
    notes = {"ss_network_dim": "8", "ss_dataset_dirs": json.dumps({"a": {"n_repeats": "x"}})}
    assert read(lora(tmp_path / "a.safetensors", notes)).options["network_dim"] == 8


def test_comments_and_ends_of_a_command() -> None:
    text = (
        "python train_network.py --network_dim 12 \\\n  # --seed 5 \\\n"
        '  --unet_lr 2e-4 --output_name "my cat" # note\n'
    )
    options = read(text).options
    assert (options["network_dim"], options["unet_lr"], options["output_name"]) == (12, 2e-4, "my cat")
    assert options["seed"] != 5
    assert read("python train_network.py --network_dim 12 --seed 3; echo --seed 9").options["seed"] == 3


def test_nothing_in_a_command_is_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    text = f"python train_network.py --network_dim 12 --seed $(touch {made}) --unet_lr `touch {made}`"
    found = read(text)
    assert "variable or a command" in said(found, "seed")
    assert found.options["network_dim"] == 12
    assert not made.exists()


def test_hash_and_semicolon_stay_in_arguments() -> None:
    text = 'network_dim = 12\noptimizer_type = "AdamW"\noptimizer_args = "a=1;2 #b=3"\n'
    assert read(text).options["optimizer_args"] == ["a=1;2", "#b=3"]


PLANTED = {
    "sd_scripts": TOML
    + f'huggingface_token = "{TOKEN}"\nwandb_api_key = "{KEY}"\nsample_prompts = "{TOKEN}"\n',
    "hollowstrawberry": (
        "[network_arguments]\nnetwork_dim = 12\n[optimizer_arguments]\nlearning_rate = 1.0\n"
        f'[training_arguments]\nseed = 1\n[saving_arguments]\nwandb_api_key = "{KEY}"\noutput_name = "{TOKEN}"\n'
    ),
    "easy_training": (
        '[general_args.args]\npretrained_model_name_or_path = "m"\n'
        f'[logging_args.args]\nwandb_api_key = "{KEY}"\nhuggingface_token = "{TOKEN}"\n'
    ),
    "command_line": (
        f"export WANDB_API_KEY={KEY}\naccelerate launch train_network.py --network_dim 12 "
        f"--wandb_api_key $WANDB_API_KEY --huggingface_token={TOKEN} --sample_prompts {TOKEN}"
    ),
    "kohya_ss": json.dumps(
        {
            "LoRA_type": "Standard",
            "max_resolution": "512,512",
            "wandb_api_key": KEY,
            "huggingface_token": TOKEN,
            "sample_prompts": f"a cat {TOKEN}",
            "additional_parameters": f"--wandb_api_key {KEY} --huggingface_token={TOKEN}",
        }
    ),
    "onetrainer": json.dumps(
        {
            "training_method": "LORA",
            "model_type": "STABLE_DIFFUSION_15",
            "lora_rank": 12,
            "learning_rate": 1e-4,
            "secrets": {"huggingface_token": TOKEN},
            "optimizer": {"optimizer": "ADAMW"},
        }
    ),
    "lora_file": json.dumps(
        {"ss_network_dim": "12", "ss_huggingface_token": TOKEN, "ss_training_comment": f"made with {TOKEN}"}
    ),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_comes_out_nowhere(kind: str) -> None:
    found = read(PLANTED[kind])
    assert found.format == kind
    written = [to_workbench(found.options, with_paths=True), to_kohya_ss(found.options, with_paths=True)]
    written += to_trainer_files(found.options, with_paths=True, total_steps=100).values()
    everything = "\n".join([json.dumps(found.to_dict(), default=str), *written])
    assert TOKEN not in everything
    assert KEY not in everything
