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
