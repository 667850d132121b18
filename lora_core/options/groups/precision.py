"""Options of number precision and memory."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer
from lora_core.options.families import DIFFUSION, FLOW
from lora_core.options.groups import links


class Precision(Group):
    emoji, title = "💾", "Precision and memory"
    purpose = "How to fit the training into the memory of your GPU."

    mixed_precision = Choice(
        "fp16",
        objects={"fp16 (half)": "fp16", "bf16 (half, newer GPUs)": "bf16", "Full (slow, or CPU)": "no"},
        label="Precision",
        doc=(
            "How exact the numbers are while training. Take bf16 on NVIDIA RTX 30 and newer, and fp16 on older "
            "ones. Full precision takes twice the memory."
        ),
        practice=False,
        cost="Full precision takes twice the memory and time.",
        typical={
            "RTX 30 and newer": "bf16",
            "older GPUs": "fp16",
            "FLUX.1 and newer models": "bf16",
            "no GPU": "no",
        },
        link=links.NETWORK,
    )
    full_fp16 = Boolean(
        False,
        label="Everything in fp16",
        doc=(
            "Keeps the LoRA and its gradients in fp16 as well. It saves memory, but the training can break. "
            "It needs the precision fp16."
        ),
        advanced=True,
        practice=False,
        cost="It saves the memory of half the LoRA and its gradients.",
        link=links.ADVANCED,
    )
    full_bf16 = Boolean(
        False,
        label="Everything in bf16",
        doc=(
            "Keeps the LoRA and its gradients in bf16 as well. It saves memory and loses some accuracy. "
            "It needs the precision bf16."
        ),
        advanced=True,
        practice=False,
        cost="It saves the memory of half the LoRA and its gradients.",
        link=links.ADVANCED,
    )
    fp8_base = Boolean(
        False,
        label="Base model in fp8",
        doc=(
            "Holds the base model in 8-bit numbers while training. It saves several GB for SDXL, at some loss of "
            "quality. It needs the precision fp16 or bf16."
        ),
        applies={"family": (*DIFFUSION, "sd3", "flux", "lumina")},
        advanced=True,
        practice=False,
        cost="It halves the memory of the base model: about 2.5 GB for SDXL, 12 GB for FLUX.1.",
        typical={"SDXL, 8 GB": "on", "FLUX.1 below 40 GB": "on"},
        link=links.SDXL,
    )
    gradient_checkpointing = Boolean(
        False,
        label="Gradient checkpointing",
        doc=(
            "Saves a lot of GPU memory by computing some things twice. Each step takes about a quarter longer. "
            "Switch it on for SDXL with less than 24 GB."
        ),
        advanced=True,
        practice=False,
        cost="It saves much GPU memory; steps take about a quarter longer.",
        typical={"SD 1.5, 8 GB and more": "off", "SDXL": "on", "FLUX.1 and newer": "on"},
        deep=(
            "Results inside the model are thrown away on the way forward and reckoned again on the way back."
        ),
        link=links.NETWORK,
    )
    cache_latents = Boolean(
        True,
        label="Prepare pictures once",
        doc=(
            "Converts all pictures before the first step instead of in every step. It is faster and saves GPU "
            "memory. Leave it on unless you vary colours or crop at random."
        ),
        advanced=True,
        practice=False,
        cost="It takes some main memory; the VAE leaves GPU memory.",
        link=links.NETWORK,
    )
    cache_latents_to_disk = Boolean(
        False,
        label="Keep prepared pictures on disk",
        doc=(
            "Stores the converted pictures beside the originals, as .npz files. The next training starts faster, "
            "and main memory is saved. Delete them when you change a picture."
        ),
        advanced=True,
        practice=False,
        cost="About 0.1 MB a picture at 512 pixels, 0.3 MB at 1024.",
        link=links.NETWORK,
    )
    vae_batch_size = Integer(
        1,
        bounds=(1, 64),
        label="Pictures prepared at once",
        doc=(
            "How many pictures the VAE converts together. More is faster and takes more GPU memory. "
            "Typical: 1 to 4."
        ),
        advanced=True,
        practice=False,
        link=links.NETWORK,
    )
    cache_text_encoder_outputs = Boolean(
        False,
        label="Prepare captions once",
        doc=(
            "Reads all captions before the first step, and frees the memory of the text part. "
            "It needs training of the picture part only, without shuffling or dropout of captions."
        ),
        applies={"family": ("sdxl", *FLOW)},
        advanced=True,
        practice=False,
        cost="It saves the memory of the text encoders: about 1.5 GB for SDXL, 10 GB for FLUX.1.",
        typical={"SDXL": "on for the picture part only", "FLUX.1 and newer": "on"},
        link=links.SDXL,
    )
    sdpa = Boolean(
        True,
        label="SDPA attention",
        doc=(
            "A faster way of computing that comes with PyTorch. It saves memory at no loss. "
            "Leave it on unless you use xformers."
        ),
        advanced=True,
        practice=False,
        typical={"all": "on"},
        link=links.ADVANCED,
    )
    xformers = Boolean(
        False,
        label="xformers attention",
        doc=(
            "Another faster way of computing, from the extra package xformers. It is of use mainly on older "
            "GPUs. Switch SDPA off then."
        ),
        advanced=True,
        practice=False,
        typical={"all": "off"},
        link=links.ADVANCED,
    )
    no_half_vae = Boolean(
        False,
        label="VAE in full precision",
        doc=(
            "Runs the VAE with exact numbers. SDXL's own VAE fails in fp16 and gives black pictures. "
            "Switch it on for SDXL with fp16."
        ),
        advanced=True,
        practice=False,
        cost="More GPU memory while pictures are prepared.",
        typical={"SDXL with fp16": "on", "SD 1.5": "off"},
        link=links.SDXL,
    )
    lowram = Boolean(
        False,
        label="Save main memory",
        doc=(
            "Loads the model straight into GPU memory. Use it on a machine with little main memory, such as a "
            "free notebook service. Else leave it off."
        ),
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
