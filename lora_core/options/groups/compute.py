"""Options of compiling, several GPUs, and what experts may add."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Place, Texts
from lora_core.options.groups import links

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
            "How many GPUs train together. Raise it to need fewer steps, as each shows its own "
            "pictures. Lower it when a GPU is needed elsewhere. Typical: 1."
        ),
        more=(
            "The trainer is started once for each GPU, by accelerate. The batch size counts for each of them."
        ),
        place=Place.OURS,
        advanced=True,
        practice=False,
        cost="Each GPU holds the whole model. The machine draws more power.",
        typical={
            "one GPU": "1",
            "two GPUs": "2",
        },
        deep=(
            "Gradients are averaged over the GPUs, so the batch is batch size × GPUs, and steps are "
            "divided by their number. Learning rates stay as they are."
        ),
        link=links.LAUNCH,
    )
    ddp_timeout = Integer(
        None,
        allow_None=True,
        bounds=(1, 100000),
        label="Patience between GPUs",
        doc=(
            "How long the GPUs wait for each other. Raise it when preparing pictures takes very long."
            " Lower it to notice a hang sooner. Empty means accelerate's own."
        ),
        unit="minutes",
        advanced=True,
        practice=False,
        typical={
            "up to 1000 pictures": "empty",
            "many thousands": "60 to 120",
        },
        deep=(
            "PyTorch ends all processes when one keeps the others waiting for longer. It is passed on"
            " only where the machine has more than one GPU."
        ),
        link=links.ADVANCED,
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
        cost="It saves the memory of one copy of the LoRA's gradients.",
        typical={
            "one GPU": "off",
            "several GPUs, memory short": "on",
        },
        deep="Gradients are views into the buffers that are sent, instead of copies of them.",
        link=links.ADVANCED,
    )
    ddp_static_graph = Boolean(
        False,
        label="Same work in every step",
        doc=(
            "Tells several GPUs that each step computes the same way, which is a little faster. With "
            "one GPU it has no effect. Leave it off if unsure."
        ),
        advanced=True,
        practice=False,
        cost="It saves a little time in each step.",
        typical={
            "one GPU": "off",
            "several GPUs": "off",
        },
        deep=(
            "PyTorch then plans the sending once. It goes wrong if the weights used change between "
            "steps, as with module dropout or DyLoRA."
        ),
        link=links.ADVANCED,
    )
    torch_compile = Boolean(
        False,
        label="Compile the model",
        doc=(
            "Lets PyTorch rewrite the model for your GPU before the first step. It can be faster for "
            "long trainings, and does not work with every setting."
        ),
        advanced=True,
        practice=False,
        cost="The first steps take minutes.",
        typical={
            "short trainings": "off",
            "many thousand steps": "on, to try",
        },
        deep=(
            "accelerate compiles the model with the compiler below. Each new picture size compiles "
            "anew, so many buckets cost much time."
        ),
        link=links.COMPILE,
    )
    dynamo_backend = Choice(
        "inductor",
        objects=list(BACKENDS),
        label="Compiler",
        doc=(
            "What compiles the model. inductor is PyTorch's own and the only one that is commonly "
            "used. Typical: inductor."
        ),
        applies={"torch_compile": (True,)},
        advanced=True,
        practice=False,
        cost=(
            "inductor compiles longest and runs fastest. eager and aot_eager compile nothing, and "
            "only help to find errors."
        ),
        typical={
            "NVIDIA GPU": "inductor",
            "looking for an error": "eager",
        },
        deep=(
            "It is accelerate's dynamo_backend. Most of the list comes from old versions of PyTorch "
            "and is not there any more."
        ),
        link=links.COMPILE,
    )
    extra_options = Texts(
        [],
        item_type=str,
        label="Further trainer options",
        doc=(
            "For experts: options of the trainer that have no field here, one a line, such as "
            "save_n_epoch_ratio = 4. Each is checked before the start. Leave it empty if unsure."
        ),
        more=(
            "Write each as key = value, as in a TOML file: texts in quotes, true and false in small "
            "letters. Options that have a field here are refused, and so are those that this program "
            "sets."
        ),
        place=Place.OURS,
        advanced=True,
        practice=False,
        deep=(
            "The lines are added to the main TOML. A key that the trainer's parser for this family "
            "does not know is refused, as the trainer would pass over it without a word."
        ),
        link=links.ADVANCED,
    )
