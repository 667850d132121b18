from __future__ import annotations

import contextlib

import pytest

from lora_core.datasets.buckets import Buckets, fill
from lora_core.errors import InputError
from lora_core.options import TrainingOptions

MEASURED = [
    # (resolution, smallest, largest, step, no_upscale), picture, bucket: what sd-scripts 48d368f gave
    ((640, 256, 700, 128, False), (2500, 1171), (768, 384)),
    ((1024, 200, 2048, 64, True), (512, 512), (512, 512)),
    ((576, 200, 1024, 64, False), (512, 512), (576, 576)),
    ((1000, 320, 1024, 64, True), (1719, 1373), (1024, 832)),
    ((640, 200, 1280, 128, True), (640, 384), (640, 384)),
    ((1000, 320, 1280, 32, False), (640, 384), (1280, 768)),
    ((640, 200, 2048, 128, False), (2085, 871), (896, 384)),
    ((640, 256, 2048, 32, False), (1920, 1080), (832, 480)),
    ((640, 200, 2048, 128, False), (512, 512), (640, 640)),
    ((512, 256, 1280, 64, False), (640, 384), (640, 384)),
    ((768, 256, 1280, 32, False), (300, 1923), (256, 1280)),
    ((576, 256, 1024, 64, False), (1542, 1279), (640, 512)),
    ((640, 200, 1024, 64, True), (1920, 1080), (768, 448)),
    ((576, 320, 2048, 32, True), (640, 384), (640, 384)),
    ((640, 200, 700, 128, False), (1920, 1080), (768, 384)),
    ((640, 320, 1024, 64, True), (2732, 1845), (768, 512)),
    ((576, 200, 2048, 128, True), (1920, 1080), (640, 384)),
    ((1000, 256, 2048, 64, False), (1920, 1080), (1280, 768)),
    ((640, 200, 700, 64, True), (512, 512), (512, 512)),
    ((768, 320, 1280, 64, False), (408, 1606), (320, 1280)),
    ((640, 320, 1280, 64, False), (640, 384), (768, 512)),
    ((640, 200, 2048, 64, False), (640, 384), (768, 512)),
    ((1024, 320, 1280, 64, True), (640, 384), (640, 384)),
    ((1024, 200, 2048, 128, True), (512, 512), (512, 512)),
    ((1000, 256, 2048, 64, True), (1308, 2982), (640, 1472)),
    ((1024, 320, 2048, 128, True), (640, 384), (640, 384)),
    ((1024, 320, 2048, 32, True), (512, 512), (512, 512)),
    ((576, 200, 2048, 64, False), (1076, 828), (640, 512)),
    ((576, 200, 2048, 32, True), (942, 2395), (352, 896)),
    ((768, 320, 700, 128, True), (512, 512), (512, 512)),
    ((1024, 256, 1280, 64, True), (640, 384), (640, 384)),
    ((512, 320, 1280, 64, True), (640, 384), (640, 384)),
    ((576, 320, 1280, 128, True), (512, 512), (512, 512)),
    ((1000, 200, 1024, 128, False), (640, 384), (1024, 640)),
    ((1024, 256, 1024, 32, True), (1920, 1080), (1344, 768)),
    ((768, 256, 1280, 128, False), (1920, 1080), (1024, 512)),
    ((576, 256, 2048, 64, False), (1178, 1851), (448, 704)),
    ((640, 256, 1024, 64, True), (2103, 247), (1600, 192)),
    ((1024, 200, 1024, 128, True), (1920, 1080), (1280, 768)),
    ((576, 200, 1280, 128, True), (1920, 1080), (640, 384)),
    ((1000, 200, 1280, 32, True), (640, 384), (640, 384)),
    ((1000, 200, 2048, 64, False), (512, 512), (960, 960)),
    ((512, 256, 700, 32, True), (512, 512), (512, 512)),
    ((512, 256, 2048, 128, False), (1920, 1080), (640, 384)),
    ((640, 256, 1280, 32, False), (640, 384), (832, 480)),
    ((576, 320, 2048, 64, True), (512, 512), (512, 512)),
    ((768, 200, 1280, 32, True), (498, 407), (480, 384)),
    ((640, 256, 2048, 128, False), (350, 655), (384, 896)),
]


@pytest.mark.parametrize(("settings", "picture", "bucket"), MEASURED)
def test_the_trainers_own_choice(settings, picture, bucket):
    resolution, smallest, largest, step, no_upscale = settings
    rule = Buckets(resolution, True, smallest, largest, step, no_upscale)
    assert rule.size_for(*picture) == bucket


def test_without_buckets_everything_is_square():
    assert Buckets(512, False, no_upscale=True).sizes == ((512, 512),)
    options = TrainingOptions(enable_bucket=False, bucket_no_upscale=True)
    assert fill(options, [(100, 900), (512, 512)]) == {(512, 512): 2}


def test_pictures_are_counted_by_bucket():
    assert fill(TrainingOptions(), [(512, 512), (1024, 1024), (1920, 1080)]) == {(512, 512): 2, (640, 384): 1}


def test_a_picture_that_fits_no_bucket_is_refused():
    rule = Buckets(512, no_upscale=True)
    with pytest.raises(InputError, match="smaller than one bucket step"):
        rule.size_for(63, 900)
    with pytest.raises(InputError, match="too narrow"):
        rule.size_for(20, 30000)
    with pytest.raises(ValueError, match="0 x 5"):
        rule.size_for(0, 5)


@pytest.mark.parametrize("step", [1, 8, 64, 1000])
def test_extreme_settings_give_an_answer_or_an_error(step):
    for smallest, largest in ((8, 64), (8, 8192), (4096, 64)):
        for no_upscale in (True, False):
            rule = Buckets(64, True, smallest, largest, step, no_upscale)
            with contextlib.suppress(InputError):
                assert min(rule.size_for(1000, 37)) > 0
