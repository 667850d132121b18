"""The trainer's own settings: TOML, dataset TOML, command line; HollowStrawberry and Easy Training Scripts."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lora_core.errors import InputError
from lora_core.exchange import Imported, Outcome, read
from lora_core.options import schedules
from lora_core.options.optimizer_table import OMITTED_OF_FORK, OPTIMIZERS

TRAINING = """
[network_arguments]
unet_lr = 0.0003
text_encoder_lr = 6e-5
network_dim = 8
network_module = "networks.lora"
network_args = ["conv_dim=4", "conv_alpha=1"]

[optimizer_arguments]
learning_rate = 0.0003
lr_scheduler = "cosine_with_restarts"
lr_warmup_steps = 26
optimizer_type = "adamw8BIT"
optimizer_args = ["weight_decay=0.1", "betas=[0.9,0.99]"]

[training_arguments]
pretrained_model_name_or_path = "/models/pony.safetensors"
max_train_epochs = 10
train_batch_size = 3
no_half_vae = true
no_such_setting = 5

[saving_arguments]
output_name = "cat"
output_dir = "/content/out"
wandb_api_key = "abcdef0123456789"
"""
DATASET = """
[[datasets]]
[[datasets.subsets]]
num_repeats = 12
image_dir = "/content/cats"
[[datasets.subsets]]
num_repeats = 2
image_dir = "/content/dogs"
is_reg = true
flip_aug = true

[general]
resolution = 1024
shuffle_caption = true
keep_tokens = 1
caption_extension = ".txt"
"""


def entry(found: Imported, source: str) -> tuple[str, str]:
    """Outcome and target of what a setting became."""
    for one in found.entries:
        if one.source == source:
            return one.outcome.value, one.target
    raise AssertionError(f"{source} is not in the report: {[one.source for one in found.entries]}")


@pytest.mark.parametrize("given", ["training_config.toml", "dataset_config.toml"])
def test_hollowstrawberrys_two_files_belong_together(tmp_path: Path, given: str) -> None:
    (tmp_path / "training_config.toml").write_text(TRAINING, "utf-8")
    (tmp_path / "dataset_config.toml").write_text(DATASET, "utf-8")
    found = read(tmp_path / given)
    assert found.format == "hollowstrawberry"
    options = found.options
    assert (options["family"], options["network_type"], options["conv_dim"]) == ("sdxl", "locon", 4)
    assert (options["network_dim"], options["unet_lr"], options["text_encoder_lr"]) == (8, 3e-4, 6e-5)
    assert (options["image_dir"], options["num_repeats"], options["resolution"]) == (
        "/content/cats",
        12,
        1024,
    )
    assert options["shuffle_caption"] is True
    assert options["train_batch_size"] == 3
    assert options["more_folders"] == [
        {"image_dir": "/content/dogs", "is_reg": True, "num_repeats": 2, "flip_aug": True}
    ]
    assert options["lr_warmup_steps"] == 26
    assert isinstance(options["lr_warmup_steps"], int)


def test_what_became_of_each_setting_is_said() -> None:
    found = read(TRAINING, beside=DATASET)
    assert entry(found, "network_dim") == ("taken", "network_dim")
    assert entry(found, "optimizer_type") == ("translated", "optimizer_type")
    assert found.options["optimizer_type"] == "AdamW8bit"
    assert entry(found, "no_such_setting") == ("unknown", "")
    assert entry(found, "output_dir") == ("dropped", "")
    assert all(one.text.endswith(".") for one in found.entries)
    assert sum(found.counts().values()) == len(found.entries)


def test_what_is_left_out_is_as_the_trainer_would_have_it() -> None:
    options = read(TRAINING, beside=DATASET).options
    assert options["network_alpha"] == 1.0  # ours is 8
    assert options["min_snr_gamma"] is None
    assert options["gradient_checkpointing"] is False
    assert options["mixed_precision"] == "no"
    assert options["max_train_steps"] is None


def test_a_dataset_toml_alone() -> None:
    found = read(DATASET)
    assert found.format == "sd_scripts"
    assert found.options["image_dir"] == "/content/cats"
    assert found.options["train_batch_size"] == 1


def test_sizes_of_any_form() -> None:
    def size(text: str) -> int:
        value: int = read(f"network_dim = 4\nresolution = {text}\n").options["resolution"]
        return value

    assert size('"768"') == size('"768,768"') == size("[768, 768]") == 768
    assert size('"768,512"') == 640  # the square of the same area, in steps of 64


def test_parent_folder_with_repeats_in_its_names(tmp_path: Path) -> None:
    for name in ("10_cat", "3_dog", "notes"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
    (tmp_path / "x.toml").write_text('network_dim = 4\ntrain_data_dir = "pictures"\n', "utf-8")
    options = read(tmp_path / "x.toml").options
    assert options["image_dir"] == str(tmp_path / "pictures" / "10_cat")
    assert options["num_repeats"] == 10
    assert [one["num_repeats"] for one in options["more_folders"]] == [3]


def test_dataset_named_in_the_main_file_is_found_beside_it(tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text(DATASET, "utf-8")
    (tmp_path / "t.toml").write_text('network_dim = 4\ndataset_config = "/elsewhere/d.toml"\n', "utf-8")
    assert read(tmp_path / "t.toml").options["num_repeats"] == 12


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ('network_module = "networks.lora_flux"', "flux"),
        ('gemma2 = "g"', "lumina"),
        ('byt5 = "b"', "hunyuan_image"),
        ('qwen3 = "q"', "anima"),
        ('clip_g = "c"', "sd3"),
        ("v2 = true", "sd2"),
        ('pretrained_model_name_or_path = "ponyV6.safetensors"', "sdxl"),
        ("cache_text_encoder_outputs = true", "sdxl"),
        ("clip_skip = 2", "sd15"),
    ],
)
def test_family_is_told_from_what_only_it_has(key: str, family: str) -> None:
    assert read(f"network_dim = 4\n{key}\n").options["family"] == family


def test_v_prediction_names_the_line_of_models() -> None:
    options = read(
        'network_dim = 4\npretrained_model_name_or_path = "NoobXL.safetensors"\nv_parameterization = true\n'
    )
    assert options.options["model_variant"] == "noobai_vpred"


@pytest.mark.parametrize(
    ("module", "arguments", "kind"),
    [
        ("lycoris.kohya", ["algo=loha"], "loha"),
        ("lycoris.kohya", ["algo=locon", "dora_wd=True"], "dora"),
        ("lycoris.kohya", ["algo=diag-oft", "constraint=0.1"], "diag_oft"),
        ("networks.lokr", ["factor=4"], "lokr"),
        ("networks.dylora", ["unit=4"], "dylora"),
        ("networks.lora_fa", [], "lora_fa"),
        ("networks.lora", ["conv_dim=0"], "lora"),
    ],
)
def test_kinds_of_networks(module: str, arguments: list[str], kind: str) -> None:
    found = read(f'network_module = "{module}"\nnetwork_args = {arguments}\nlearning_rate = 1e-4\n')
    assert found.options["network_type"] == kind
    assert not found.of(Outcome.UNKNOWN)


def test_unknown_network_leaves_the_kind_and_says_so() -> None:
    found = read('network_module = "mine.special"\nlearning_rate = 1e-4\n')
    assert found.options["network_type"] == "lora"
    assert entry(found, "network_module")[0] == "dropped"


# --- command lines ------------------------------------------------------------------------------------

BASH = r"""
#!/bin/bash
MODEL="/models/sd xl.safetensors"
accelerate launch --num_cpu_threads_per_process 2 sd-scripts/sdxl_train_network.py \
  --pretrained_model_name_or_path="$MODEL" --network_dim=16 \
  --optimizer_args "weight_decay=0.1" 'betas=[0.9,0.99]' \
  --text_encoder_lr 5e-5 5e-5 --cache_latents --learning_rate 1e-4 \
  --resolution=1024,1024 --output_name "$NAME" --max_train_epochs 4
"""
POWERSHELL = r"""
accelerate launch .\sdxl_train_network.py `
  --pretrained_model_name_or_path "D:\my models\new.safetensors" `
  --train_data_dir D:\pictures\6_cat\ --network_dim 16 `
  --cache_latents
"""
CMD = POWERSHELL.replace("`", "^")


def test_bash_command_line() -> None:
    found = read(BASH)
    assert found.format == "command_line"
    options = found.options
    assert options["family"] == "sdxl"
    assert options["pretrained_model_name_or_path"] == "/models/sd xl.safetensors"
    assert options["optimizer_args"] == ["weight_decay=0.1", "betas=[0.9,0.99]"]
    assert (options["text_encoder_lr"], options["learning_rate"]) == (5e-5, 1e-4)
    assert (options["cache_latents"], options["resolution"]) == (True, 1024)
    assert entry(found, "output_name")[0] == "dropped"  # $NAME is not set in the text


@pytest.mark.parametrize("text", [POWERSHELL, CMD], ids=["PowerShell", "cmd"])
def test_windows_command_lines(text: str) -> None:
    options = read(text).options
    assert options["pretrained_model_name_or_path"] == "D:\\my models\\new.safetensors"
    assert options["num_repeats"] == 6
    assert options["network_dim"] == 16
    assert options["cache_latents"] is True


def test_flags_without_a_script() -> None:
    assert read("--network_dim 4 --seed 7 --unheard_of 3").options["seed"] == 7


def test_nothing_in_a_text_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    read(f"touch {mark}; train_network.py --network_dim $(touch {mark}) --seed `touch {mark}`")
    assert not mark.exists()


# --- LoRA Easy Training Scripts -----------------------------------------------------------------------

EASY = """
[[subsets]]
name = "cat"
image_dir = "/pictures/cat"
num_repeats = 5
shuffle_caption = true
caption_extension = ".txt"

[general_args.args]
pretrained_model_name_or_path = "/models/xl.safetensors"
sdxl = true
max_train_steps = 2000
[general_args.dataset_args]
resolution = [1024, 1024]
batch_size = 2
[network_args.args]
network_dim = 8
network_alpha = 4.0
[network_args.args.network_args]
algo = "lokr"
factor = 8
down_lr_weight = [1, 1, 0.5]
[optimizer_args.args]
optimizer_type = "LoraEasyCustomOptimizer.came.CAME"
lr_scheduler = "cosine"
learning_rate = 1e-4
warmup_ratio = 0.05
[optimizer_args.args.optimizer_args]
weight_decay = "0.04"
[saving_args.args]
save_toml = true
"""


def test_easy_training_scripts() -> None:
    found = read(EASY)
    assert found.format == "easy_training"
    options = found.options
    assert (options["family"], options["network_type"], options["lokr_factor"]) == ("sdxl", "lokr", 8)
    assert (options["resolution"], options["train_batch_size"], options["num_repeats"]) == (1024, 2, 5)
    assert options["optimizer_type"].endswith("CAME")
    assert options["optimizer_args"] == ["weight_decay=0.04"]
    assert options["lr_warmup_steps"] == 0.05
    assert options["down_lr_weight"] == "1,1,0.5"
    assert entry(found, "save_toml")[0] == "dropped"
    assert "name" not in " ".join(one.source for one in found.of(Outcome.UNKNOWN))


def test_its_rex_schedule_becomes_ours() -> None:
    kind = "RexAnnealingWarmRestarts"
    text = EASY.replace(
        'lr_scheduler = "cosine"', f'lr_scheduler_type = "LoraEasyCustomOptimizer.{kind}.{kind}"'
    )
    text += "[optimizer_args.args.lr_scheduler_args]\nmin_lr = 1e-6\ngamma = 0.8\nd = 0.7\n"
    text += "first_cycle_max_steps = 500\nwarmup_steps = 50\n"
    assert read(text.partition("first_cycle")[0]).options["lr_warmup_steps"] == 0.05
    options = read(text).options
    assert options["lr_scheduler"] == "rex_warm_restarts"
    assert (options["restart_gamma"], options["restart_rex_d"]) == (0.8, 0.7)
    assert options["restart_first_steps"] == 500
    assert options["lr_warmup_steps"] == 0.1


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        # Derrian's page
        ("AdamW", "AdamW"),
        ("AdamW8bit", "AdamW8bit"),
        ("Lion", "Lion"),
        ("SGDNesterov", "SGDNesterov"),
        ("SGDNesterov8bit", "SGDNesterov8bit"),
        ("DAdaptAdam", "DAdaptAdam"),
        ("DAdaptAdaGrad", "DAdaptAdaGrad"),
        ("DAdaptAdan", "DAdaptAdan"),
        ("DAdaptSGD", "DAdaptSGD"),
        ("AdaFactor", "Adafactor"),
        ("Prodigy", "Prodigy"),
        ("Came", "pytorch_optimizer.CAME"),
        ("came_pytorch.CAME.CAME", "pytorch_optimizer.CAME"),
        ("Compass", "LoraEasyCustomOptimizer.compass.Compass"),
        ("LPFAdamW", "LoraEasyCustomOptimizer.lpfadamw.LPFAdamW"),
        ("RMSProp", "LoraEasyCustomOptimizer.rmsprop.RMSProp"),
        ("RAdamScheduleFree", "RAdamScheduleFree"),
        # the fork's, by name and by class
        ("AdaBelief", "LoraEasyCustomOptimizer.adabelief.AdaBelief"),
        ("adopt", "LoraEasyCustomOptimizer.adopt.ADOPT"),
        ("StableSPAM", "LoraEasyCustomOptimizer.spam.StableSPAM"),
        ("fmarscropv2exmachina", "LoraEasyCustomOptimizer.fmarscrop.FMARSCropV2ExMachina"),
        ("AdamW_adv", "adv_optm.optim.AdamW_adv.AdamW_adv"),
        ("simplified_ademamix", "adv_optm.optim.Simplified_AdEMAMix.Simplified_AdEMAMix"),
        ("Simplified_AdEMAMix_adv", "adv_optm.optim.Simplified_AdEMAMix.Simplified_AdEMAMix"),
        ("simplifiedademamix", "LoraEasyCustomOptimizer.ademamix.SimplifiedAdEMAMix"),
        ("prodigyplusschedulefree", "prodigyplus.ProdigyPlusScheduleFree"),
        ("LoraEasyCustomOptimizer.scorn.SCORN", "LoraEasyCustomOptimizer.scorn.SCORN"),
        ("laprop", "pytorch_optimizer.LaProp"),
    ],
)
def test_every_name_of_its_page_is_understood(written: str, taken: str) -> None:
    found = read(EASY.replace("LoraEasyCustomOptimizer.came.CAME", written))
    assert found.options["optimizer_type"] == taken
    assert "dropped" not in [one.outcome.value for one in found.entries if one.source == "optimizer_type"]


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_each_of_its_package_is_understood_by_class_and_by_name(name: str) -> None:
    one = OPTIMIZERS[name]
    if not name.startswith("LoraEasy") and one.package != "adv-optm":
        return
    for written in (name, name.rpartition(".")[2].lower()):
        options = read(EASY.replace("LoraEasyCustomOptimizer.came.CAME", written)).options
        assert options["optimizer_type"] in (name, "pytorch_optimizer.CAME" if written == "came" else name)


@pytest.mark.parametrize("written", ["AdamW8bitKahan", "LoraEasyCustomOptimizer.adam.AdamW4bitAO"])
def test_what_cannot_run_is_left_out_with_the_reason(written: str) -> None:
    found = read(EASY.replace("LoraEasyCustomOptimizer.came.CAME", written))
    (one,) = [one for one in found.entries if one.source == "optimizer_type"]
    assert one.outcome is Outcome.DROPPED
    assert one.text == OMITTED_OF_FORK[written.rpartition(".")[2]]


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("cosine_annealing_warm_restarts_(CAWR)", "cosine_warm_restarts"),
        ("cosine annealing warm restarts (CAWR)", "cosine_warm_restarts"),
        ("cosine_annealing_warmup_restarts", "cosine_warm_restarts"),
        ("rex_annealing_warm_restarts_(RAWR)", "rex_warm_restarts"),
        ("rex", "rex_warm_restarts"),
        ("cosine_with_restarts", "cosine_with_restarts"),
        ("constant_with_warmup", "constant_with_warmup"),
        ("warmup_stable_decay", "warmup_stable_decay"),
    ],
)
def test_its_names_of_schedules_are_understood(written: str, ours: str) -> None:
    found = read(EASY.replace('lr_scheduler = "cosine"', f'lr_scheduler = "{written}"'))
    assert found.options["lr_scheduler"] == ours
    assert not found.options["lr_scheduler_type"]
    assert found.options["lr_warmup_steps"] == 0.05


def test_the_forks_single_cosine_is_the_same_curve() -> None:
    text = EASY.replace('lr_scheduler = "cosine"', 'lr_scheduler = "CosineAnnealingLR"')
    options = read(text + "[optimizer_args.args.lr_scheduler_args]\nmin_lr = 2e-5\n").options
    curve = schedules.curve(options, 40)["unet"]
    torchs = [2e-5 + (1e-4 - 2e-5) * (1 + math.cos(math.pi * step / 40)) / 2 for step in range(40)]
    assert curve[:40] == pytest.approx(torchs)
    assert read(text).options["restart_min_lr"] == 1e-8


@pytest.mark.parametrize("text", ["", "{}", "[a]\nb = 1\n", "hello\nworld", '{"a": 1}', "{", "x =\ny"])
def test_what_is_of_no_kind_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read(text)


def test_unknown_hint_is_refused() -> None:
    with pytest.raises(InputError, match="kohya_ss"):
        read(TRAINING, hint="kohya")
