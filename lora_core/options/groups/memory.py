"""Options that fit large models into the memory of a GPU."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer
from lora_core.options.families import DIFFUSION, FLOW
from lora_core.options.groups import links

_SWAPPED = ("sd3", "flux", "lumina", "hunyuan_image", "anima")


class Memory(Group):
    emoji, title = "🧠", "Memory for large models"
    purpose = "Ways to train a model that is larger than the memory of your GPU."

    blocks_to_swap = Integer(
        None,
        allow_None=True,
        bounds=(0, 100),
        label="Blocks kept in main memory",
        doc=(
            "Moves so many blocks of the model to main memory and back in every step. Raise it until the "
            "training fits. Empty means none."
        ),
        applies={"family": _SWAPPED},
        practice=False,
        cost="Each block saves GPU memory and makes every step slower.",
        typical={
            "FLUX.1, 16 GB": "with batch size 1, as few as fit",
            "FLUX.1, 12 GB": "16",
            "FLUX.1, 8 GB": "28",
            "HunyuanImage, 12 GB": "32",
            "Anima": "at most 26",
        },
        more="The most is 35 for FLUX.1. It cannot be used together with activations in main memory.",
        link=links.FLUX,
    )
    cpu_offload_checkpointing = Boolean(
        False,
        label="Activations in main memory",
        doc=(
            "Keeps the results between blocks in main memory. It needs gradient checkpointing. "
            "Use it when a little memory is missing."
        ),
        applies={"family": FLOW},
        advanced=True,
        practice=False,
        cost="For FLUX.1, it saves up to 1 GB and makes steps about 15 % slower.",
        link=links.FLUX,
    )
    unsloth_offload_checkpointing = Boolean(
        False,
        label="Activations in main memory, faster",
        doc=(
            "Does the same in a faster way, for Anima only. Use it instead of the option above. "
            "It cannot be used together with block swapping."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    fp8_base_unet = Boolean(
        False,
        label="Only the picture part in fp8",
        doc=(
            "Holds the picture part in 8-bit numbers, and the text encoders in 16-bit ones. Use it instead of "
            "Base model in fp8 when text encoders are trained."
        ),
        applies={"family": (*DIFFUSION, "sd3", "flux", "lumina")},
        advanced=True,
        practice=False,
        cost="It halves the memory of the picture part, at some loss of quality.",
        link=links.FLUX,
    )
    fp8_scaled = Boolean(
        False,
        label="Picture part in scaled fp8",
        doc=(
            "Holds the picture part in 8-bit numbers with a scale for each layer. It loses less than plain fp8. "
            "HunyuanImage needs it below 40 GB of GPU memory."
        ),
        applies={"family": ("hunyuan_image",)},
        practice=False,
        cost="It halves the memory of the picture part.",
        typical={"24 GB": "on, with 9 blocks swapped", "12 GB": "on, with 32 blocks swapped"},
        link=links.HUNYUAN,
    )
    fp8_vl = Boolean(
        False,
        label="Text encoder in fp8",
        doc=(
            "Holds the large text encoder of HunyuanImage in 8-bit numbers. Use it when reading the captions "
            "runs out of memory. Else leave it off."
        ),
        applies={"family": ("hunyuan_image",)},
        advanced=True,
        practice=False,
        link=links.HUNYUAN,
    )
    text_encoder_cpu = Boolean(
        False,
        label="Text encoders on the CPU",
        doc=(
            "Reads the captions with the CPU, so that the GPU stays free. Use it below 12 GB. "
            "Keep the results on disk then."
        ),
        applies={"family": ("hunyuan_image",)},
        advanced=True,
        practice=False,
        cost="One caption may take minutes.",
        link=links.HUNYUAN,
    )
    cache_text_encoder_outputs_to_disk = Boolean(
        False,
        label="Keep prepared captions on disk",
        doc=(
            "Stores the read captions beside the pictures, as .npz files. The next training starts faster. "
            "Delete them when you change a caption."
        ),
        applies={"family": ("sdxl", *FLOW)},
        advanced=True,
        practice=False,
        cost="About 1 MB a picture for SDXL, and several MB for larger text encoders.",
        link=links.SDXL,
    )
    text_encoder_batch_size = Integer(
        None,
        allow_None=True,
        bounds=(1, 256),
        label="Captions prepared at once",
        doc=(
            "How many captions are read together before the training. Lower it when that runs out of memory. "
            "Empty means the batch size."
        ),
        applies={"family": FLOW},
        advanced=True,
        practice=False,
        cost="More at once needs more GPU memory.",
    )
    skip_cache_check = Boolean(
        False,
        label="Trust what is on disk",
        doc=(
            "Does not look into prepared files on disk, only whether they are there. The start is faster with "
            "thousands of pictures. Leave it off after changes."
        ),
        advanced=True,
        practice=False,
    )
    attn_mode = Choice(
        None,
        objects={
            "The trainer's own (SDPA)": None,
            "SDPA": "torch",
            "xformers": "xformers",
            "Flash attention": "flash",
        },
        label="Attention",
        doc=(
            "How attention is computed, the costliest part of a step. SDPA comes with PyTorch. "
            "The others are extra packages, and xformers needs split attention."
        ),
        more="The trainer also knows sageattn, which cannot train.",
        applies={"family": ("hunyuan_image", "anima")},
        advanced=True,
        practice=False,
        link=links.HUNYUAN,
        typical={"all": "the trainer's own"},
    )
    split_attn = Boolean(
        False,
        label="Split attention",
        doc=(
            "Computes attention for one picture after the other. It saves memory with a batch size above 1. "
            "It is needed for xformers."
        ),
        applies={"family": ("hunyuan_image", "anima")},
        advanced=True,
        practice=False,
        cost="Slightly slower.",
        link=links.HUNYUAN,
    )
    use_flash_attn = Boolean(
        False,
        label="Flash attention",
        doc=(
            "Computes attention with the package flash-attn, which must be installed in the trainer's "
            "environment. It is faster on newer GPUs. Leave it off without that package."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        link=links.LUMINA,
    )
    use_sage_attn = Boolean(
        False,
        label="Sage attention",
        doc=(
            "Computes attention with the package sageattention, which must be installed in the trainer's "
            "environment. It is less exact. Leave it off if unsure."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        link=links.LUMINA,
    )
    mem_eff_attn = Boolean(
        False,
        label="Old memory-saving attention",
        doc=(
            "An older way to save memory, slower than SDPA and xformers. Use it only where neither of them "
            "works. Switch them off then."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    vae_chunk_size = Integer(
        None,
        allow_None=True,
        bounds=(2, 1024),
        label="VAE piece size",
        doc=(
            "Converts large pictures in pieces of this many rows. Lower it when preparing pictures runs out of "
            "memory. Empty means whole pictures."
        ),
        more="It must be an even number.",
        applies={"family": ("hunyuan_image", "anima")},
        advanced=True,
        practice=False,
        typical={"HunyuanImage": "16", "Anima": "64"},
        cost="Saves memory while pictures are prepared, and takes longer.",
        link=links.HUNYUAN,
    )
    vae_disable_cache = Boolean(
        False,
        label="VAE without memory of its own",
        doc=(
            "Keeps the VAE of Anima from storing results between steps. It saves memory and is faster, with "
            "slightly other results. Typical: on."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    highvram = Boolean(
        False,
        label="Much GPU memory",
        doc=(
            "Does not clear the GPU memory in between, which saves a little time. Use it with 24 GB or more. "
            "Leave it off when memory is short."
        ),
        advanced=True,
        practice=False,
        cost="More GPU memory stays in use.",
    )
    disable_mmap_load_safetensors = Boolean(
        False,
        label="Read model files at once",
        doc=(
            "Reads a model file as a whole instead of piece by piece. It is faster on Windows' Linux (WSL) and "
            "on network drives. It takes more main memory."
        ),
        applies={"family": ("sdxl", *FLOW)},
        advanced=True,
        practice=False,
    )
