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
            "How exact the numbers are while training. Take bf16 on NVIDIA RTX 30 and newer, and fp16"
            " on older ones. Full precision takes twice the memory."
        ),
        practice=False,
        cost="Full precision takes twice the memory and time.",
        typical={
            "RTX 30 and newer": "bf16",
            "older GPUs": "fp16",
            "FLUX.1 and newer models": "bf16",
            "no GPU": "no",
        },
        deep=(
            "The base model is held in this format and passes run in it; the LoRA itself and the "
            "optimizer stay in 32 bits. fp16 goes up to 65,504 and scales the loss to keep small "
            "gradients; bf16 has the range of 32 bits with fewer digits."
        ),
        link=links.NETWORK,
    )
    full_fp16 = Boolean(
        False,
        label="Everything in fp16",
        doc=(
            "Keeps the LoRA and its gradients in fp16 as well. It saves memory, but the training can "
            "break. It needs the precision fp16."
        ),
        advanced=True,
        practice=False,
        cost=(
            "It halves the memory of the LoRA and its gradients: for 57 million numbers (SDXL, rank "
            "16), about 230 MB less."
        ),
        typical={
            "SDXL, 8 GB": "on",
            "Prodigy": "off",
            "FLUX.1 and newer": "off",
        },
        deep=(
            "The network is turned to fp16 before the training, and PyTorch is patched to scale "
            "gradients in fp16. Steps below the smallest number of fp16 are lost."
        ),
        link=links.ADVANCED,
    )
    full_bf16 = Boolean(
        False,
        label="Everything in bf16",
        doc=(
            "Keeps the LoRA and its gradients in bf16 as well. It saves memory and loses some "
            "accuracy. It needs the precision bf16."
        ),
        advanced=True,
        practice=False,
        cost=(
            "It halves the memory of the LoRA and its gradients: for 57 million numbers (SDXL, rank "
            "16), about 230 MB less."
        ),
        typical={
            "short memory": "on",
            "Prodigy": "off",
        },
        deep=(
            "The network is turned to bf16 before the training. A change of less than about 1 in 256 "
            "of a weight is rounded away, so low learning rates may do nothing."
        ),
        link=links.ADVANCED,
    )
    fp8_base = Boolean(
        False,
        label="Base model in fp8",
        doc=(
            "Holds the base model in 8-bit numbers while training. It saves several GB for SDXL, at "
            "some loss of quality. It needs the precision fp16 or bf16."
        ),
        applies={"family": (*DIFFUSION, "sd3", "flux", "lumina")},
        advanced=True,
        practice=False,
        cost="It halves the memory of the base model: about 2.5 GB for SDXL, 12 GB for FLUX.1.",
        typical={
            "SDXL, 8 GB": "on",
            "FLUX.1 below 40 GB": "on",
            "SD 1.5": "off",
        },
        deep=(
            "Weights are stored as float8_e4m3fn and turned back to 16 bits for each layer's work. "
            "Embeddings of text parts stay in 16 bits. HunyuanImage and Anima leave it out."
        ),
        link=links.ADVANCED,
    )
    gradient_checkpointing = Boolean(
        False,
        label="Gradient checkpointing",
        doc=(
            "Saves a lot of GPU memory by computing some things twice. Each step takes about a "
            "quarter longer. Switch it on for SDXL with less than 24 GB."
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
            "Converts all pictures before the first step instead of in every step. It is faster and "
            "saves GPU memory. Leave it on unless you vary colours or crop at random."
        ),
        advanced=True,
        practice=False,
        cost=(
            "The VAE leaves GPU memory. Main memory holds about 0.03 MB a picture at 512 pixels and "
            "0.13 MB at 1024; families with 16 channels need four times that."
        ),
        typical={
            "colours varied or cropped at random": "off",
            "all others": "on",
        },
        deep=(
            "A latent has 4 channels, or 16 in newer families, at an eighth of each side; "
            "HunyuanImage has 64 at a 32nd. With flipping on, a mirrored one is made too. Pictures "
            "cannot be cropped anew."
        ),
        link=links.ADVANCED,
    )
    cache_latents_to_disk = Boolean(
        False,
        label="Keep prepared pictures on disk",
        doc=(
            "Stores the converted pictures beside the originals, as .npz files. The next training "
            "starts faster, and main memory is saved. Delete them when you change a picture."
        ),
        advanced=True,
        practice=False,
        cost=(
            "About 0.07 MB a picture at 512 pixels and 0.26 MB at 1024 in 32 bits; newer families "
            "need four times that."
        ),
        typical={
            "many pictures, or several trainings": "on",
            "one short training": "off",
        },
        deep=(
            "It switches on preparing. A file is used again if its size and mirroring fit; a change "
            "of the picture is not seen."
        ),
        link=links.ADVANCED,
    )
    vae_batch_size = Integer(
        1,
        bounds=(1, 64),
        label="Pictures prepared at once",
        doc=(
            "How many pictures the VAE converts together. Raise it to be faster, and lower it when "
            "memory runs out. Typical: 1 to 4."
        ),
        advanced=True,
        practice=False,
        cost="GPU memory of the VAE grows in step with it, while pictures are prepared only.",
        typical={
            "8 GB": "1",
            "24 GB": "4",
            "HunyuanImage": "1",
        },
        deep=("Only pictures of the same bucket go together. It has no effect on the training's own steps."),
        link=links.ADVANCED,
    )
    cache_text_encoder_outputs = Boolean(
        False,
        label="Prepare captions once",
        doc=(
            "Reads all captions before the first step, and frees the memory of the text part. It "
            "needs training of the picture part only, without shuffling or dropout of captions."
        ),
        applies={"family": ("sdxl", *FLOW)},
        advanced=True,
        practice=False,
        cost="It saves the memory of the text encoders: about 1.5 GB for SDXL, 10 GB for FLUX.1.",
        typical={"SDXL": "on for the picture part only", "FLUX.1 and newer": "on"},
        deep=(
            "Each caption is read once as it stands, and the text parts leave the GPU. The trainer "
            "stops if captions are shuffled or dropped; Anima alone keeps its caption dropout."
        ),
        link=links.SDXL,
    )
    sdpa = Boolean(
        True,
        label="SDPA attention",
        doc=(
            "A faster way of computing that comes with PyTorch. It saves memory at no loss. Leave it "
            "on unless you use xformers."
        ),
        advanced=True,
        practice=False,
        cost="It saves memory and time at once: the table of all pairs of places is never stored.",
        typical={"all": "on"},
        deep=(
            "It calls PyTorch's scaled_dot_product_attention, which picks the fastest way for the "
            "GPU. FLUX.1 uses it in any case."
        ),
        link=links.ADVANCED,
    )
    xformers = Boolean(
        False,
        label="xformers attention",
        doc=(
            "Another faster way of computing, from the extra package xformers. It is of use mainly on"
            " older GPUs. Switch SDPA off then."
        ),
        advanced=True,
        practice=False,
        cost="About as SDPA: it saves memory and time. The package must fit PyTorch's version.",
        typical={"all": "off"},
        deep=(
            "It calls memory_efficient_attention of xformers. If several are on, the older "
            "memory-saving way is taken first, then xformers, then SDPA."
        ),
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
        typical={
            "SDXL with fp16": "on",
            "SDXL with bf16": "off",
            "SD 1.5": "off",
        },
        deep=(
            "The VAE is held in 32 bits. SDXL's own has values above 65,504 inside, which become "
            "infinite in fp16; the trainer then stops on NaN."
        ),
        link=links.SDXL,
    )
    lowram = Boolean(
        False,
        label="Save main memory",
        doc=(
            "Loads the model straight into GPU memory. Use it on a machine with little main memory, "
            "such as a free notebook service. Else leave it off."
        ),
        advanced=True,
        practice=False,
        cost="Less main memory: the model is not held there as a whole first.",
        typical={
            "free notebook services": "on",
            "own machine": "off",
        },
        deep=(
            "Model and LoRAs merged in first are loaded to the GPU instead of the CPU. With SDXL, the"
            " model then stays there while captions are prepared."
        ),
        link=links.ADVANCED,
    )
