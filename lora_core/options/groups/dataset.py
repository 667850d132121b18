"""Options of the pictures and captions."""

from __future__ import annotations

from lora_core.options.declare import Boolean, Folders, Group, Integer, Number, Place, Text
from lora_core.options.groups import links


class Dataset(Group):
    emoji, title = "📊", "Dataset"
    purpose = "The pictures to learn from, and how they are shown to the model."

    image_dir = Text(
        "",
        label="Picture folder",
        doc=(
            "The folder that holds your pictures. Each picture may have a text file of the same name beside "
            "it, with its caption. 15 to 50 good pictures are enough for one character."
        ),
        place=Place.SUBSET,
        path="folder",
        typical={
            "character": "15 to 50 pictures",
            "style": "30 to 200 pictures",
            "clothing or thing": "15 to 40 pictures",
        },
        link=links.DATASET,
    )
    num_repeats = Integer(
        10,
        bounds=(1, 10000),
        label="Repeats",
        doc=(
            "How often each picture is used in one epoch. Raise it for few pictures, lower it for many. "
            "Pictures times repeats should be about 200 to 400 for SD 1.5, and about 100 for SDXL."
        ),
        place=Place.SUBSET,
        cost="Twice the repeats make each epoch twice as long.",
        typical={
            "20 pictures, SD 1.5": "10 to 20",
            "20 pictures, SDXL": "5",
            "200 pictures": "1 or 2",
        },
        deep="Steps an epoch = pictures × repeats ÷ batch size, rounded up in each bucket.",
        link=links.DATASET,
    )
    trigger_word = Text(
        "",
        label="Trigger word",
        doc=(
            "The word that will call up what was learned. It should stand first in every caption. "
            "Choose a word that means nothing yet, such as 'ohwxcat'."
        ),
        more="The captions themselves are not changed: this word is used to check them and the prompts.",
        place=Place.OURS,
    )
    resolution = Integer(
        512,
        bounds=(64, 4096),
        label="Resolution",
        unit="px",
        doc=(
            "The picture size of the training. Use 512 for SD 1.5 and 1024 for SDXL. "
            "A higher value takes more memory and time, and a lower one loses detail."
        ),
        place=Place.DATASET,
        cost="Memory and time grow with the area: 1024 takes about four times as much as 512.",
        typical={
            "SD 1.5": "512",
            "SD 2.x": "768",
            "SDXL, SD 3, FLUX.1, Lumina, Anima": "1024",
            "HunyuanImage": "2048",
        },
        deep=("It is the side of a square. With buckets, other shapes of about the same area are used too."),
        link=links.DATASET,
    )
    more_folders = Folders(
        [],
        item_type=dict,
        label="More picture folders",
        doc=(
            "Further folders that are trained together with the first, such as outfits or other views. "
            "Each has its own repeats. One of them may hold regularization pictures."
        ),
        more="What you leave empty in a further folder is as in the main folder above.",
        place=Place.OURS,
        advanced=True,
    )
    caption_extension = Text(
        ".txt",
        label="Caption file ending",
        doc=(
            "The ending of the caption files. Almost every captioning tool writes .txt files. "
            "With a wrong ending all captions are ignored."
        ),
        place=Place.SUBSET,
        advanced=True,
        link=links.DATASET,
    )
    shuffle_caption = Boolean(
        True,
        label="Shuffle tags",
        doc=(
            "Mixes the comma-separated parts of a caption anew each time. It keeps the model from learning "
            "their order. Switch it off for captions in whole sentences."
        ),
        place=Place.SUBSET,
        advanced=True,
        cost="Captions cannot be prepared once while it is on.",
        typical={"tags": "on", "sentences": "off", "FLUX.1 and newer": "off"},
        link=links.DATASET,
    )
    keep_tokens = Integer(
        1,
        bounds=(0, 255),
        label="Parts kept in front",
        doc=(
            "How many comma-separated parts stay at the start when the rest is shuffled. Use 1 when the "
            "trigger word is the first part. Use 0 without a trigger word."
        ),
        place=Place.SUBSET,
        advanced=True,
        typical={
            "with a trigger word in front": "1",
            "name and series in front": "2",
            "sentences": "0",
        },
        link=links.DATASET,
    )
    caption_dropout_rate = Number(
        0.0,
        bounds=(0.0, 1.0),
        label="Caption dropout",
        doc=(
            "The share of pictures that are shown without any caption. A little can make a style stronger. "
            "Typical: 0, or 0.05 to 0.1 for a style."
        ),
        place=Place.SUBSET,
        advanced=True,
        cost="Captions cannot be prepared once while it is above 0.",
        typical={"character": "0", "style": "0.05 to 0.1"},
        link=links.DATASET,
    )
    caption_tag_dropout_rate = Number(
        0.0,
        bounds=(0.0, 1.0),
        label="Tag dropout",
        doc=(
            "The chance that a single tag is left out of a caption. It makes the LoRA less dependent on "
            "exact tags. Typical: 0, or up to 0.1."
        ),
        place=Place.SUBSET,
        advanced=True,
        cost="Captions cannot be prepared once while it is above 0.",
        typical={"character": "0 to 0.1", "style": "0"},
        link=links.DATASET,
    )
    flip_aug = Boolean(
        False,
        label="Mirror pictures",
        doc=(
            "Also shows every picture mirrored. It helps with fewer than 20 pictures. Leave it off when left "
            "and right differ, as with text, a scar or a parting."
        ),
        place=Place.SUBSET,
        advanced=True,
        cost="Prepared pictures take twice the room.",
        link=links.DATASET,
    )
    color_aug = Boolean(
        False,
        label="Vary colours",
        doc=(
            "Changes the hue of the pictures a little each time. It is rarely useful, as colours come out "
            "less true. It cannot be used together with cached latents."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        cost="Pictures are converted anew in every step, which is slower and takes more GPU memory.",
        link=links.DATASET,
    )
    random_crop = Boolean(
        False,
        label="Random crop",
        doc=(
            "Cuts the pictures at a random place instead of the middle. Use it for large pictures of "
            "textures or styles. It cannot be used together with cached latents."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        cost="Pictures are converted anew in every step, which is slower and takes more GPU memory.",
        link=links.DATASET,
    )
    enable_bucket = Boolean(
        True,
        label="Keep picture shapes",
        doc=(
            "Sorts pictures into groups of like shape, called buckets, instead of cutting all to a square. "
            "Leave it on. Switch it off only if all pictures are square."
        ),
        place=Place.DATASET,
        advanced=True,
        link=links.DATASET,
    )
    min_bucket_reso = Integer(
        256,
        bounds=(8, 4096),
        label="Smallest side",
        unit="px",
        doc=(
            "The shortest side that a bucket may have. Lower it for very long or very wide pictures. "
            "Typical: 256."
        ),
        place=Place.DATASET,
        applies={"enable_bucket": (True,)},
        advanced=True,
        typical={"SD 1.5": "256", "SDXL and newer": "256 to 512"},
        link=links.DATASET,
    )
    max_bucket_reso = Integer(
        1024,
        bounds=(64, 8192),
        label="Largest side",
        unit="px",
        doc=(
            "The longest side that a bucket may have. It cannot be less than the resolution. "
            "Typical: 1024 for SD 1.5 and 2048 for SDXL."
        ),
        place=Place.DATASET,
        applies={"enable_bucket": (True,)},
        advanced=True,
        typical={"SD 1.5": "1024", "SDXL": "2048 to 4096", "HunyuanImage": "4096"},
        link=links.DATASET,
    )
    bucket_reso_steps = Integer(
        64,
        bounds=(1, 1024),
        label="Bucket step",
        unit="px",
        doc=(
            "Bucket sides are multiples of this. Smaller steps cut away less of each picture, but make more "
            "and emptier buckets. Typical: 64."
        ),
        more="The trainer accepts multiples of 64 for SD 1.5, and multiples of 32 for SDXL.",
        place=Place.DATASET,
        applies={"enable_bucket": (True,)},
        advanced=True,
        typical={"SD 1.5": "64", "SDXL": "32 or 64", "FLUX.1 and newer": "64"},
        deep=(
            "Each side of a bucket is rounded down to a multiple. What is over is cut off, less "
            "than one step on each side."
        ),
        link=links.DATASET,
    )
    bucket_no_upscale = Boolean(
        False,
        label="Never enlarge pictures",
        doc=(
            "Uses small pictures at their own size instead of enlarging them. Enlarged pictures can make the "
            "LoRA blurry. Smallest and largest side then play no part."
        ),
        place=Place.DATASET,
        applies={"enable_bucket": (True,)},
        advanced=True,
        typical={"pictures smaller than the resolution": "on"},
        link=links.DATASET,
    )
