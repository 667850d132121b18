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
        deep=(
            "It is put in front before shuffling and dropout, so keep as many parts in front as it has. "
            "With cached text encoder outputs it has no effect: the caption is read as it stands in the "
            "file."
        ),
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
        typical={
            "Most LoRAs": "empty",
        },
        deep=(
            "It is put behind, with one space, before shuffling. So it moves with its tag, unless a mark "
            "holds it at the end. With cached text encoder outputs it has no effect: the caption is read "
            "as it stands in the file."
        ),
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
        deep=("It is the caption of a picture without a file. An empty text file stops the training."),
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
        typical={
            "Tags": "empty, which is a comma",
        },
        deep=(
            "Captions are cut at this mark, and each part loses its outer spaces. After shuffling, parts "
            "are joined by a comma and a space, whatever the mark was."
        ),
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
        deep=(
            "The caption is cut at the mark into fixed start, free part and fixed end. This happens only "
            "while shuffling or tag dropout is on: else the mark stays in the caption. With cached text "
            "encoder outputs it has no effect: the caption is read as it stands in the file."
        ),
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
        deep=(
            "After shuffling and dropout, each such mark becomes the mark between tags. With cached text "
            "encoder outputs it has no effect: the caption is read as it stands in the file."
        ),
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
        cost=("Only without cached text encoder outputs, so the text encoder stays in memory."),
        typical={
            "Plain captions": "off",
            "Several captions for each picture": "on",
        },
        deep=(
            "A line is picked first, then one word of each {a|b}. Double braces stay as single ones. With "
            "cached text encoder outputs it has no effect: the caption is read as it stands in the file."
        ),
    )
    caption_dropout_every_n_epochs = Integer(
        None,
        allow_None=True,
        bounds=(0, 100000),
        label="Epochs without captions",
        doc=(
            "In every so many epochs, all pictures are shown without captions. Lower it to do so more "
            "often, which a style may gain by. Empty or 0 means never, which is usual."
        ),
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
        typical={
            "Most LoRAs": "empty",
            "Style": "empty, or 5",
        },
        deep=(
            "Epochs count from 1: those that divide evenly by this number have no captions. With 1 none "
            "has any. With cached text encoder outputs it has no effect: the caption is read as it stands "
            "in the file."
        ),
    )
    token_warmup_min = Integer(
        None,
        allow_None=True,
        bounds=(1, 1000),
        label="Tags at the start",
        doc=(
            "How many tags are used at the start, when tags are added little by little. Raise it if the "
            "first tags are too few to tell pictures apart. Empty means 1."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        more="It acts only with the option below.",
        typical={
            "Most LoRAs": "empty",
            "Slow start with tags": "1 to 3",
        },
        deep=("It is the number of free tags at step 0. Parts kept in front come on top of it."),
    )
    token_warmup_step = StepsOrShare(
        None,
        allow_None=True,
        bounds=(0, 1_000_000),
        label="Steps until all tags are used",
        doc=(
            "Begins with few tags and reaches all of them after this. Raise it to add tags more slowly. A "
            "value below 1 is a share of all steps. Empty or 0 uses all from the start."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        cost="Text encoder outputs cannot be cached while it is used.",
        typical={
            "Most LoRAs": "empty",
            "Slow start with tags": "0.1 to 0.3",
        },
        deep=(
            "tags = start + ⌊step × (all − start) ÷ this⌋. The first ones in the file's order are taken, "
            "and only then shuffled."
        ),
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
        typical={
            "Captions without weights": "off",
            "SD 1.5, captions with weights": "on",
        },
        deep=(
            "The text encoder's output for each token is multiplied by its weight. (word) is 1.1, and "
            "[word] is 1 ÷ 1.1."
        ),
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
            "The mask is made as small as the latent. The loss of each place is multiplied by it, from 0 "
            "to 1, before the mean over all places: a small subject so gives a small loss."
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
        typical={
            "Cut-out subjects": "on",
            "Most LoRAs": "off",
        },
        cost="Cached latents hold the mask too, and are made anew when you switch it.",
        deep=(
            "A transparency of 255 counts fully, and 0 not at all. It acts only together with masked_loss."
        ),
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
        typical={
            "Most LoRAs": "the trainer's own",
            "Pixel art": "nearest",
        },
        cost="None worth naming: each picture is resized once if latents are cached.",
        deep=(
            "The trainer's own is area for making smaller and Lanczos for making larger. Caches hold the "
            "resized picture, so make them anew after a change."
        ),
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
        typical={
            "Under 1000 pictures": "off",
            "Thousands of pictures": "on",
        },
        cost=("A small file in the folder. It saves reading every caption and picture size at the start."),
        deep=(
            "Where the file exists, captions and sizes come from it alone. New pictures are not seen either."
        ),
    )
    network_multiplier = Number(
        None,
        allow_None=True,
        bounds=(-10.0, 10.0),
        label="Strength of the LoRA while training",
        doc=(
            "How strongly the LoRA should act on these pictures while it learns, higher or lower. It was "
            "meant for sliders. This version of the trainer takes the value but does not use it, so leave "
            "it empty."
        ),
        place=Place.DATASET,
        advanced=True,
        practice=False,
        typical={
            "All": "empty",
        },
        deep=(
            "The trainer puts it into each batch as network_multipliers. No step reads it, so the LoRA "
            "always acts with strength 1."
        ),
    )
