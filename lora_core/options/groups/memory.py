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
            "Moves so many blocks of the model to main memory and back in every step. Raise it until "
            "the training fits. Lower it to be faster. Empty means none."
        ),
        more=(
            "The most is 35 for FLUX.1, 37 for HunyuanImage, 36 or 22 for SD 3.5 and 24 for Lumina. "
            "It cannot be used together with activations in main memory."
        ),
        applies={"family": _SWAPPED},
        practice=False,
        cost=(
            "Each block saves its weights' GPU memory and makes every step slower. For FLUX.1, each "
            "one counts about 0.6 GB in 16 bits, and half of that in fp8."
        ),
        typical={
            "FLUX.1, 16 GB": "8, or as few as fit",
            "FLUX.1, 12 GB": "16",
            "FLUX.1, 8 GB": "28",
            "HunyuanImage, 24 GB": "9",
            "HunyuanImage, 12 GB": "32",
            "SD 3": "20 to 32",
            "Lumina": "16",
            "Anima": "16, at most 26",
        },
        deep=(
            "FLUX.1 and HunyuanImage take half of the number from the double blocks, and twice the "
            "other half from the single ones. While one block works, the next is copied; two of each "
            "kind stay on the GPU."
        ),
        link=links.FLUX,
    )
    cpu_offload_checkpointing = Boolean(
        False,
        label="Activations in main memory",
        doc=(
            "Keeps the results between blocks in main memory. It needs gradient checkpointing. Use it"
            " when a little memory is missing."
        ),
        applies={"family": FLOW},
        advanced=True,
        practice=False,
        cost="For FLUX.1, it saves up to 1 GB and makes steps about 15 % slower.",
        typical={
            "a little memory is missing": "on",
            "blocks are swapped": "off",
            "Chroma and SD 3": "off",
        },
        deep=(
            "Gradient checkpointing keeps the input of each block; this moves it to main memory until"
            " the way back. The trainer stops if blocks are swapped too, and for SD 3."
        ),
        link=links.FLUX,
    )
    unsloth_offload_checkpointing = Boolean(
        False,
        label="Activations in main memory, faster",
        doc=(
            "Does the same in a faster way, for Anima only. Use it instead of the option above. It "
            "cannot be used together with block swapping."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        cost=(
            "It saves the GPU memory of what is kept between blocks, and takes main memory instead. "
            "It is faster than the option above."
        ),
        typical={
            "Anima, a little memory is missing": "on",
            "Anima, blocks are swapped": "off",
        },
        deep=(
            "What is kept is copied to main memory while the GPU goes on working. It switches on "
            "gradient checkpointing."
        ),
        link=links.ANIMA,
    )
    fp8_base_unet = Boolean(
        False,
        label="Only the picture part in fp8",
        doc=(
            "Holds the picture part in 8-bit numbers, and the text encoders in 16-bit ones. Use it "
            "instead of Base model in fp8 when text encoders are trained."
        ),
        applies={"family": (*DIFFUSION, "sd3", "flux", "lumina")},
        advanced=True,
        practice=False,
        cost="It halves the memory of the picture part, at some loss of quality.",
        typical={
            "text part is trained too": "on",
            "FLUX.1 below 40 GB, picture part only": "off, with base model in fp8",
        },
        deep=(
            "The picture part becomes float8_e4m3fn, and text parts keep the precision of the "
            "training. For SD 3 and FLUX.1 it switches on the loading of fp8 files too."
        ),
        link=links.FLUX,
    )
    fp8_scaled = Boolean(
        False,
        label="Picture part in scaled fp8",
        doc=(
            "Holds the picture part in 8-bit numbers with a scale for each layer. It loses less than "
            "plain fp8. HunyuanImage needs it below 40 GB of GPU memory."
        ),
        applies={"family": ("hunyuan_image",)},
        practice=False,
        cost="It halves the memory of the picture part.",
        typical={
            "40 GB and more": "off",
            "24 GB": "on, with 9 blocks swapped",
            "12 GB": "on, with 32 blocks swapped",
            "8 GB": "on, with 37 blocks swapped",
        },
        deep=(
            "Each weight is divided by a scale and stored as float8_e4m3fn; the scale is kept beside "
            "it and multiplied back for the work. Plain fp8 has no such scale."
        ),
        link=links.HUNYUAN,
    )
    fp8_vl = Boolean(
        False,
        label="Text encoder in fp8",
        doc=(
            "Holds the large text encoder of HunyuanImage in 8-bit numbers. Use it when reading the "
            "captions runs out of memory. Else leave it off."
        ),
        applies={"family": ("hunyuan_image",)},
        advanced=True,
        practice=False,
        cost="It halves the memory of the text encoder: about 8 GB instead of 16 GB.",
        typical={
            "24 GB and more": "off",
            "below 24 GB": "on",
        },
        deep=(
            "Qwen2.5-VL, with about 8 billion weights, is turned to float8_e4m3fn; byT5 stays in "
            "fp16. With the CPU it gets very slow."
        ),
        link=links.HUNYUAN,
    )
    text_encoder_cpu = Boolean(
        False,
        label="Text encoders on the CPU",
        doc=(
            "Reads the captions with the CPU, so that the GPU stays free. Use it below 12 GB. Keep "
            "the results on disk then."
        ),
        applies={"family": ("hunyuan_image",)},
        advanced=True,
        practice=False,
        cost="One caption may take minutes.",
        typical={
            "12 GB and more": "off",
            "below 12 GB": "on, kept on disk",
        },
        deep=(
            "Both text encoders are loaded to the CPU, and captions are read there before the first "
            "step. More CPU threads make it faster."
        ),
        link=links.HUNYUAN,
    )
    cache_text_encoder_outputs_to_disk = Boolean(
        False,
        label="Keep prepared captions on disk",
        doc=(
            "Stores the read captions beside the pictures, as .npz files. The next training starts "
            "faster. Delete them when you change a caption."
        ),
        applies={"family": ("sdxl", *FLOW)},
        advanced=True,
        practice=False,
        cost="About 1 MB a picture for SDXL, and several MB for larger text encoders.",
        typical={
            "many pictures, or several trainings": "on",
            "one short training": "off",
        },
        deep=(
            "It switches on preparing. A file is used again if it holds what is needed; a change of "
            "the caption is not seen."
        ),
        link=links.SDXL,
    )
    text_encoder_batch_size = Integer(
        None,
        allow_None=True,
        bounds=(1, 256),
        label="Captions prepared at once",
        doc=(
            "How many captions are read together before the training. Raise it to be faster, and "
            "lower it when memory runs out. Empty means the batch size."
        ),
        applies={"family": FLOW},
        advanced=True,
        practice=False,
        cost="More at once needs more GPU memory.",
        typical={
            "8 GB": "1",
            "24 GB": "empty, or 4",
        },
        deep="It counts only while captions are prepared. Afterwards, steps use the prepared ones.",
        link=links.ADVANCED,
    )
    skip_cache_check = Boolean(
        False,
        label="Trust what is on disk",
        doc=(
            "Does not look into prepared files on disk, only whether they are there. The start is "
            "faster with thousands of pictures. Leave it off after changes."
        ),
        advanced=True,
        practice=False,
        cost="It saves the time of opening each file at the start.",
        typical={
            "thousands of pictures, nothing changed": "on",
            "all others": "off",
        },
        deep=(
            "Only whether a file is there is looked at, not its size, mirroring or content. FLUX.1, "
            "Lumina and HunyuanImage use it for captions, and check pictures in any case."
        ),
        link=links.ADVANCED,
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
            "How attention is computed, the costliest part of a step. SDPA comes with PyTorch. The "
            "others are extra packages, and xformers needs split attention."
        ),
        more="The trainer also knows sageattn, which cannot train.",
        applies={"family": ("hunyuan_image", "anima")},
        advanced=True,
        practice=False,
        cost="All of them need about the same memory. Flash attention can be faster on newer GPUs.",
        typical={
            "HunyuanImage": "the trainer's own",
            "Anima": "the trainer's own",
        },
        deep=(
            "torch calls PyTorch's scaled_dot_product_attention. The other packages must be installed"
            " in the trainer's environment, or the trainer stops."
        ),
        link=links.HUNYUAN,
    )
    split_attn = Boolean(
        False,
        label="Split attention",
        doc=(
            "Computes attention for one picture after the other. It saves memory with a batch size "
            "above 1. It is needed for xformers then."
        ),
        applies={"family": ("hunyuan_image", "anima")},
        advanced=True,
        practice=False,
        cost=(
            "It saves the mask of attention. With a batch size of 1 it costs nothing, and above 1 it "
            "may be slower or faster."
        ),
        typical={
            "batch size 1": "off",
            "batch size above 1": "on",
            "xformers": "on",
        },
        deep=(
            "Each picture's captions are cut to their length, so that no mask is needed; SDPA is "
            "often faster without one."
        ),
        link=links.HUNYUAN,
    )
    use_flash_attn = Boolean(
        False,
        label="Flash attention",
        doc=(
            "Computes attention with the package flash-attn, which must be installed in the trainer's"
            " environment. It is faster on newer GPUs. Leave it off without that package."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        cost="It can save time and memory. Building the package takes long.",
        typical={
            "Lumina": "off",
        },
        deep=("It calls flash_attn's functions for sequences of unequal length, in fp16 or bf16 only."),
        link=links.LUMINA,
    )
    use_sage_attn = Boolean(
        False,
        label="Sage attention",
        doc=(
            "Computes attention with the package sageattention. That package is made for painting, "
            "not for training. Leave it off."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        cost="It saves time while painting.",
        typical={
            "Lumina": "off",
        },
        deep=(
            "Query and key are rounded to 8 bits. The trainer's own code says that it only supports "
            "inference: its way back is missing."
        ),
        link=links.LUMINA,
    )
    mem_eff_attn = Boolean(
        False,
        label="Old memory-saving attention",
        doc=(
            "An older way to save memory, slower than SDPA and xformers. Use it only where neither of"
            " them works. Switch them off then."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        cost="It saves memory, and steps take longer than with SDPA.",
        typical={
            "all": "off",
        },
        deep=(
            "A plain form of flash attention, written in Python: it works through the table of pairs "
            "in pieces. It wins over xformers and SDPA if several are on."
        ),
        link=links.ADVANCED,
    )
    vae_chunk_size = Integer(
        None,
        allow_None=True,
        bounds=(2, 1024),
        label="VAE piece size",
        doc=(
            "Converts large pictures in pieces of this many rows. Lower it when preparing pictures "
            "runs out of memory, and raise it to be faster. Empty means whole pictures."
        ),
        more="It must be an even number.",
        applies={"family": ("hunyuan_image", "anima")},
        advanced=True,
        practice=False,
        cost="Saves memory while pictures are prepared, and takes longer.",
        typical={"HunyuanImage": "16", "Anima": "64"},
        deep=(
            "Each convolution of the VAE runs on pieces along the height, which overlap by its "
            "kernel, so that the result is the same. Rows are those of the layer, not of the picture."
        ),
        link=links.HUNYUAN,
    )
    vae_disable_cache = Boolean(
        False,
        label="VAE without memory of its own",
        doc=(
            "Keeps the VAE of Anima from storing results between steps. It saves memory and is "
            "faster, with slightly other results. Typical: on."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        cost="It saves memory while pictures are prepared, and time.",
        typical={
            "Anima": "on",
        },
        deep=(
            "Anima's VAE is made for films and keeps frames for the next one. A picture has one frame"
            " only, so nothing is lost but a tiny difference at its start."
        ),
        link=links.ANIMA,
    )
    highvram = Boolean(
        False,
        label="Much GPU memory",
        doc=(
            "Does not clear the GPU memory in between, which saves a little time. Use it with 24 GB "
            "or more. Leave it off when memory is short."
        ),
        advanced=True,
        practice=False,
        cost="More GPU memory stays in use.",
        typical={
            "24 GB and more": "on",
            "below 24 GB": "off",
        },
        deep=(
            "Without it, the GPU's free memory is handed back after each batch that is prepared. With"
            " it, only when the size of pictures changes. Steps of the training are the same."
        ),
        link=links.ADVANCED,
    )
    disable_mmap_load_safetensors = Boolean(
        False,
        label="Read model files at once",
        doc=(
            "Reads a model file as a whole instead of piece by piece. It is faster on Windows' Linux "
            "(WSL) and on network drives. It takes more main memory."
        ),
        applies={"family": ("sdxl", *FLOW)},
        advanced=True,
        practice=False,
        cost="Main memory holds the whole file while it is read. Loading is faster on such drives.",
        typical={
            "WSL or network drive": "on",
            "all others": "off",
        },
        deep="The file is read as one block of bytes instead of being mapped into memory.",
        link=links.ADVANCED,
    )
