from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from PIL import Image

from lora_core.engines.practice import data
from lora_core.engines.practice.config import DatasetSettings, Subset
from lora_core.errors import InputError, StorageError


def settings(folder: Path, **values: object) -> DatasetSettings:
    subset = Subset(str(folder), caption_extension=".txt", num_repeats=3)
    return DatasetSettings((subset,), **values)  # type: ignore[arg-type]


def item(caption: str, **values: object) -> data.Item:
    return data.Item(Path("a.png"), caption, Subset("folder", **values), (64, 64), (64, 64))  # type: ignore[arg-type]


def test_batches_hold_every_picture_as_often_as_it_repeats(dataset: Path) -> None:
    found = data.Data((settings(dataset, batch_size=4),), seed=1)
    batches = found.batches(1)
    assert [len(batch) for batch in batches] == [4] * 12
    names = [one.path.name for batch in batches for one in batch]
    assert found.train_images == 48
    assert all(names.count(name) == 3 for name in set(names))


def test_order_depends_on_seed_and_epoch_only(dataset: Path) -> None:
    def order(seed: int, epoch: int) -> list[str]:
        made = data.Data((settings(dataset, batch_size=2),), seed)
        return [one.path.name for batch in made.batches(epoch) for one in batch]

    assert order(1, 1) == order(1, 1)
    assert order(1, 1) != order(1, 2)
    assert order(1, 1) != order(2, 1)


def test_buckets_keep_sizes_apart(tmp_path: Path) -> None:
    for number, size in enumerate([(64, 64), (128, 64), (64, 128), (130, 66)]):
        Image.new("RGB", size).save(tmp_path / f"{number}.png")
    chosen = settings(tmp_path, batch_size=8, enable_bucket=True, min_bucket_reso=32, bucket_reso_steps=8)
    batches = data.Data((chosen,), seed=1).batches(1)
    assert all(len({one.size for one in batch}) == 1 for batch in batches)
    sizes = {one.path.name: one.size for batch in batches for one in batch}
    assert sizes["0.png"] == (64, 64)
    assert sizes["1.png"] == (88, 40) == sizes["3.png"]
    assert sizes["2.png"] == (40, 88)


def test_bucket_larger_than_the_training_size_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(InputError) as caught:
        data.Data((settings(tmp_path, enable_bucket=True),), seed=1)
    assert caught.value.field == "min_bucket_reso"


def test_no_upscale_leaves_small_pictures_and_shrinks_large_ones() -> None:
    chosen = settings(Path("x"), enable_bucket=True, bucket_no_upscale=True, bucket_reso_steps=8)
    assert data.bucket_of(50, 40, chosen) == ((50, 40), (48, 40))
    scaled, size = data.bucket_of(400, 200, chosen)
    assert size == scaled == (80, 40)


def test_empty_folder_says_no_data(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InputError, match="No data found"):
        data.Data((settings(tmp_path),), seed=1)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        data.Data((settings(tmp_path / "away"),), seed=1)
    assert str(tmp_path / "away") in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_broken_picture_is_named(tmp_path: Path, content: bytes) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.png"):
        data.Data((settings(tmp_path),), seed=1)


def test_truncated_picture_is_named_when_it_is_read(tmp_path: Path) -> None:
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    noise.save(tmp_path / "cut.png")
    whole = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    found = data.Data((settings(tmp_path),), seed=1)
    with pytest.raises(InputError, match=r"cut\.png"):
        found.cache(vae=None)


def test_caption_keeps_its_first_tags_and_shuffles_the_rest() -> None:
    one = item("zibbit, red, blue, green, big", shuffle_caption=True, keep_tokens=1)
    texts = {data.caption(one, 1, random.Random(n)) for n in range(20)}
    assert len(texts) > 5
    assert all(text.startswith("zibbit, ") and sorted(text.split(", ")) == ["big", "blue", "green", "red", "zibbit"]
               for text in texts)  # fmt: skip


def test_caption_is_dropped_at_its_rate() -> None:
    one = item("zibbit", caption_dropout_rate=0.25)
    dropped = sum(data.caption(one, 1, random.Random(n)) == "" for n in range(400))
    assert 60 < dropped < 140


def test_caption_is_dropped_every_so_many_epochs() -> None:
    one = item("zibbit", caption_dropout_every_n_epochs=2)
    assert [data.caption(one, epoch, random.Random(0)) for epoch in (1, 2, 3, 4)] == [
        "zibbit",
        "",
        "zibbit",
        "",
    ]


def test_prefix_and_suffix_stand_around_the_caption() -> None:
    assert data.caption(item("cat", caption_prefix="a", caption_suffix="b"), 1, random.Random(0)) == "a cat b"


def test_tags_are_counted_by_folder(tmp_path: Path) -> None:
    for name, text in (("a", "Red, big"), ("b", "red")):
        Image.new("RGB", (64, 64)).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.txt").write_text(text)
    assert data.Data((settings(tmp_path),), 1).tag_frequency() == {tmp_path.name: {"red": 2, "big": 1}}


@pytest.mark.parametrize(("repeats", "uses"), [(1, [16, 16, 16]), (20, [20, 20, 20]), (60, [60, 0, 0])])
def test_regularization_pictures_are_used_as_often_as_the_others(dataset, tmp_path, repeats, uses) -> None:
    for number in range(3):
        Image.new("RGB", (64, 64)).save(tmp_path / f"{number}.png")
    own = Subset(str(dataset), caption_extension=".txt", num_repeats=3)
    reg = Subset(str(tmp_path), num_repeats=repeats, is_reg=True)
    found = data.Data((DatasetSettings((own, reg), batch_size=4),), seed=1)
    assert [item.uses for item in found.items[0] if item.subset.is_reg] == uses
    assert (found.train_images, found.reg_images) == (48, 3 * repeats)
    batches = found.batches(1)
    flags = torch.cat([found_reg(found, batch) for batch in batches])
    assert int(flags.sum()) == sum(uses)


def found_reg(found: data.Data, items: tuple[data.Item, ...]) -> torch.Tensor:
    for one in items:
        one.latents = [torch.zeros(4, 8, 8)]
    return found.batch(items, 1, 0).reg
