from __future__ import annotations

from pathlib import Path

import pytest

from lora_core.datasets.scan import DatasetScan, Picture
from lora_core.datasets.steps import count_steps
from lora_core.options import TrainingOptions


def scanned(*sizes: tuple[int, int]) -> DatasetScan:
    return DatasetScan(tuple(Picture(Path(f"{n}.png"), *size, None) for n, size in enumerate(sizes)))


SQUARES = scanned(*[(512, 512)] * 15)


def test_the_sentence_of_the_plain_case():
    count = count_steps(TrainingOptions(), SQUARES)
    assert (count.steps_per_epoch, count.epochs, count.total) == (75, 10, 750)
    assert count.sentence == "15 pictures × 10 repeats ÷ batch 2 = 75 steps an epoch, × 10 epochs = 750 steps"


def test_a_part_full_batch_counts_as_a_step():
    count = count_steps(TrainingOptions(train_batch_size=4, max_train_epochs=1), SQUARES)
    assert count.total == 38
    assert count.sentence == (
        "15 pictures × 10 repeats ÷ batch 4 = 38 steps an epoch (rounded up), × 1 epoch = 38 steps"
    )


def test_each_bucket_rounds_up_by_itself():
    mixed = scanned((512, 512), (512, 512), (1920, 1080), (1080, 1920))
    count = count_steps(TrainingOptions(num_repeats=1, train_batch_size=2, max_train_epochs=2), mixed)
    assert (count.buckets, count.steps_per_epoch, count.total) == (3, 3, 6)
    assert "(rounded up in each of 3 picture shapes)" in count.sentence
    square = count_steps(
        TrainingOptions(num_repeats=1, train_batch_size=2, max_train_epochs=2, enable_bucket=False), mixed
    )
    assert square.total == 4


def test_accumulation_rounds_up_once_an_epoch():
    count = count_steps(TrainingOptions(gradient_accumulation_steps=4), SQUARES)
    assert (count.steps_per_epoch, count.total) == (19, 190)
    assert "÷ accumulation 4 = 19 steps an epoch (rounded up)" in count.sentence


def test_epochs_win_over_steps():
    assert count_steps(TrainingOptions(max_train_steps=5), SQUARES).total == 750


@pytest.mark.parametrize(
    ("steps", "epochs", "words"),
    [
        (500, 7, "500 steps = about 6.7 epochs"),
        (150, 2, "150 steps = 2 epochs"),
        (1, 1, "1 step = less than 0.1 epochs"),
    ],
)
def test_length_in_steps(steps, epochs, words):
    count = count_steps(TrainingOptions(max_train_epochs=None, max_train_steps=steps), SQUARES)
    assert (count.total, count.epochs) == (steps, epochs)
    assert count.sentence.endswith(words)


def test_without_any_length_the_trainer_takes_its_default():
    assert count_steps(TrainingOptions(max_train_epochs=None), SQUARES).total == 1600


def test_one_of_each_is_singular():
    count = count_steps(
        TrainingOptions(num_repeats=1, train_batch_size=1, max_train_epochs=1), scanned((512, 512))
    )
    assert count.sentence == "1 picture × 1 repeat ÷ batch 1 = 1 step an epoch, × 1 epoch = 1 step"


def test_no_pictures():
    assert count_steps(TrainingOptions(), scanned()).sentence == "There are no pictures yet."
    assert (
        count_steps(TrainingOptions(max_train_epochs=None, max_train_steps=5), scanned()).steps_per_epoch == 0
    )


def test_regularization_pictures_are_used_as_often_as_the_own():
    reg = {"image_dir": "/reg", "is_reg": True}
    options = TrainingOptions(train_batch_size=4, max_train_epochs=1, more_folders=[reg])
    few, many = scanned((512, 512), (768, 512)), scanned(*[(512, 512)] * 400)
    count = count_steps(options, SQUARES, [few])
    assert (count.uses, count.reg_uses, count.buckets) == (150, 150, 2)
    assert count.batches == 57 + 19  # 150 own and 75 of the first shape, 75 of the second
    assert count_steps(options, SQUARES, [many]).reg_uses == 150
    assert count_steps(options, SQUARES, [None]).reg_uses == 0
    assert "15 pictures × 10 repeats, + 150 regularization pictures, ÷ batch 4" in count.sentence


def test_folders_of_other_sizes_are_data_sets_with_batches_of_their_own():
    more = [{"image_dir": "/a", "num_repeats": 2}, {"image_dir": "/b", "resolution": 1024, "batch_size": 1}]
    options = TrainingOptions(train_batch_size=4, max_train_epochs=1, more_folders=more)
    count = count_steps(options, SQUARES, [scanned((512, 512)), scanned((900, 900), (900, 900))])
    assert (count.pictures, count.uses, count.batches) == (18, 154, 38 + 2)
    assert count.sentence.startswith(
        "15 × 10 + 1 × 2 + 2 × 1 = 154 pictures with repeats ÷ batch 1 or 4 = 40"
    )
