"""Options of the model that the LoRA is trained on."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Place, Text
from lora_core.options.families import DIFFUSION, FAMILIES
from lora_core.options.groups import links

_VARIANTS = {
    name: f"{family.title}: {variant.title}"
    for family in FAMILIES.values()
    for name, variant in family.variants.items()
    if name != "plain"
}


class BaseModel(Group):
    emoji, title = "🧱", "Base model"
    purpose = "The finished model that the LoRA will add to."

    family = Choice(
        "sd15",
        objects={family.title: name for name, family in FAMILIES.items()},
        label="Model family",
        doc=(
            "The kind of model you train on. A LoRA works only with models of its own family. "
            "Choose the family that your base model file belongs to."
        ),
        more=(
            "Pony, Illustrious, NoobAI and Animagine are SDXL. SD 1.5 files are 2 to 4 GB, SDXL files 6 to 7 GB, "
            "and FLUX.1 files 12 to 24 GB."
        ),
        place=Place.OURS,
        cost="SD 1.5 trains in 6 GB of GPU memory, SDXL in 8 to 12 GB, FLUX.1 in 12 to 24 GB.",
        link=links.NETWORK,
        typical={
            "Anime and drawings": "SDXL",
            "Photos, captions in sentences": "FLUX.1",
            "Little GPU memory": "SD 1.5",
        },
        deep=(
            "Each family has a trainer script of its own, such as sdxl_train_network.py. A LoRA holds "
            "weights for the layers of one family, so their names and shapes fit no other."
        ),
    )
    model_variant = Choice(
        None,
        objects={
            "Not chosen": None,
            "The plain one": "plain",
            **{title: name for name, title in _VARIANTS.items()},
        },
        label="Line of models",
        doc=(
            "The line of models within the family that your base model comes from. It decides which settings "
            "belong together. Choose the plain one if yours is not listed."
        ),
        place=Place.OURS,
        advanced=True,
        practice=False,
        typical={
            "Pony, Illustrious, NoobAI or Animagine": "the line of that name",
            "Own or unknown model": "the plain one",
        },
        deep=(
            "It is not passed to the trainer. It fills in what the line needs, such as v-prediction or "
            "clip skip."
        ),
    )
    pretrained_model_name_or_path = Text(
        "",
        label="Base model",
        doc=(
            "The model file to start from. Best is the model that you will use the LoRA with, or the one "
            "that it descends from. Give a .safetensors or .ckpt file, or a folder in diffusers layout."
        ),
        path="file",
        link=links.NETWORK,
        cost=(
            "The picture part stays in memory while training: about 2 GB for SD 1.5, 5 GB for SDXL and 24 "
            "GB for FLUX.1, in half precision."
        ),
        deep=(
            "Its weights are frozen. The trainer computes W + scale × up × down in each layer and learns "
            "only up and down."
        ),
    )
    vae = Text(
        None,
        allow_None=True,
        label="Separate VAE",
        doc=(
            "A VAE turns pictures into the form that the model works with. Most base models contain a good "
            "one. Give a file here only if your base model's own VAE is bad or missing."
        ),
        applies={"family": (*DIFFUSION, "sd3", "hunyuan_image", "anima")},
        advanced=True,
        practice=False,
        path="file",
        typical={
            "SDXL with fp16": "a VAE file that is made for fp16, or none with the VAE in full precision",
        },
        link=links.NETWORK,
        cost="An SD 1.5 or SDXL VAE has about 0.3 GB on disk in full precision.",
        deep=(
            "It takes the place of the VAE in the base model before any picture is turned into latents. "
            "Latents cached with another VAE must be made anew."
        ),
    )
    v_parameterization = Boolean(
        False,
        label="V-prediction model",
        doc=(
            "Switch this on only if the base model was made for v-prediction, such as NoobAI V-Pred. "
            "The model's own page says so. With the wrong setting the LoRA turns out as noise."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        typical={"SD 2.x at 768 pixels": "on", "NoobAI v-pred": "on", "all others": "off"},
        deep=(
            "The model is asked for v = √ᾱ·noise − √(1 − ᾱ)·picture instead of the noise, and the loss is "
            "measured on v. The trainer does not notice a wrong setting."
        ),
        link=links.ADVANCED,
    )
    clip_skip = Integer(
        None,
        allow_None=True,
        bounds=(1, 12),
        label="Clip skip",
        doc=(
            "How many of the text reader's last layers are left out. Use 2 for anime models of SD 1.5. "
            "Leave it empty for photo models and SD 2.x. Higher values than 2 are very rare."
        ),
        applies={"family": ("sd15", "sd2")},
        advanced=True,
        typical={
            "SD 1.5 anime models": "2",
            "SD 1.5 photo models": "empty",
            "SD 2.x": "empty",
        },
        deep=(
            "The text encoder has 12 layers. Clip skip n takes the output of the n-th from the end and "
            "puts it through the last layer norm, so 1 is the same as empty. SD 2.x skips one layer by "
            "itself."
        ),
        link=links.NETWORK,
    )
    max_token_length = Choice(
        225,
        objects={"75 tokens": None, "150 tokens": 150, "225 tokens": 225},
        label="Caption length",
        doc=(
            "How much of a caption is read. A short word is one token. Longer captions are cut off there. "
            "Typical: 225 tokens, which costs almost nothing."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        deep=(
            "CLIP reads 75 tokens at once. Longer captions are read in 2 or 3 parts that are put one "
            "behind the other. Short captions are filled up to the same length."
        ),
        link=links.ADVANCED,
        typical={
            "Tags of any length": "225 tokens",
            "Short captions only": "75 tokens",
        },
        cost=(
            "With 225 tokens the text encoder reads three parts instead of one. The U-Net looks at about "
            "three times as many tokens. Both cost little beside the picture."
        ),
    )
    tokenizer_cache_dir = Text(
        None,
        allow_None=True,
        label="Tokenizer folder",
        doc=(
            "A folder where the trainer keeps the word list that it downloads once. Set it to train without "
            "an internet connection. Else leave it empty."
        ),
        advanced=True,
        practice=False,
        path="folder",
        cost="About 2 MB for each model family.",
        link=links.ADVANCED,
        deep=(
            "The trainer looks there first, and saves the tokenizer there after a download. Text encoders "
            "themselves are never kept there."
        ),
    )
