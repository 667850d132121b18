"""The words of this field, explained once. The same word means the same thing on every page."""

from __future__ import annotations

import functools
import re

GLOSSARY: dict[str, str] = {
    "alpha": "A number that scales how strongly the LoRA acts while it learns. Alpha divided by rank is the scale.",
    "attention": "The part of a model that looks at how things in a picture belong together, and to the words.",
    "base model": "The finished picture model that a LoRA adds to. It is not changed by the training.",
    "batch": "The pictures that are looked at together in one step.",
    "bf16": "A number format of half the size that keeps very large and small numbers. Newer cards have it.",
    "block": "One of the like pieces that a model is built of, one after the other.",
    "bucket": "A group of pictures of like shape. Pictures in a bucket are cut to the same size.",
    "cache": "A store of things worked out once, so that they need not be worked out again.",
    "caption": "The words that describe a picture. They stand in a text file beside it.",
    "checkpoint": "A LoRA file saved on the way. You can use it like the final one.",
    "clip skip": "How many of the last layers of the text part are left out.",
    "convolution": "A part of a model that looks at small spots of a picture, such as texture.",
    "dropout": "Leaving out a part by chance in each step, so that the model does not rely on it.",
    "epoch": "Once through all pictures, each as often as its repeats say.",
    "fp16": "A number format of half the size. It saves memory, and can run over with large numbers.",
    "fp8": "A number format of a quarter of the size. It saves more memory and loses some detail.",
    "gradient": "The direction in which a weight should change to make the next guess better.",
    "guidance": "How closely a picture follows its prompt when it is painted.",
    "latent": "A picture in the small form that the model works with. The VAE makes it.",
    "learning rate": "How far the weights move in each step. Too high breaks the LoRA, too low teaches nothing.",
    "LoCon": "A LoRA that also changes the convolution layers.",
    "LoRA": "A small file that adds something new to a picture model: a person, a thing or a style.",
    "loss": "How far the model's guess is from the truth. Lower is better, but it always jumps about.",
    "mask": "A picture that says which parts of another picture count.",
    "MLP": "The part of a block that works on each spot by itself, after the attention.",
    "modulation": "The part of a block that tells it how strong the noise is.",
    "noise": "The random dots that the model learns to take away.",
    "offset": "A small shift of the brightness of the noise. It helps with very dark and very bright pictures.",
    "optimizer": "The method that changes the weights after each step.",
    "overfitting": "Learning the pictures by heart. The LoRA then copies them and ignores the prompt.",
    "prompt": "The words that a picture is painted from.",
    "rank": "The size of a LoRA, also called dim. A higher rank holds more and makes a larger file.",
    "regular expression": "A pattern for names. In it, a dot and a star stand for any letters.",
    "regularization": "Pictures of what the model knows already. They keep it from forgetting.",
    "resolution": "The size of the pictures in pixels.",
    "sampler": "The method that paints a picture from noise.",
    "scheduler": "The plan by which the learning rate rises and falls during the training.",
    "seed": "A number that fixes chance. The same seed gives the same chance again.",
    "SNR": "Signal to noise ratio: how much of the picture is left beside the noise.",
    "state": "All that is needed to go on with a training later.",
    "step": "One change of the weights, after one batch.",
    "tag": "One part of a caption, between commas.",
    "text encoder": "The part of a model that reads the words.",
    "token": "A piece of a word, as the text part reads it.",
    "trigger word": "The word that calls up what the LoRA has learned.",
    "U-Net": "The part of an older model that paints. Newer models have a transformer in its place.",
    "v-prediction": "Another way to say what the model should guess. Some models are made for it.",
    "VAE": "The part that turns a picture into its small form and back.",
    "VRAM": "The memory of the graphics card.",
    "warm-up": "The first steps, in which the learning rate rises from zero.",
    "weight": "One of the many numbers that a model consists of.",
}
"""Word -> what it means, in one or two short sentences."""


@functools.cache
def _pattern() -> re.Pattern[str]:
    words = sorted(GLOSSARY, key=len, reverse=True)
    return re.compile(
        r"(?<![\w-])(" + "|".join(re.escape(word) for word in words) + r")(?:s|es)?(?![\w-])", re.IGNORECASE
    )


@functools.cache
def words_in(text: str) -> tuple[str, ...]:
    """The glossary's words that occur in a text, each once, in the order of the text. The plural counts too."""
    known = {word.lower(): word for word in GLOSSARY}
    return tuple(dict.fromkeys(known[found.lower()] for found in _pattern().findall(text)))
