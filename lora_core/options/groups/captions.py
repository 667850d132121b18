"""Further options of captions and pictures."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Choice, Group, Integer, Number, Place, StepsOrShare, Text
from lora_core.options.families import DIFFUSION
from lora_core.options.groups import links


class Captions(Group):
    emoji, title = "💬", "Captions and augmentation"
    purpose = "How captions are put together, and how pictures are varied."

    caption_prefix = Text(
        None,
        allow_None=True,
        label="Before each caption",
        doc=(
            "A text that is put in front of every caption while training, such as the trigger word. "
            "The files stay as they are. Leave it empty if your captions have it."
        ),
        more="The trainer adds one space after it, and no comma: write it yourself if you want one.",
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
        typical={"captions without the trigger word": "the trigger word and a comma"},
    )
    caption_suffix = Text(
        None,
        allow_None=True,
        label="After each caption",
        doc=(
            "A text that is put behind every caption while training. The files stay as they are. "
            "Leave it empty if unsure."
        ),
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
    )
    class_tokens = Text(
        None,
        allow_None=True,
        label="Caption for pictures without one",
        doc=(
            "Pictures without a caption file are trained with this text. Give the trigger word and the kind of "
            "thing, such as 'ohwx cat'. Better is a caption for each."
        ),
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
        typical={
            "character": "trigger word and kind, such as ohwx woman",
            "style": "the trigger word",
        },
    )
    caption_separator = Text(
        None,
        allow_None=True,
        label="Mark between tags",
        doc=(
            "The mark that divides a caption into parts for shuffling and dropout. Change it only if your tags "
            "are not divided by commas. Empty means a comma."
        ),
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
    )
    keep_tokens_separator = Text(
        None,
        allow_None=True,
        label="Mark of the fixed part",
        doc=(
            "What stands before this mark in a caption is never shuffled or dropped. A second mark begins a "
            "fixed end. Typical: empty, or |||."
        ),
        more="With such a mark, the number of parts kept in front is not used for that caption.",
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
        typical={"tags": "|||", "sentences": "empty"},
    )
    secondary_separator = Text(
        None,
        allow_None=True,
        label="Mark between tags that belong together",
        doc=(
            "Tags joined by this mark are shuffled and dropped as one. It becomes a comma afterwards. "
            "Typical: empty, or ;;;."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        link=links.DATASET,
        typical={"tags": "empty, or ;;;"},
    )
    enable_wildcard = Boolean(
        False,
        label="Alternatives in captions",
        doc=(
            "Lets a caption hold a choice such as {photo|picture}, and picks one each time. Of several lines it "
            "picks one line. Leave it off for plain captions."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        link=links.DATASET,
        cost="With prepared captions the pick is made only once.",
    )
    caption_dropout_every_n_epochs = Integer(
        None,
        allow_None=True,
        bounds=(0, 100000),
        label="Epochs without captions",
        doc=(
            "In every so many epochs, all pictures are shown without captions. A style may gain by it. "
            "Empty or 0 means never, which is usual."
        ),
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
    )
    token_warmup_min = Integer(
        None,
        allow_None=True,
        bounds=(1, 1000),
        label="Tags at the start",
        doc=(
            "How many tags are used at the start, when tags are added little by little. "
            "Empty means 1. It acts only with the option below."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        link=links.DATASET,
    )
    token_warmup_step = StepsOrShare(
        None,
        allow_None=True,
        bounds=(0, 1_000_000),
        label="Steps until all tags are used",
        doc=(
            "Begins with few tags and reaches all of them after this. A value below 1 is a share of all steps. "
            "Empty or 0 uses all from the start."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        link=links.DATASET,
        cost="Captions cannot be prepared once while it is used.",
    )
    weighted_captions = Boolean(
        False,
        label="Weights in captions",
        doc=(
            "Reads (word:1.2) in captions as a stronger word, as many paint programs do. Most captions have no "
            "weights. Leave it off then."
        ),
        applies={"family": DIFFUSION},
        advanced=True,
        practice=False,
        link=links.ADVANCED,
    )
    masked_loss = Boolean(
        False,
        label="Learn only what the mask shows",
        doc=(
            "Counts mistakes only where a mask is white, so that the background teaches nothing. "
            "Switch on transparency as mask with it. Leave it off without masks."
        ),
        more="Masks must be soft at their edges, or the edge itself is learned.",
        advanced=True,
        practice=False,
        link=links.MASKED,
        cost="Almost none.",
        typical={"cut-out subjects": "on", "else": "off"},
        deep=(
            "The loss of each place is multiplied by the mask there, from 0 to 1, before the mean is taken."
        ),
    )
    alpha_mask = Boolean(
        False,
        label="Transparency as mask",
        doc=(
            "Takes the transparency of each picture as its mask: what is transparent is not learned. "
            "Use it for cut-out subjects. Pictures without transparency are learned whole."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        link=links.MASKED,
    )
    conditioning_data_dir = Text(
        "",
        label="Mask folder",
        doc=(
            "A folder with one mask for each picture, of the same name and size. White is learned, and black is "
            "ignored. Switch on masked loss with it. Leave it empty without masks."
        ),
        more=(
            "Grey counts in part. Only the red channel of a mask is read, and its transparency is not. A folder "
            "must hold a mask for every picture and no other picture files: else the trainer stops."
        ),
        place=Place.SUBSET,
        path="folder",
        advanced=True,
        practice=False,
        link=links.MASKED,
        cost="Each mask is read anew in every step, which takes little time.",
        typical={"a subject before a busy background": "one mask a picture", "else": "empty"},
        deep=(
            "The mask is resized, cropped and mirrored along with its picture, then shrunk to the size of the "
            "latents (1/8 for most models). The loss of each place is multiplied by it."
        ),
    )
    resize_interpolation = Choice(
        None,
        objects={
            "The trainer's own": None,
            **{
                name: name
                for name in ("lanczos", "nearest", "bilinear", "linear", "bicubic", "cubic", "area")
            },
        },
        label="Resizing",
        doc=(
            "The method that makes pictures larger or smaller. Lanczos keeps fine detail. "
            "The trainer's own suits almost all."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        link=links.DATASET,
    )
    cache_info = Boolean(
        False,
        label="Remember captions and sizes",
        doc=(
            "Writes captions and picture sizes into a file in the folder, so that the next start is faster. "
            "Use it for thousands of pictures. After changes, delete that file."
        ),
        more="The file is metadata_cache.json. Captions that you edit later are not seen while it is there.",
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        link=links.DATASET,
    )
    network_multiplier = Number(
        None,
        allow_None=True,
        bounds=(-10.0, 10.0),
        label="Strength of the LoRA while training",
        doc=(
            "How strongly the LoRA acts on these pictures while it learns. It is meant for sliders, which learn "
            "a direction. Empty means 1."
        ),
        place=Place.DATASET,
        advanced=True,
        practice=False,
        link=links.DATASET,
    )
