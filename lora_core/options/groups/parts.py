"""Options of the files that larger model families need beside the base model, and how captions are read."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number, Place, Text
from lora_core.options.groups import links

_LARGE_ENCODER = "T5-XXL is a file of about 9 GB, or 5 GB in fp8."


class Parts(Group):
    emoji, title = "🧩", "Text encoders and parts"
    purpose = "Files that the larger model families need beside the base model."

    clip_l = Text(
        None,
        allow_None=True,
        label="CLIP L file",
        doc=(
            "The smaller text encoder, a part that reads captions. FLUX.1 needs it, and Chroma does not. "
            "For SD 3, leave it empty if the base model file contains it."
        ),
        applies={"family": ("sd3", "flux")},
        path="file",
        practice=False,
        link=links.FLUX,
        cost="About 250 MB on disk.",
        typical={"FLUX.1": "clip_l.safetensors", "Chroma": "empty"},
    )
    clip_g = Text(
        None,
        allow_None=True,
        label="CLIP G file",
        doc=(
            "The second text encoder of SD 3. Leave it empty if the base model file contains it. "
            "Else give the file clip_g.safetensors."
        ),
        applies={"family": ("sd3",)},
        path="file",
        practice=False,
        link=links.SD3,
        cost="About 1.4 GB on disk.",
    )
    t5xxl = Text(
        None,
        allow_None=True,
        label="T5-XXL file",
        doc=(
            "The large text encoder, which understands whole sentences. FLUX.1 and Chroma always need it. "
            "For SD 3, leave it empty if the base model file contains it."
        ),
        applies={"family": ("sd3", "flux")},
        path="file",
        practice=False,
        cost=_LARGE_ENCODER,
        link=links.FLUX,
        typical={"24 GB and more": "t5xxl_fp16.safetensors", "below 10 GB": "an fp8 file"},
    )
    ae = Text(
        None,
        allow_None=True,
        label="Autoencoder file (ae)",
        doc=(
            "The part that turns pictures into the form that the model works with. FLUX.1 and Lumina need it. "
            "The usual file is ae.safetensors of FLUX.1."
        ),
        applies={"family": ("flux", "lumina")},
        path="file",
        practice=False,
        link=links.FLUX,
    )
    gemma2 = Text(
        None,
        allow_None=True,
        label="Gemma 2 file",
        doc=(
            "The text encoder of Lumina Image 2, a part that reads captions. Lumina cannot be trained without it. "
            "Use a file in fp16 or bf16."
        ),
        applies={"family": ("lumina",)},
        path="file",
        practice=False,
        link=links.LUMINA,
    )
    text_encoder = Text(
        None,
        allow_None=True,
        label="Qwen2.5-VL file",
        doc=(
            "The large text encoder of HunyuanImage, a part that reads captions. It is always needed. "
            "The usual file is qwen_2.5_vl_7b.safetensors."
        ),
        applies={"family": ("hunyuan_image",)},
        path="file",
        practice=False,
        cost="About 16 GB on disk; it need not stay in GPU memory while training.",
        link=links.HUNYUAN,
    )
    byt5 = Text(
        None,
        allow_None=True,
        label="byT5 file",
        doc=(
            "The small text encoder of HunyuanImage for words that are painted in the picture. It is always "
            "needed. The usual file is byt5_small_glyphxl_fp16.safetensors."
        ),
        applies={"family": ("hunyuan_image",)},
        path="file",
        practice=False,
        link=links.HUNYUAN,
    )
    qwen3 = Text(
        None,
        allow_None=True,
        label="Qwen3 file",
        doc=(
            "The text encoder of Anima, a part that reads captions. It is always needed. "
            "Give the file of Qwen3 0.6B, or a folder with it."
        ),
        applies={"family": ("anima",)},
        path="file",
        practice=False,
        link=links.ANIMA,
    )
    llm_adapter_path = Text(
        None,
        allow_None=True,
        label="Adapter file",
        doc=(
            "The part of Anima between text encoder and picture part. Most base model files contain it. "
            "Give a file only if yours does not."
        ),
        applies={"family": ("anima",)},
        path="file",
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    t5_tokenizer_path = Text(
        None,
        allow_None=True,
        label="T5 word list folder",
        doc=(
            "A folder with the T5 word list that Anima uses. The trainer brings one. "
            "Leave it empty unless you have another."
        ),
        applies={"family": ("anima",)},
        path="folder",
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    model_type = Choice(
        "flux",
        objects={"FLUX.1": "flux", "Chroma": "chroma"},
        label="Kind of FLUX model",
        doc=(
            "Chroma is built on FLUX.1 but reads captions in another way. Choose it for a Chroma base model. "
            "Typical: FLUX.1."
        ),
        applies={"family": ("flux",)},
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    t5xxl_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 2048),
        label="T5 caption length",
        unit="tokens",
        doc=(
            "How much of a caption T5 reads. Raise it for long descriptions. "
            "Empty means 256, and 512 for FLUX.1 dev."
        ),
        applies={"family": ("sd3", "flux")},
        advanced=True,
        practice=False,
        cost="Longer captions take a little more memory and time in every step.",
        link=links.FLUX,
        typical={"FLUX.1 dev": "512", "FLUX.1 schnell and SD 3": "256"},
    )
    gemma2_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 2048),
        label="Gemma caption length",
        unit="tokens",
        doc=(
            "How much of a caption Gemma 2 reads. Raise it for long descriptions. "
            "Empty means 256, which is enough for most."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        cost="Longer captions take a little more memory and time in every step.",
        link=links.LUMINA,
    )
    qwen3_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 4096),
        label="Qwen3 caption length",
        unit="tokens",
        doc=(
            "How much of a caption Qwen3 reads. Lower it to save a little memory. "
            "Empty means 512, which is enough for almost all."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    t5_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 4096),
        label="T5 word list length",
        unit="tokens",
        doc=(
            "How many words of a caption the T5 word list passes on. Keep it equal to the Qwen3 length. "
            "Empty means 512."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
    )
    apply_t5_attn_mask = Boolean(
        False,
        label="Hide empty places from T5",
        doc=(
            "Keeps the unused rest of a short caption from having an effect. Switch it on for Chroma. "
            "For FLUX.1 and SD 3, leave it off."
        ),
        applies={"family": ("sd3", "flux")},
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    apply_lg_attn_mask = Boolean(
        False,
        label="Hide empty places from CLIP",
        doc=(
            "The same for both CLIP text encoders of SD 3. The base models were made without it. "
            "Leave it off if unsure."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
    )
    clip_l_dropout_rate = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="CLIP L dropout",
        doc=(
            "The share of pictures that are shown without CLIP L. It teaches the model to manage without it. "
            "Typical: empty."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
    )
    clip_g_dropout_rate = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="CLIP G dropout",
        doc=(
            "The share of pictures that are shown without CLIP G. It teaches the model to manage without it. "
            "Typical: empty."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
    )
    t5_dropout_rate = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="T5 dropout",
        doc=(
            "The share of pictures that are shown without T5. Use it if the LoRA shall also work without T5. "
            "Typical: empty, or 0.1."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
    )
    system_prompt = Text(
        None,
        allow_None=True,
        label="System prompt",
        doc=(
            "A sentence that Lumina reads before every caption. Leave it empty, or use the one that the base "
            "model was trained with. Previews then need the same."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        link=links.LUMINA,
    )
    text_encoder_lr_2 = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="Learning rate of the second text encoder",
        doc=(
            "How fast the second text encoder learns: T5 for FLUX.1, and CLIP G for SD 3. "
            "Empty means the same as the first. It is used only when text encoders are trained."
        ),
        more="It goes into the trainer's list text_encoder_lr as its second number.",
        applies={"family": ("sd3", "flux"), "network_type": ("lora",)},
        place=Place.OURS,
        advanced=True,
        practice=False,
        link=links.FLUX,
    )
    text_encoder_lr_3 = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="Learning rate of the third text encoder",
        doc=(
            "How fast T5 of SD 3 learns. Empty means the same as the second. "
            "It is used only when T5 is trained."
        ),
        more="It goes into the trainer's list text_encoder_lr as its third number.",
        applies={"family": ("sd3",), "network_type": ("lora",)},
        place=Place.OURS,
        advanced=True,
        practice=False,
        link=links.SD3,
    )
