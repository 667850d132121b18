from __future__ import annotations

import math

import pytest

from lora_core.errors import InputError, Level, StorageError, UnknownKeyError
from lora_core.options import TrainingOptions, toml_io


def same(one: TrainingOptions, two: TrainingOptions) -> bool:
    """Equal in value and in type."""
    a, b = one.values(), two.values()
    return a == b and all(type(a[name]) is type(b[name]) for name in a)


@pytest.mark.parametrize("seed", range(150))
def test_round_trip_of_random_sets(random_options, seed):
    options = random_options(seed)
    assert same(toml_io.loads(toml_io.dumps(options)), options)


def test_round_trip_of_every_edge(edge_values):
    for name, value in edge_values:
        options = TrainingOptions(**{name: value})
        assert same(toml_io.loads(toml_io.dumps(options)), options), (name, value)


def test_nothing_false_and_none_are_kept_apart():
    for value in (0, None, 42):
        back = toml_io.loads(toml_io.dumps(TrainingOptions(seed=value)))["seed"]
        assert back == value
        assert type(back) is type(value)
    for value in ("", None):
        assert (
            toml_io.loads(toml_io.dumps(TrainingOptions(training_comment=value)))["training_comment"] == value
        )
    assert toml_io.loads(toml_io.dumps(TrainingOptions(sdpa=False)))["sdpa"] is False
    assert "seed" in toml_io.dumps(TrainingOptions(seed=None)).split("]")[0]


def test_small_numbers_survive():
    for value in (1e-7, 5e-324, 0.1 + 0.2, 0.0, 1e-5):
        assert toml_io.loads(toml_io.dumps(TrainingOptions(unet_lr=value)))["unet_lr"] == value


def test_header_is_kept_and_is_no_option():
    text = toml_io.dumps(TrainingOptions(seed=3), header={"engine": "practice", "preset": {"title": "T"}})
    assert toml_io.read_header(text) == {"engine": "practice", "preset": {"title": "T"}}
    assert toml_io.loads(text) == TrainingOptions(seed=3)
    with pytest.raises(ValueError, match="surprise"):
        toml_io.dumps(TrainingOptions(), header={"surprise": 1})


def test_absent_means_default():
    assert toml_io.loads("") == TrainingOptions()
    assert toml_io.loads("[network]\nnetwork_dim = 4") == TrainingOptions(network_dim=4)


@pytest.mark.parametrize(
    ("text", "kind", "field", "part"),
    [
        ("[network]\nnetwrk_dim = 4", UnknownKeyError, "netwrk_dim", "network_dim"),
        ("[netwrk]\nnetwork_dim = 4", UnknownKeyError, "netwrk", "network"),
        ("[dataset]\nnetwork_dim = 4", UnknownKeyError, "network_dim", "[network]"),
        ("network_dim = 4", UnknownKeyError, "network_dim", "[network]"),
        ("network = 4", InputError, "network", "[network]"),
        ('[network]\nnetwork_dim = "4"', InputError, "network_dim", "1 to 1024"),
        ("[network]\nnetwork_dim = 4.0", InputError, "network_dim", "whole number"),
        ("[network]\nnetwork_dim = 1979-05-27", InputError, "network_dim", "1 to 1024"),
        ('[precision]\ncache_latents = "false"', InputError, "cache_latents", "true or false"),
        ('[saving]\nsave_model_as = "zip"', InputError, "save_model_as", "safetensors"),
        ("[steps]\nmax_train_epochs = -1", InputError, "max_train_epochs", "from 1"),
        ('unset = ["seeed"]', UnknownKeyError, "seeed", "seed"),
        ('unset = ["network_dim"]', InputError, "network_dim", "1 to 1024"),
        ('unset = "seed"', InputError, "unset", "list"),
        ('unset = ["seed"]\n[steps]\nseed = 1', InputError, "seed", "unset"),
        ("version = 99", InputError, "version", "Update"),
        ('version = "1"', InputError, "version", f"version = {toml_io.VERSION}"),
        ("version = true", InputError, "version", f"version = {toml_io.VERSION}"),
        ("[network\nx", InputError, "toml", "line"),
        ("[steps]\nseed = 1\nseed = 2", InputError, "toml", "line"),
    ],
)
def test_a_wrong_file_names_field_and_remedy(text, kind, field, part):
    with pytest.raises(kind) as caught:
        toml_io.loads(text)
    assert caught.value.field == field
    assert part in caught.value.remedy


LENIENT = [
    ("[network]\nnetwrk_dim = 4\nnetwork_alpha = 2.0", {"network_alpha": 2.0}, ["netwrk_dim"]),
    ("[netwrk]\nnetwork_dim = 4", {"network_dim": 4}, []),
    ("[dataset]\nnetwork_dim = 4", {"network_dim": 4}, []),
    ("[dataset]\nnetwork_dim = 4\n[network]\nnetwork_dim = 5", {"network_dim": 5}, []),
    ("[network]\nnetwork_dim = 5\n[steps]\nnetwork_dim = 4", {"network_dim": 5}, []),
    ("network_dim = 4", {"network_dim": 4}, []),
    ("network = 4\nnothing = {}", {}, ["network"]),
    ('[network]\nnetwork_dim = "4"\n[steps]\nseed = 1', {"seed": 1}, ["network_dim"]),
    ('[saving]\nsave_model_as = "zip"', {}, ["save_model_as"]),
    ('unset = ["seeed", "seed", "network_dim", 3]', {"seed": None}, ["seeed", "unset", "network_dim"]),
    ('unset = "seed"\n[network]\nnetwork_dim = 4', {"network_dim": 4}, ["unset"]),
    ('unset = ["seed"]\n[steps]\nseed = 1', {"seed": 1}, ["seed"]),
    ("version = 99\n[steps]\nseed = 1", {"seed": 1}, ["version"]),
    ('[previews]\nprompts = ["a", 3, "b"]', {"prompts": ["a", "b"]}, ["prompts"]),
    ("[previews]\nprompts = [3]", {}, ["prompts"]),
    ('engine = "x"\n[preset]\ntitle = "T"', {}, []),
]


@pytest.mark.parametrize(("text", "changed", "fields"), LENIENT)
def test_lenient_reading_takes_what_it_can_and_names_the_rest(text, changed, fields):
    options, problems = toml_io.loads_leniently(text)
    assert options.changed() == changed
    assert [problem.fields[0] for problem in problems] == fields
    assert all(problem.level is Level.WARNING and problem.what for problem in problems)


def test_lenient_reading_of_folders_keeps_what_can_be_used_of_each():
    text = """
    [[dataset.more_folders]]
    image_dir = "/one"
    num_repeats = "three"
    [[dataset.more_folders]]
    image_dir = "/two"
    is_reg = true
    [[dataset.more_folders]]
    suprise = 1
    """
    options, problems = toml_io.loads_leniently(text)
    assert [folder["image_dir"] for folder in options["more_folders"]] == ["/one", "/two"]
    assert options["more_folders"][1]["is_reg"] is True
    assert ["num_repeats" in problems[0].what, "suprise" in problems[1].what] == [True, True]


@pytest.mark.parametrize("seed", range(20))
def test_lenient_reading_of_a_right_file_is_the_strict_one(random_options, seed):
    options = random_options(seed)
    back, problems = toml_io.loads_leniently(toml_io.dumps(options))
    assert same(back, options)
    assert problems == []


@pytest.mark.parametrize("text", ["[network\nx", "x = " + "9" * 5000, "x = " + "[" * 50_000])
def test_what_is_no_toml_is_refused_by_both_readers(text):
    for read in (toml_io.loads, toml_io.loads_leniently):
        with pytest.raises(InputError) as caught:
            read(text)
        assert caught.value.field == "toml"


def test_infinite_number_is_refused():
    assert math.isinf(toml_io.parse("x = inf")["x"])
    with pytest.raises(InputError, match="largest value"):
        toml_io.loads("[learning]\nunet_lr = inf")


def test_load_reads_files_and_says_what_is_wrong_with_them(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf[steps]\r\nseed = 5\r\n")
    assert toml_io.load(path)["seed"] == 5
    with pytest.raises(StorageError, match="no such file"):
        toml_io.load(tmp_path / "b.toml")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StorageError) as caught:
        toml_io.load(path)
    assert str(path) in caught.value.what
