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
        deep=(
            "FLUX.1 takes only the pooled output of CLIP L, one vector for each caption. SD 3 also uses "
            "its output for each token."
        ),
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
        typical={
            "SD 3 with all parts in one file": "empty",
            "SD 3 without text encoders": "clip_g.safetensors",
        },
        deep=(
            "Its token outputs are put beside those of CLIP L, 768 + 1280 values, and filled with zeros "
            "to the width of T5."
        ),
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
        deep=(
            "Only its encoder half is used. With cached text encoder outputs it is taken out of GPU "
            "memory before the first step."
        ),
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
        cost="About 0.3 GB on disk.",
        typical={
            "FLUX.1, Chroma and Lumina": "ae.safetensors",
        },
        deep=(
            "A side of a latent is an eighth of the picture's, with 16 channels. With cached latents it "
            "is used only before the first step, and for previews."
        ),
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
        cost="Gemma 2 2B takes about 5 GB on disk and in memory, in half precision.",
        typical={
            "Lumina": "gemma-2-2b.safetensors",
        },
        deep="With cached text encoder outputs, Gemma 2 is not needed while training.",
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
        typical={
            "HunyuanImage": "qwen_2.5_vl_7b.safetensors",
        },
        deep=(
            "It reads the caption behind a fixed instruction. With cached text encoder outputs it is not "
            "needed in the steps."
        ),
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
        cost="About 0.4 GB on disk.",
        typical={
            "HunyuanImage": "byt5_small_glyphxl_fp16.safetensors",
        },
        deep="It reads only what stands in quotes in a caption, letter by letter.",
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
        cost="About 1.2 GB on disk, in half precision.",
        typical={
            "Anima": "the file of Qwen3 0.6B",
        },
        deep=("Its last hidden state goes on to the adapter. Places without a word are set to zero."),
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
        typical={
            "Anima": "empty",
        },
        deep=(
            "Without this file, the trainer takes the adapter from the base model if it finds "
            "llm_adapter.out_proj.weight in it."
        ),
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
        typical={
            "Anima": "empty",
        },
        deep=("Only the T5 word list is used, not T5 itself. Its numbers are the targets of the adapter."),
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
        typical={
            "FLUX.1 dev and schnell": "flux",
            "Chroma": "chroma",
        },
        deep="Chroma does without CLIP L. The trainer then demands apply_t5_attn_mask.",
    )
    t5xxl_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 2048),
        label="T5 caption length",
        unit="tokens",
        doc=(
            "How much of a caption T5 reads. Raise it for long descriptions. Lower it to save a little "
            "memory. Empty means 256, and 512 for FLUX.1 dev and Chroma."
        ),
        applies={"family": ("sd3", "flux")},
        advanced=True,
        practice=False,
        cost=(
            "Every caption is filled up to this length. So a shorter limit saves a little memory and time "
            "in every step."
        ),
        link=links.FLUX,
        typical={
            "FLUX.1 dev and Chroma": "512",
            "FLUX.1 schnell and SD 3": "256",
        },
        deep=("Longer captions are cut off. The trainer looks into the base model to tell schnell from dev."),
    )
    gemma2_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 2048),
        label="Gemma caption length",
        unit="tokens",
        doc=(
            "How much of a caption Gemma 2 reads. Raise it for long descriptions. Lower it to save a "
            "little memory. Empty means 256, which is enough for most."
        ),
        applies={"family": ("lumina",)},
        advanced=True,
        practice=False,
        cost=(
            "Every caption is filled up to this length. So a shorter limit saves a little memory and time "
            "in every step."
        ),
        link=links.LUMINA,
        typical={
            "Lumina": "256",
        },
        deep=(
            "The system prompt counts too, as it stands in front of each caption. What is over is cut off."
        ),
    )
    qwen3_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 4096),
        label="Qwen3 caption length",
        unit="tokens",
        doc=(
            "How much of a caption Qwen3 reads. Raise it for very long descriptions. Lower it to save a "
            "little memory. Empty means 512, which is enough for almost all."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
        typical={
            "Anima": "512",
        },
        cost=(
            "Every caption is filled up to this length. So a shorter limit saves a little memory and time "
            "in every step."
        ),
        deep=("What is over is cut off. Places without a word are set to zero after the text encoder."),
    )
    t5_max_token_length = Integer(
        None,
        allow_None=True,
        bounds=(1, 4096),
        label="T5 word list length",
        unit="tokens",
        doc=(
            "How many words of a caption the T5 word list passes on. Raise or lower it together with the "
            "Qwen3 length. Empty means 512."
        ),
        applies={"family": ("anima",)},
        advanced=True,
        practice=False,
        link=links.ANIMA,
        typical={
            "Anima": "512",
        },
        cost=(
            "Every caption is filled up to this length. So a shorter limit saves a little memory and time "
            "in every step."
        ),
        deep="It limits the token numbers that the adapter is given as targets.",
    )
    apply_t5_attn_mask = Boolean(
        False,
        label="Hide empty places from T5",
        doc=(
            "Keeps the unused rest of a short caption from having an effect. Chroma always needs it. For "
            "FLUX.1 and SD 3, leave it off."
        ),
        applies={"family": ("sd3", "flux")},
        advanced=True,
        practice=False,
        link=links.FLUX,
        typical={
            "Chroma": "on",
            "FLUX.1 and SD 3": "off",
        },
        deep=(
            "With FLUX.1 and Chroma the mask acts in T5 and in the picture model. With SD 3 it acts in T5 "
            "only. After a change, cached outputs are made anew."
        ),
    )
    apply_lg_attn_mask = Boolean(
        False,
        label="Hide empty places from CLIP",
        doc=(
            "Keeps the unused rest of a short caption from having an effect in both CLIP text encoders. "
            "The base models were made without it. Leave it off if unsure."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
        typical={
            "SD 3": "off",
        },
        deep=("The mask acts within CLIP L and CLIP G only. The picture model of SD 3 gets none."),
    )
    clip_l_dropout_rate = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="CLIP L dropout",
        doc=(
            "The share of pictures that are shown without CLIP L. Raise it to make the LoRA work without "
            "CLIP L. Lower it if captions lose their effect. Typical: empty, which is 0."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
        typical={
            "Most LoRAs": "empty",
            "Must work without CLIP L": "0.1",
        },
        deep=(
            "Chance decides for each picture in each step. The output of CLIP L, pooled output included, "
            "is then zero. It works with cached outputs too."
        ),
    )
    clip_g_dropout_rate = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="CLIP G dropout",
        doc=(
            "The share of pictures that are shown without CLIP G. Raise it to make the LoRA work without "
            "CLIP G. Lower it if captions lose their effect. Typical: empty, which is 0."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
        typical={
            "Most LoRAs": "empty",
            "Must work without CLIP G": "0.1",
        },
        deep=(
            "Chance decides for each picture in each step, apart from CLIP L and T5. The output of CLIP G "
            "is then zero."
        ),
    )
    t5_dropout_rate = Number(
        None,
        allow_None=True,
        bounds=(0.0, 1.0),
        label="T5 dropout",
        doc=(
            "The share of pictures that are shown without T5. Raise it if the LoRA shall also work "
            "without T5. Lower it if captions lose their effect. Typical: empty, or 0.1."
        ),
        applies={"family": ("sd3",)},
        advanced=True,
        practice=False,
        link=links.SD3,
        typical={
            "Most LoRAs": "empty",
            "Must work without T5": "0.1",
        },
        deep=(
            "Chance decides for each picture in each step. The output of T5 is then zero. It works with "
            "cached outputs too."
        ),
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
        typical={
            "Lumina": "You are an assistant designed to generate high-quality images based on user prompts.",
        },
        deep=(
            "Each caption becomes: system prompt, <Prompt Start>, caption. All of it counts towards the "
            "Gemma caption length."
        ),
    )
    text_encoder_lr_2 = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="Learning rate of the second text encoder",
        doc=(
            "How fast the second text encoder learns: T5 for FLUX.1, and CLIP G for SD 3. Raise it if the "
            "trigger word has little effect. Lower it if other words change their meaning. Empty means "
            "the same as the first."
        ),
        more=(
            "It goes into the trainer's list text_encoder_lr as its second number. It is used only when "
            "text encoders are trained."
        ),
        applies={"family": ("sd3", "flux"), "network_type": ("lora",)},
        place=Place.OURS,
        advanced=True,
        practice=False,
        link=links.FLUX,
        typical={
            "Most LoRAs": "empty",
            "Second text encoder trained": "a half to a fifth of the picture learning rate",
            "Prodigy and D-Adapt": "1",
        },
        deep=(
            "The trainer makes a group of weights for each text encoder, with this rate times the schedule."
        ),
    )
    text_encoder_lr_3 = Number(
        None,
        allow_None=True,
        bounds=(0.0, 10.0),
        label="Learning rate of the third text encoder",
        doc=(
            "How fast T5 of SD 3 learns. Raise it if T5 learns too little. Lower it if other words change "
            "their meaning. Empty means the same as the second."
        ),
        more=(
            "It goes into the trainer's list text_encoder_lr as its third number. It is used only when T5 "
            "is trained."
        ),
        applies={"family": ("sd3",), "network_type": ("lora",)},
        place=Place.OURS,
        advanced=True,
        practice=False,
        link=links.SD3,
        typical={
            "Most LoRAs": "empty",
            "T5 trained": "a half to a fifth of the picture learning rate",
            "Prodigy and D-Adapt": "1",
        },
        deep=(
            "The trainer makes a group of weights for each text encoder, with this rate times the schedule."
        ),
    )
