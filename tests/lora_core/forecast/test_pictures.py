from __future__ import annotations

from collections.abc import Callable

from lora_core.datasets.buckets import Buckets
from lora_core.datasets.scan import DatasetScan
from lora_core.datasets.steps import fill_data_sets
from lora_core.forecast import buckets_picture, place
from lora_core.forecast.pictures import fitted
from lora_core.options import TrainingOptions

Make = Callable[..., TrainingOptions]
Scanned = Callable[..., DatasetScan]


def test_what_is_cut_off_in_the_middle() -> None:
    rule = Buckets(512)
    assert fitted((1024, 1024), (512, 512), rule) == (0.0, 0.5)
    assert fitted((2000, 1000), (512, 512), rule) == (50.0, 0.512)
    cropped, scale = fitted((300, 256), (512, 512), rule)
    assert (round(cropped, 1), scale) == (14.7, 2.0)


def test_small_pictures_are_left_alone_on_request() -> None:
    rule = Buckets(512, no_upscale=True)
    assert rule.size_for(300, 200) == (256, 192)
    cropped, scale = fitted((300, 200), (256, 192), rule)
    assert scale == 1.0
    assert cropped == round(100 * (1 - 256 * 192 / 60000), 2)
    assert fitted((2048, 2048), (512, 512), rule) == (0.0, 0.25)


def test_buckets_with_their_pictures(options: Make, scanned: Scanned) -> None:
    chosen = options(num_repeats=3, train_batch_size=2)
    scans = [scanned((512, 512), (1000, 1000), (100, 100), (1500, 900), (900, 1600))]
    filled = fill_data_sets(chosen, scans[0])
    found = buckets_picture(chosen, filled, scans)
    assert [one.pictures for one in found] == [3, 1, 1]
    square = found[0]
    assert (square.size, square.uses, square.batches) == ((512, 512), 9, 5)
    assert (square.mean_crop, square.worst_crop, square.enlarged) == (0.0, 0.0, 1)
    assert [one.path.name for one in square.most_enlarged] == ["2.png"]
    assert square.most_enlarged[0].scale == 5.12
    assert square.most_cropped == ()
    assert sum(one.uses for one in found) == sum(filled[0].uses.values())
    for one in found:
        assert 0 <= one.mean_crop <= one.worst_crop < 30


def test_data_sets_are_kept_apart(options: Make, scanned: Scanned) -> None:
    chosen = options(more_folders=[{"image_dir": "b", "resolution": 256}, {"image_dir": "c", "is_reg": True}])
    scans = [scanned((512, 512)), scanned((512, 512), (512, 512)), scanned((600, 600))]
    filled = fill_data_sets(chosen, scans[0], scans[1:])
    found = buckets_picture(chosen, filled, scans)
    assert [(one.data_set, one.size, one.pictures) for one in found] == [
        (0, (512, 512), 2),
        (1, (256, 256), 2),
    ]
    assert [one.is_reg for one in place(chosen, filled, scans)] == [False, True, False, False]


def test_a_missing_folder_is_passed_over(options: Make, scanned: Scanned) -> None:
    chosen = options(more_folders=[{"image_dir": "gone"}])
    scans = [scanned((512, 512)), None]
    assert len(place(chosen, fill_data_sets(chosen, scans[0], [None]), scans)) == 1
