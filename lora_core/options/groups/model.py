"""Options of the model that the LoRA is trained on."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Place, Text


class BaseModel(Group):
    emoji, title = "🧱", "Base model"
    purpose = "The finished model that the LoRA will add to."

    family = Choice(
        "sd15",
        objects={"Stable Diffusion 1.5": "sd15", "SDXL, Pony, Illustrious, NoobAI": "sdxl"},
        label="Model family",
        doc=(
            "The kind of model you train on. A LoRA works only with models of its own family. "
            "Choose the family that your base model file belongs to."
        ),
        more="SD 1.5 files are 2 to 4 GB, SDXL files 6 to 7 GB. SDXL needs about twice the GPU memory.",
        place=Place.OURS,
    )
    pretrained_model_name_or_path = Text(
        "",
        label="Base model",
        doc=(
            "The model file to start from. Best is the model that you will use the LoRA with, or the one "
            "that it descends from. Give a .safetensors or .ckpt file, or a folder in diffusers layout."
        ),
        path="file",
    )
    vae = Text(
        None,
        allow_None=True,
        label="Separate VAE",
        doc=(
            "A VAE turns pictures into the form that the model works with. Most base models contain a good "
            "one. Give a file here only if your base model's own VAE is bad or missing."
        ),
        advanced=True,
        practice=False,
        path="file",
    )
    v_parameterization = Boolean(
        False,
        label="V-prediction model",
        doc=(
            "Switch this on only if the base model was made for v-prediction, such as NoobAI V-Pred. "
            "The model's own page says so. With the wrong setting the LoRA turns out as noise."
        ),
        advanced=True,
        practice=False,
    )
    clip_skip = Integer(
        None,
        allow_None=True,
        bounds=(1, 12),
        label="Clip skip",
        doc=(
            "How many of the text reader's last layers are left out. Use 2 for anime models of SD 1.5, "
            "and leave it empty for photo models."
        ),
        applies={"family": ("sd15",)},
        advanced=True,
    )
    max_token_length = Choice(
        225,
        objects={"75 tokens": None, "150 tokens": 150, "225 tokens": 225},
        label="Caption length",
        doc=(
            "How much of a caption is read. A short word is one token. Longer captions are cut off there. "
            "Typical: 225 tokens, which costs almost nothing."
        ),
        advanced=True,
        practice=False,
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
    )
