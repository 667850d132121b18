"""What the trainer would get from a foreign file, it gets from what was read of it, or the report says why not."""

from __future__ import annotations

import random
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from lora_core.engines import manifest, planning
from lora_core.engines.manifest import TrainerOption
from lora_core.exchange import Imported, Outcome, read
from lora_core.options.families import FAMILIES

TOGETHER = 12
"""Options of the trainer in one file: enough to meet each other, few enough for many to have an effect."""
OF_PLAN = ("config_file", "dataset_config", "output_dir", "logging_dir", "sample_prompts", "network_module")
WORDS = ("cat", "my cat", "x_1")
BY_CODE = {
    "network_dim": 4,
    "output_name": "last",
    "optimizer_type": "AdamW",
    "log_with": "tensorboard",
    "max_token_length": 75,
}
"""What the trainer takes where its parser's default is nothing."""
NEUTRAL_ARGUMENTS = ("conv_alpha=1.0",)
"""Arguments of a network that mean the same as their absence."""
OLD_NAMES = {
    "caption_extension": ("caption_extention",),
    "optimizer_type": ("use_8bit_adam", "use_lion_optimizer"),
}


def one_value(rng: random.Random, option: TrainerOption) -> Any:
    """A value that the trainer's parser would take."""
    if option.choices:
        return rng.choice([choice for choice in option.choices if choice is not None])
    kinds: dict[str, Any] = {
        "bool": rng.random() < 0.8,
        "int": rng.choice([0, 1, 2, 8, 64, 256, rng.randint(1, 2000)]),
        "float": rng.choice([0.0, 0.1, 1.0, 5.0, 1e-5, round(rng.random(), 4)]),
        "int_or_float": rng.choice([0, 100, 0.25]),
    }
    return kinds.get("float" if option.type == "number" else option.type, rng.choice(WORDS))


def value(rng: random.Random, option: TrainerOption) -> Any:
    if option.name in ("network_args", "lr_scheduler_args", "optimizer_args"):
        return [f"{rng.choice(['conv_dim', 'rank_dropout', 'xyz'])}={rng.choice(['2', '0.5'])}"]
    if option.name == "resolution":
        return rng.choice(["512", "768,768", "640,512"])
    return [one_value(rng, option) for _ in range(2)] if option.many else one_value(rng, option)


def tables(family: str, seed: int) -> Iterator[dict[str, Any]]:
    """Main tables that together have every option of a family's script once."""
    rng = random.Random(f"{family} {seed}")
    known = manifest.options(FAMILIES[family].script)
    names = [name for name in known if name != "config_file"]
    rng.shuffle(names)
    for at in range(0, len(names), TOGETHER):
        table = {name: value(rng, known[name]) for name in names[at : at + TOGETHER]}
        if family == "sd2":
            table["v2"] = True
        elif family == "sd15":
            table.pop("v2", None)
        yield table


def as_command(table: dict[str, Any], script: str) -> str:
    words = ["accelerate", "launch", f"{script}.py"]
    for name, given in table.items():
        if given is False:
            continue
        words.append(manifest.options(script)[name].flags[0])
        if given is not True:
            words += [shlex.quote(str(one)) for one in (given if isinstance(given, list) else [given])]
    return " ".join(words)


def planned(found: Imported) -> dict[str, Any]:
    """The trainer's arguments after it has read the plan's two files."""
    train, dataset, _ = planning.tables(found.options, Path("/run"), total_steps=100)
    first = dataset["datasets"][0]
    merged = {**train, **dataset.get("general", {}), **first, **first["subsets"][0]}
    names = {"batch_size": "train_batch_size", "num_repeats": "dataset_repeats"}
    return {names.get(key, key): one for key, one in merged.items()}


def settled(name: str, given: Any, default: Any) -> Any:
    """A value in the form in which equal ones are equal: the trainer's default for none, whole paths."""
    given = default if given is None else given
    given = BY_CODE.get(name, given) if given in (None, "") else given
    if isinstance(given, (list, tuple)):
        return [settled("", one, None) for one in given if one not in NEUTRAL_ARGUMENTS] or None
    if name == "resolution":
        return str(given).replace(" ", "").split(",")[0]
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return Path(given).name.lower() if isinstance(given, str) and given else given or None
    return float(given)


def said(found: Imported, name: str) -> bool:
    """Whether the report says of a setting that it is not simply taken."""
    entries = [
        e for e in found.entries if name in (e.source, *e.source.split(".")[:1], *e.source.split(": "))
    ]
    return any(entry.outcome is not Outcome.TAKEN for entry in entries)


def faults(table: dict[str, Any], found: Imported, family: str) -> list[str]:
    known = manifest.options(FAMILIES[family].script)
    got = planned(found)
    wrong = [] if found.options["family"] == family else [f"family {found.options['family']}"]
    for name in known:
        given, default = table.get(name), known[name].default
        if name in OF_PLAN and given is None:
            continue
        pair = settled(name, given, default), settled(name, got.get(name), default)
        if name == "resolution" and given is None:
            continue
        if pair[0] != pair[1] and not any(said(found, one) for one in (name, *OLD_NAMES.get(name, ()))):
            wrong.append(f"{name}: {pair[0]!r} became {pair[1]!r}")
    return wrong


@pytest.mark.parametrize("form", ["TOML", "command"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_trainer_gets_the_same_arguments(family: str, form: str) -> None:
    script = FAMILIES[family].script
    for table in tables(family, seed=1):
        text = f"# {script}.py\n{tomli_w.dumps(table)}" if form == "TOML" else as_command(table, script)
        found = read(text)
        assert faults(table, found, family) == [], text


# --- picture folders ------------------------------------------------------------------------------------

SKIPPED = (
    "image_dir",
    "is_reg",
    "custom_attributes",
    "face_crop_aug_range",
    "class_tokens",
    "network_multiplier",
)
"""Keys of the dataset file that no option holds, or that are written for every folder."""
ARGPARSE = {"batch_size": "train_batch_size", "num_repeats": "dataset_repeats"}
"""Key of the dataset file -> what the main table calls it, where that differs."""
NOTHING = {"caption_separator": ",", "token_warmup_min": 1, "token_warmup_step": 0, "cache_info": False}
"""What the trainer takes where neither file has the key and its parser has nothing either."""


def some(rng: random.Random, level: str, share: float) -> dict[str, Any]:
    """Some settings of one table of the dataset file, of the right types."""
    found: dict[str, Any] = {}
    for key, word in manifest.dataset_keys(level).items():
        if key in SKIPPED or key.startswith("validation") or rng.random() > share:
            continue
        found[key] = {
            "bool": rng.random() < 0.5,
            "int": rng.choice([1, 2, 5]),
            "number": rng.choice([0.0, 0.25]),
            "int-or-pair": rng.choice([512, 768]),
            "str": rng.choice(["a", ".b"]),
        }[word]
        if key == "resize_interpolation":
            found[key] = rng.choice(["lanczos", "area"])
    for key in ("min_bucket_reso", "max_bucket_reso", "bucket_reso_steps"):
        if key in found:
            found[key] *= 64
    return found


def dataset_file(rng: random.Random) -> dict[str, Any]:
    numbers = iter(range(9))
    datasets = [
        {
            **some(rng, "datasets", 0.2),
            "subsets": [
                {
                    **some(rng, "subsets", 0.2),
                    "image_dir": f"/p/{next(numbers)}",
                    **({"is_reg": True} if rng.random() < 0.3 else {}),
                }
                for _ in range(rng.randint(1, 2))
            ],
        }
        for _ in range(rng.randint(1, 2))
    ]
    return {"general": some(rng, "general", 0.2), "datasets": datasets}


def per_folder(main: dict[str, Any], dataset: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Folder -> the settings that the trainer has for it: of its own table, else of an outer one."""
    known = manifest.options("train_network")
    found = {}
    for one in dataset["datasets"]:
        for subset in one["subsets"]:
            merged = {**dataset.get("general", {}), **one, **subset}
            values: dict[str, Any] = {"is_reg": bool(subset.get("is_reg"))}
            for key in (*manifest.dataset_keys("datasets"), "alpha_mask"):
                if key in SKIPPED or key.startswith("validation"):
                    continue
                name = ARGPARSE.get(key, key)
                spare = known[name].default if name in known else None
                value = merged.get(key, main.get(name, spare))
                value = NOTHING.get(key, value) if value is None else value
                values[key] = value or None
            if not values["enable_bucket"]:
                values = {key: value for key, value in values.items() if "bucket" not in key}
            found[subset["image_dir"]] = values
    return found


def test_each_folder_gets_the_same_settings() -> None:
    rng = random.Random(5)
    for _ in range(60):
        dataset = dataset_file(rng)
        main = {"network_dim": 8, "resolution": 640, "caption_extension": ".txt"}
        main |= {
            key: value
            for key, value in some(rng, "subsets", 0.1).items()
            if key in manifest.options("train_network")
        }
        if rng.random() < 0.5:
            main["train_batch_size"] = 3
        text = "# train_network.py\n" + tomli_w.dumps(main)
        found = read(text, beside=tomli_w.dumps(dataset))
        train, planned_set, _ = planning.tables(found.options, Path("/run"), total_steps=100)
        wanted, got = per_folder(main, dataset), per_folder(train, planned_set)
        told = " ".join(f"{e.source}: {e.text}" for e in found.entries if e.outcome is Outcome.DROPPED)
        for folder, values in wanted.items():
            assert folder in got, (folder, dataset)
            wrong = {
                key: (value, got[folder].get(key))
                for key, value in values.items()
                if value != got[folder].get(key)
                and not (key in told or ("bucket" in key and "enable_bucket" in told))
            }
            assert not wrong, (folder, wrong, main, dataset, found.options["more_folders"])
