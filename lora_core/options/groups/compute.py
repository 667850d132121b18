"""Options of compiling, several GPUs, and what experts may add."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Place, Texts

BACKENDS = (
    "eager",
    "aot_eager",
    "inductor",
    "aot_ts_nvfuser",
    "nvprims_nvfuser",
    "cudagraphs",
    "ofi",
    "fx2trt",
    "onnxrt",
    "tensort",
    "ipex",
    "tvm",
)
"""What the trainer can compile with, as its parser spells it."""


class Compute(Group):
    emoji, title = "🖥️", "Several GPUs and compiling"
    purpose = "For machines with more than one GPU, and for those who know the trainer well."

    num_processes = Integer(
        1,
        bounds=(1, 64),
        label="GPUs",
        doc=(
            "How many GPUs train together. Each shows its own pictures, so that fewer steps are needed. "
            "Typical: 1."
        ),
        more="The trainer is started once for each GPU, by accelerate. The batch size counts for each of them.",
        place=Place.OURS,
        advanced=True,
        practice=False,
        cost="Each GPU holds the whole model.",
        typical={"one GPU": "1"},
    )
    ddp_timeout = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Patience between GPUs",
        unit="minutes",
        doc=(
            "How long the GPUs wait for each other. Raise it when preparing pictures takes very long. "
            "Empty means accelerate's own."
        ),
        advanced=True,
        practice=False,
    )
    ddp_gradient_as_bucket_view = Boolean(
        False,
        label="Share gradient memory between GPUs",
        doc=(
            "Saves a little memory when several GPUs train together. With one GPU it has no effect. "
            "Leave it off if unsure."
        ),
        advanced=True,
        practice=False,
    )
    ddp_static_graph = Boolean(
        False,
        label="Same work in every step",
        doc=(
            "Tells several GPUs that each step computes the same way, which is a little faster. "
            "With one GPU it has no effect. Leave it off if unsure."
        ),
        advanced=True,
        practice=False,
    )
    torch_compile = Boolean(
        False,
        label="Compile the model",
        doc=(
            "Lets PyTorch rewrite the model for your GPU before the first step. It can be faster for long "
            "trainings, and does not work with every setting."
        ),
        advanced=True,
        practice=False,
        cost="The first steps take minutes.",
        typical={"short trainings": "off"},
    )
    dynamo_backend = Choice(
        "inductor",
        objects=list(BACKENDS),
        label="Compiler",
        doc=(
            "What compiles the model. inductor is PyTorch's own and the only one that is commonly used. "
            "Typical: inductor."
        ),
        applies={"torch_compile": (True,)},
        advanced=True,
        practice=False,
    )
    extra_options = Texts(
        [],
        item_type=str,
        label="Further trainer options",
        doc=(
            "For experts: options of the trainer that have no field here, one a line, such as save_n_epoch_ratio = 4. "
            "Each is checked before the start. Leave it empty if unsure."
        ),
        more=(
            "Write each as key = value, as in a TOML file: texts in quotes, true and false in small letters. "
            "Options that have a field here are refused, and so are those that this program sets."
        ),
        place=Place.OURS,
        advanced=True,
        practice=False,
    )
