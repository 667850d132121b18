"""What our rules let through, the trainer accepts: random option sets through its own early checks."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import toml
from PIL import Image

from lora_core.engines.base import LaunchPlan
from lora_core.engines.sd_scripts.engine import SdScriptsEngine
from lora_core.errors import Level
from lora_core.options import Option, TrainingOptions, rules
from lora_core.options.declare import StepsOrShare
from lora_core.options.families import FAMILIES, suggestions
from lora_core.options.networks import kinds
from lora_core.options.optimizers import OPTIMIZERS, recommended, write

pytestmark = [pytest.mark.real_trainer, pytest.mark.slow]
HERE = Path(__file__).parent

DRAWS = 10
"""Option sets of each family."""

SET_BY_OTHERS = {
    "max_train_steps": "the epochs are counted in steps",
    "cache_latents": "switched on by keeping them on disk, which a note says",
    "cache_text_encoder_outputs": "as with latents",
    "fp8_base": "switched on by fp8_base_unet for FLUX.1 and SD 3",
    "gradient_checkpointing": "switched on by moving checkpoints, which a note says",
    "learning_rate": "Adafactor makes up its own, which a warning says",
    "lr_scheduler": "as with Adafactor's rate",
}
"""Arguments that the trainer may change, and why that is right."""

STEPS = 40
"""Length of the training that is planned."""

FIXED = {
    *"family optimizer_type image_dir more_folders pretrained_model_name_or_path output_name resume".split(),
    *"network_weights dim_from_weights base_weights log_with num_processes deepspeed huggingface_upload".split(),
    *"log_tracker_config metadata_thumbnail conditioning_data_dir".split(),
}
"""Options that are not drawn: paths of real things, and what needs a network, several GPUs or a package."""

TEXTS: dict[str, list[Any]] = {
    "trigger_word": ["ohwx"],
    "caption_extension": [".txt", ".caption"],
    "caption_separator": [",", ";"],
    "keep_tokens_separator": ["|||"],
    "secondary_separator": [";;"],
    "prompts": [["a cat --w 64 --h 64"], []],
    "lr_scheduler_type": ["CosineAnnealingLR", "torch.optim.lr_scheduler.ExponentialLR"],
    "lr_scheduler_args": [["T_max=20"], ["gamma=0.9"], ['step_rules="1:10,0.1:20,0.01"'], ["power=2"]],
    "block_dims": [",".join(["4"] * number) for number in (23, 25)],
    "block_alphas": [",".join(["2"] * number) for number in (23, 25)],
    "conv_block_dims": [",".join(["4"] * number) for number in (23, 25)],
    "conv_block_alphas": [",".join(["1.5"] * number) for number in (23, 25)],
    "down_lr_weight": ["cosine", "sine+.25", ",".join(["1"] * 12), ",".join(["0.5"] * 9)],
    "mid_lr_weight": ["1", "0.5,1,0"],
    "up_lr_weight": ["linear", "zeros", ",".join(["0"] * 12)],
    "train_double_block_indices": ["all", "0-1", "none"],
    "train_single_block_indices": ["all", "1", "none"],
    "train_block_indices": ["all", "0", "none"],
    "network_reg_dims": ["attn=4", "mlp=8,attn=2"],
    "network_reg_lrs": ["attn=1e-4", "mlp=1e-3"],
    "exclude_patterns": ["['.*mlp.*']"],
    "include_patterns": ["['.*attn.*']"],
    "in_dims": ["4,4,4,4,4"],
    "emb_dims": ["4,4,4,4,4,4"],
    "embedder_dims": ["4,4,4"],
    "extra_options": [["use_8bit_adam = false"]],
}
"""What is drawn for single options of free text; others get a word."""

FOLDERS: list[list[dict[str, Any]]] = [
    [{"image_dir": "reg", "is_reg": True}],
    [{"image_dir": "more", "resolution": 768, "flip_aug": True}],
    [{"image_dir": "more", "batch_size": 3, "keep_tokens": 0, "caption_dropout_rate": 0.3}],
    [{"image_dir": "more", "conditioning_data_dir": "masks"}, {"image_dir": "reg", "is_reg": True}],
    [{"image_dir": "main", "resolution": 640, "shuffle_caption": True}],
    [{"image_dir": "more", "random_crop": True, "token_warmup_step": 0.2, "alpha_mask": True}],
]
"""Further folders; their names stand under one folder with pictures."""


def _between(rng: random.Random, option: Option) -> list[Any]:
    low, high = option.bounds or (None, None)
    low, high = 0 if low is None else low, 1000 if high is None else high
    if option.kind == "integer":
        near = rng.randint(low, max(low, min(high, low + 50)))
        return [low, high, near, near, near, rng.randint(low, high)]
    if isinstance(option.parameter, StepsOrShare):  # type: ignore[arg-type]
        return [0, 1, 10, 0.05, 0.5]
    return [float(low), float(high), rng.uniform(low, min(high, 1.0)), max(low, min(1e-4, high))]


def _value(rng: random.Random, option: Option, options: TrainingOptions) -> Any:
    """One value that the declaration allows."""
    if option.optional and rng.random() < 0.15:
        return None
    if option.name == "network_type":
        return rng.choice(kinds(options["family"]))
    if option.name in TEXTS:
        return rng.choice(TEXTS[option.name])
    if option.name == "optimizer_args":
        return _arguments(rng, options["optimizer_type"])
    if option.choices:
        return rng.choice(list(option.choices.values()))
    if option.kind == "boolean":
        return not options[option.name]
    if option.kind in ("integer", "number"):
        return rng.choice(_between(rng, option))
    return "a word" if option.kind == "text" else "/nowhere/at.all"


def _arguments(rng: random.Random, name: str) -> list[str]:
    """Some arguments of an optimizer at their defaults, or what is recommended."""
    known = OPTIMIZERS.get(name)
    if known is None or not known.arguments or rng.random() < 0.4:
        return write(recommended(name)) if known else []
    names = rng.sample(sorted(known.arguments), k=min(3, len(known.arguments)))
    return write({one: known.arguments[one].default for one in names})


def draw(rng: random.Random, family: str, root: Path, optimizers: Sequence[str]) -> TrainingOptions:
    """A family's usual options with one to six of them changed, and perhaps further folders.

    Args:
        rng: where chance comes from.
        family: the model family.
        root: a folder that holds the folders ``main``, ``more``, ``reg`` and ``masks``.
        optimizers: those whose packages are installed.
    """
    options = TrainingOptions(
        pretrained_model_name_or_path="/nowhere/model.safetensors",
        image_dir=str(root / "main"),
        trigger_word="ohwx",
        **suggestions(family),
    )
    for part in FAMILIES[family].parts:
        options[part] = f"/nowhere/{part}.safetensors"
    if rng.random() < 0.4:
        options["network_type"] = rng.choice(kinds(family))
    if rng.random() < 0.4:
        name = rng.choice(optimizers)
        options.update({"optimizer_type": name, "optimizer_args": _arguments(rng, name)})
    for _ in range(rng.randint(1, 6)):
        names = [one for one in options if one.name not in FIXED and options.applies(one.name)]
        option = rng.choice(names)
        options[option.name] = _value(rng, option, options)
    if rng.random() < 0.2:
        folders = [dict(one) for one in rng.choice(FOLDERS)]
        for folder in folders:
            for key in ("image_dir", "conditioning_data_dir"):
                if key in folder:
                    folder[key] = str(root / folder[key])
        options["more_folders"] = folders
    if rng.random() < 0.1:
        options["conditioning_data_dir"] = str(root / "masks")
    return options


def settled(options: TrainingOptions, packages: Collection[str]) -> bool:
    """Whether our rules let the options through, once proposed fixes have been applied a few times."""
    for _ in range(5):
        found = rules.check(options, total_steps=STEPS, pictures=4, uses=40, gpu=False, packages=packages)
        errors = [problem for problem in found if problem.level is Level.ERROR]
        if not errors:
            return True
        if not errors[0].fix:
            return False
        options.update(errors[0].fix)
    return False


@dataclass(frozen=True)
class Attempt:
    """An option set, what was planned from it, and how far the trainer came with it."""

    options: TrainingOptions
    plan: LaunchPlan
    found: dict[str, Any]

    def table(self, name: str) -> dict[str, Any]:
        """The plan's ``train`` or ``dataset`` table."""
        return toml.loads(self.plan.files[f"plan/{name}.toml"])

    def told(self, what: object) -> str:
        """For a failed test: what was the matter, and with which options."""
        return f"{self.options.changed()}: {what}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of four pictures, and one of masks."""
    place = tmp_path_factory.mktemp("folders")
    for name in ("main", "more", "reg", "masks"):
        (place / name).mkdir()
        for number in range(4):
            Image.new("L" if name == "masks" else "RGB", (64, 64)).save(place / name / f"{number}.png")
            (place / name / f"{number}.txt").write_text("ohwx, a cat", "utf-8")
    return place


@pytest.fixture(scope="module")
def attempts(engine: SdScriptsEngine, root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Attempt]:
    """All option sets through one process of the trainer's interpreter."""
    runs = tmp_path_factory.mktemp("runs")
    packages = {name.lower() for name in engine.installation.all_packages()}
    there = sorted(
        name for name, one in OPTIMIZERS.items() if not one.package or one.package.lower() in packages
    )
    planned: list[tuple[TrainingOptions, LaunchPlan]] = []
    jobs = []
    for family in FAMILIES:
        for number in range(DRAWS):
            options = draw(random.Random(f"{family} {number}"), family, root, there)
            if not settled(options, packages):
                continue
            plan = engine.plan(options, runs / f"{family}-{number}", total_steps=STEPS)
            for name, text in plan.files.items():
                file = Path(plan.run_dir) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")
            planned.append((options, plan))
            jobs.append([FAMILIES[family].script, str(Path(plan.run_dir) / "plan" / "train.toml")])
    (runs / "jobs.json").write_text(json.dumps(jobs), "utf-8")
    found = ask(engine, runs / "jobs.json")
    return [Attempt(*one, two) for one, two in zip(planned, found, strict=True)]


def ask(engine: SdScriptsEngine, jobs: Path) -> list[dict[str, Any]]:
    """How far the trainer came with each of the files."""
    modules = Path(rules.__file__).parents[2] / "engines" / "sd_scripts" / "modules"
    path = os.pathsep.join(filter(None, (engine.extra_path, str(modules))))
    done = subprocess.run(
        [
            str(engine.installation.python),
            str(HERE / "early_checks.py"),
            str(engine.installation.checkout),
            str(jobs),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((path, str(HERE))), "OMP_NUM_THREADS": "1"},
        cwd=engine.installation.checkout,
        capture_output=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    text = done.stdout.decode("utf-8")
    found: list[dict[str, Any]] = json.loads(text[text.index("[{") :])
    return found


@pytest.mark.timeout(600)
def test_the_trainer_refuses_nothing_that_our_rules_let_through(attempts: list[Attempt]) -> None:
    assert len(attempts) > 0.9 * DRAWS * len(FAMILIES), "the draws would say little if few were let through"
    assert [one.told(one.found["error"]) for one in attempts if one.found["error"]] == []
    whole = [one for one in attempts if not one.found["cut"]]
    assert len(whole) > 0.9 * len(attempts), "most get as far as the schedule"
    assert [one.told("nothing would learn") for one in whole if not one.found["learning"]] == []


def test_the_trainer_reads_the_values_that_were_set(attempts: list[Attempt]) -> None:
    for one in attempts:
        parsed = one.found["parsed"]
        for key, value in one.table("train").items():
            assert parsed[key] == value, one.told(key)
            assert type(parsed[key]) is type(value), one.told(key)
        assert set(one.found["changed"]) <= set(SET_BY_OTHERS), one.told(one.found["changed"])


def test_the_trainer_makes_the_folders_that_were_set(attempts: list[Attempt]) -> None:
    compared: set[str] = set()
    for one in attempts:
        if not one.found["data"]:
            assert one.found["cut"]
        tables, made = one.table("dataset")["datasets"], one.found["data"]
        assert len(tables) == len(made), one.told(made)
        for table, data_set in zip(tables, made, strict=True):
            assert data_set["width"] == data_set["height"] == table["resolution"]
            assert len(table["subsets"]) == len(data_set["subsets"])
            for asked, got in zip(table["subsets"], data_set["subsets"], strict=True):
                shared = {key for key in asked if key in got}
                compared |= shared
                assert {key: got[key] for key in shared} == {key: asked[key] for key in shared}, one.told(got)
    assert compared >= {"image_dir", "num_repeats", "keep_tokens", "caption_extension", "flip_aug", "is_reg"}
