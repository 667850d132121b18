from __future__ import annotations

import pytest

from lora_core.errors import Level, Problem
from lora_core.options import TrainingOptions
from lora_core.options.rules import RULES, check

E, W, N = Level.ERROR, Level.WARNING, Level.NOTE


def found(field: str, problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.fields[0] == field]


CASES = [
    # field, level, options that break the rule
    ("trigger_word", N, {}),
    ("keep_tokens", W, {"trigger_word": "ohwx", "keep_tokens": 0}),
    ("caption_extension", E, {"caption_extension": ""}),
    ("caption_extension", E, {"caption_extension": "txt"}),
    ("bucket_reso_steps", E, {"bucket_reso_steps": 32}),
    ("bucket_reso_steps", E, {"family": "sdxl", "resolution": 1024, "bucket_reso_steps": 48}),
    ("min_bucket_reso", E, {"min_bucket_reso": 1024, "max_bucket_reso": 512}),
    ("min_bucket_reso", E, {"resolution": 128}),
    ("min_bucket_reso", E, {"min_bucket_reso": 32}),
    ("max_bucket_reso", E, {"resolution": 2048}),
    ("resolution", W, {"resolution": 500}),
    ("resolution", E, {"resolution": 500, "enable_bucket": False}),
    ("resolution", W, {"family": "sdxl"}),
    ("color_aug", E, {"color_aug": True}),
    ("random_crop", E, {"random_crop": True, "cache_latents": False, "cache_latents_to_disk": True}),
    (
        "cache_text_encoder_outputs",
        E,
        {"family": "sdxl", "cache_text_encoder_outputs": True, "network_train_unet_only": True},
    ),
    (
        "cache_text_encoder_outputs",
        E,
        {"family": "sdxl", "cache_text_encoder_outputs": True, "shuffle_caption": False},
    ),
    (
        "cache_text_encoder_outputs",
        E,
        {
            "family": "sdxl",
            "cache_text_encoder_outputs": True,
            "network_train_unet_only": True,
            "shuffle_caption": False,
            "caption_dropout_rate": 0.1,
        },
    ),
    ("max_train_epochs", E, {"max_train_epochs": None}),
    ("max_train_steps", N, {"max_train_steps": 5}),
    ("persistent_data_loader_workers", E, {"max_data_loader_n_workers": 0}),
    (
        "network_train_text_encoder_only",
        E,
        {"network_train_unet_only": True, "network_train_text_encoder_only": True},
    ),
    ("unet_lr", E, {"unet_lr": 0, "text_encoder_lr": 0}),
    ("unet_lr", E, {"unet_lr": None, "text_encoder_lr": None, "learning_rate": 0}),
    ("unet_lr", E, {"unet_lr": 0, "network_train_unet_only": True}),
    ("unet_lr", W, {"optimizer_type": "Prodigy"}),
    ("text_encoder_lr", W, {"optimizer_type": "DAdaptAdam", "network_train_text_encoder_only": True}),
    ("unet_lr", W, {"optimizer_type": "Prodigy", "unet_lr": 1.0, "text_encoder_lr": 0.5}),
    ("unet_lr", W, {"unet_lr": 0.5}),
    ("learning_rate", W, {"unet_lr": None, "learning_rate": 0.5}),
    ("lr_warmup_steps", E, {"lr_scheduler": "constant"}),
    ("lr_warmup_steps", W, {"max_train_epochs": None, "max_train_steps": 50, "lr_warmup_steps": 50}),
    ("optimizer_args", E, {"optimizer_type": "Adafactor"}),
    ("optimizer_args", W, {"optimizer_type": "Adafactor", "lr_warmup_steps": 0}),
    ("optimizer_args", E, {"optimizer_args": ["weight_decay 0.1"]}),
    ("optimizer_args", E, {"optimizer_args": ["mode=fast"]}),
    ("optimizer_args", E, {"optimizer_args": ["a=b=1"]}),
    ("optimizer_args", E, {"optimizer_args": [""]}),
    ("optimizer_type", N, {"optimizer_type": "AdamW8bit"}),
    ("network_alpha", W, {"network_alpha": 17}),
    ("network_alpha", N, {"network_alpha": 0}),
    ("conv_alpha", W, {"network_type": "locon", "conv_alpha": 9}),
    ("network_type", N, {"conv_dim": 4}),
    ("dim_from_weights", E, {"dim_from_weights": True}),
    ("full_fp16", E, {"full_fp16": True, "mixed_precision": "no"}),
    ("full_bf16", E, {"full_bf16": True}),
    ("full_bf16", E, {"full_bf16": True, "full_fp16": True}),
    ("fp8_base", E, {"fp8_base": True, "mixed_precision": "no"}),
    ("no_half_vae", W, {"family": "sdxl"}),
    ("sdpa", W, {"xformers": True}),
    ("save_every_n_epochs", N, {"save_every_n_epochs": 11}),
    ("save_every_n_steps", N, {"max_train_epochs": None, "max_train_steps": 9, "save_every_n_steps": 10}),
    ("save_last_n_epochs", N, {"save_last_n_epochs": 2, "save_every_n_epochs": None}),
    ("sample_every_n_epochs", W, {"prompts": ["a"], "sample_every_n_epochs": None}),
    ("sample_every_n_epochs", W, {"prompts": ["a"], "sample_every_n_epochs": 11}),
    (
        "sample_every_n_steps",
        W,
        {
            "prompts": ["a"],
            "sample_every_n_epochs": None,
            "sample_every_n_steps": 10,
            "max_train_epochs": None,
            "max_train_steps": 9,
        },
    ),
    ("prompts", E, {"prompts": ["a", " "]}),
    ("prompts", E, {"prompts": ["a\nb"]}),
    ("prompts", E, {"prompts": ["# a"]}),
    ("prompts", E, {"prompts": [" a"]}),
    ("prompts", W, {"prompts": ["a cat"], "trigger_word": "ohwx"}),
    ("v_parameterization", W, {"v_parameterization": True}),
    ("zero_terminal_snr", W, {"zero_terminal_snr": True}),
    ("noise_offset", W, {"noise_offset": 0.05, "multires_noise_iterations": 6}),
    ("adaptive_noise_scale", E, {"adaptive_noise_scale": 0.01}),
    ("debiased_estimation_loss", W, {"debiased_estimation_loss": True}),
    ("min_timestep", E, {"min_timestep": 500, "max_timestep": 500}),
    ("min_timestep", E, {"min_timestep": 600, "max_timestep": 300}),
]


@pytest.mark.parametrize(("field", "level", "values"), CASES)
def test_a_rule_is_broken_and_its_fix_settles_it(field, level, values):
    options = TrainingOptions(**values)
    problems = found(field, check(options))
    assert level in [problem.level for problem in problems]
    for problem in problems:
        assert problem.what.endswith(".")
        assert problem.why
        assert problem.remedy
        assert all(name in options.values() for name in problem.fields)
        options.update(problem.fix)
    fixable = {problem.what for problem in problems if problem.fix}
    assert not fixable & {problem.what for problem in found(field, check(options))}


def test_every_rule_is_broken_by_some_case():
    """So that no rule is dead: each yields a problem for at least one case."""
    from lora_core.options.rules.registry import Facts

    cases = [Facts(TrainingOptions(**values)) for _, _, values in CASES]
    cases.append(Facts(TrainingOptions(output_name="")))
    assert [rule.__name__ for rule in RULES if not any(list(rule(facts)) for facts in cases)] == []


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a/b", "separator"),
        ("a\\b", "separator"),
        ("..", "dot"),
        ("../x", "separator"),
        ("C:x", "separator"),
        ("my lora", "space"),
        ("a\tb", "space"),
        ("cat🐱", "🐱"),
        ("é", "é"),
        ("a\x00b", "\\x00"),
        ("CON", "reserved"),
        ("con.v1", "reserved"),
        ("lpt9", "reserved"),
        (".hidden", "dot"),
        ("-x", "hyphen"),
        ("x.", "dot"),
        ("a" * 101, "longer"),
        ('a"b', '"'),
        ("a*", "*"),
    ],
)
def test_a_bad_name_is_refused_with_a_good_one_at_hand(name, part):
    options = TrainingOptions(output_name=name)
    (problem,) = found("output_name", check(options))
    assert problem.level is E
    assert part in problem.what
    assert repr(name) in problem.what
    options.update(problem.fix)
    assert not found("output_name", check(options))


@pytest.mark.parametrize("name", ["my-lora", "a", "Cat_v1.2", "7", "_x", "console", "a" * 100])
def test_a_good_name_passes(name):
    assert not found("output_name", check(TrainingOptions(output_name=name)))


def test_defaults_have_no_error_and_no_warning():
    assert [problem for problem in check(TrainingOptions()) if problem.level is not N] == []
    assert check(TrainingOptions(trigger_word="ohwx")) == []


def test_good_combinations_pass():
    prodigy = TrainingOptions(
        trigger_word="ohwx", optimizer_type="Prodigy", unet_lr=1, text_encoder_lr=1, lr_scheduler="cosine"
    )
    assert check(prodigy) == []
    style = TrainingOptions(
        family="sdxl",
        resolution=1024,
        no_half_vae=True,
        cache_text_encoder_outputs=True,
        network_train_unet_only=True,
        shuffle_caption=False,
        keep_tokens=0,
    )
    assert check(style) == []
    assert check(TrainingOptions(keep_tokens=0, color_aug=True, cache_latents=False)) == []
    # without buckets their settings do not matter
    assert check(TrainingOptions(keep_tokens=0, enable_bucket=False, bucket_reso_steps=1)) == []


def test_counted_steps_are_used():
    options = TrainingOptions(trigger_word="ohwx", lr_warmup_steps=100)
    assert check(options) == []
    assert check(options, total_steps=1000) == []
    assert [p.fields[0] for p in check(options, total_steps=100)] == ["lr_warmup_steps"]


def test_errors_come_first():
    levels = [problem.level for problem in check(TrainingOptions(output_name="", xformers=True))]
    assert levels == [E, W, N]


@pytest.mark.parametrize("seed", range(60))
def test_checking_never_fails_or_changes_anything(random_options, seed):
    options = random_options(seed)
    before = options.values()
    for problem in check(options, total_steps=seed or None):
        options.copy().update(problem.fix)
    assert options.values() == before
