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
        cost="More pictures make each epoch longer. Cached latents take room beside them.",
        deep=(
            "The trainer takes png, jpg, jpeg, webp and bmp files, and does not look into folders inside. "
            "Where there is no caption, it uses the class tokens, or else an empty caption."
        ),
    )
    num_repeats = Integer(
        10,
        bounds=(1, 10000),
        label="Repeats",
        doc=(
            "How often each picture is used in one epoch. Raise it for few pictures, lower it for many. "
            "Pictures times repeats should be about 200 to 400 for SD 1.5, and 100 to 300 for SDXL."
        ),
        place=Place.SUBSET,
        cost="Twice the repeats make each epoch twice as long.",
        typical={
            "20 pictures, SD 1.5": "10 to 20",
            "20 pictures, SDXL": "5 to 15",
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
        typical={
            "Character": "a made-up word, such as ohwxcat",
            "Style": "a made-up word, or none",
        },
        deep=(
            "A made-up word is read as several tokens. Their meaning together is what the LoRA ties to "
            "your pictures."
        ),
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
        deep=(
            "It is the side of a square, and its square is the area of all buckets. A larger side makes "
            "cached latents grow with the area too."
        ),
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
        cost="Every further folder makes an epoch longer by its pictures times repeats.",
        deep=(
            "Each becomes one more [[datasets.subsets]]. A folder with another resolution or batch size "
            "becomes a [[datasets]] of its own, with its own buckets."
        ),
        link=links.DATASET,
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
        typical={
            "Tags and sentences from most tools": ".txt",
            "Old sets for the trainer": ".caption",
        },
        deep=(
            "Only the first line of the file is read, unless alternatives in captions are on. The "
            "trainer's own default is .caption, so we always write this one."
        ),
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
        cost=(
            "Text encoder outputs cannot be cached while it is on, so the text encoder stays in memory "
            "and works in every step."
        ),
        typical={"tags": "on", "sentences": "off", "FLUX.1 and newer": "off"},
        link=links.DATASET,
        deep=(
            "The order is: parts kept in front, then the rest in random order, joined by a comma and a "
            "space. Tag dropout comes after it."
        ),
    )
    keep_tokens = Integer(
        1,
        bounds=(0, 255),
        label="Parts kept in front",
        doc=(
            "How many comma-separated parts stay at the start when the rest is shuffled. Use 1 when the "
            "trigger word is the first part. Raise it if more parts belong in front, and use 0 without a "
            "trigger word."
        ),
        place=Place.SUBSET,
        advanced=True,
        typical={
            "with a trigger word in front": "1",
            "name and series in front": "2",
            "sentences": "0",
        },
        link=links.DATASET,
        deep=(
            "The parts kept are also safe from tag dropout. It counts parts between commas, not tokens of "
            "the text encoder. Text put before each caption is part of the first, unless it ends in a "
            "comma."
        ),
    )
    caption_dropout_rate = Number(
        0.0,
        bounds=(0.0, 1.0),
        label="Caption dropout",
        doc=(
            "The share of pictures that are shown without any caption. Raise it to make a style act "
            "without words. Lower it if prompts have too little effect. Typical: 0, or 0.05 to 0.1 for a "
            "style."
        ),
        place=Place.SUBSET,
        advanced=True,
        cost="Text encoder outputs cannot be cached while it is above 0, except for Anima.",
        typical={"character": "0", "style": "0.05 to 0.1"},
        link=links.DATASET,
        deep=(
            "Chance decides for each picture in each step. The whole caption goes, with the trigger word "
            "and the text before it."
        ),
    )
    caption_tag_dropout_rate = Number(
        0.0,
        bounds=(0.0, 1.0),
        label="Tag dropout",
        doc=(
            "The chance that a single tag is left out of a caption. Raise it to make the LoRA less "
            "dependent on exact tags. Lower it if tags lose their effect. Typical: 0, or up to 0.1."
        ),
        place=Place.SUBSET,
        advanced=True,
        cost="Text encoder outputs cannot be cached while it is above 0.",
        typical={"character": "0 to 0.1", "style": "0"},
        link=links.DATASET,
        deep=("Chance decides for each tag in each step. Parts kept in front are never left out."),
    )
    flip_aug = Boolean(
        False,
        label="Mirror pictures",
        doc=(
            "Shows pictures mirrored half of the time. It helps with fewer than 20 pictures. Leave it off "
            "when left and right differ, as with text, a scar or a parting."
        ),
        place=Place.SUBSET,
        advanced=True,
        cost=("Cached latents take twice the room and time to make. The steps stay as many as before."),
        link=links.DATASET,
        typical={
            "Under 20 pictures": "on",
            "Over 100 pictures": "off",
            "Text, scars or partings": "off",
        },
        deep=(
            "Chance decides anew, one half to one half, each time a picture is used. Captions are not "
            "changed, so left and right in them become wrong."
        ),
    )
    color_aug = Boolean(
        False,
        label="Vary colours",
        doc=(
            "Changes hue or brightness of some pictures a little. It is rarely useful, as colours come "
            "out less true. It cannot be used together with cached latents."
        ),
        place=Place.SUBSET,
        advanced=True,
        practice=False,
        cost=("Pictures go through the VAE anew in every step, which is slower and takes more GPU memory."),
        link=links.DATASET,
        typical={
            "Most LoRAs": "off",
        },
        deep=(
            "About a third of the pictures are changed: half of these in hue by up to 16 degrees, the "
            "others in gamma by up to 5 %."
        ),
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
        cost=("Pictures go through the VAE anew in every step, which is slower and takes more GPU memory."),
        link=links.DATASET,
        typical={
            "Most LoRAs": "off",
            "Textures": "on",
        },
        deep=(
            "The picture is first scaled to cover its bucket. Then the place of the cut is random, so "
            "only what is over can be moved."
        ),
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
        typical={
            "Pictures of many shapes": "on",
            "All pictures square": "off",
        },
        cost="Many shapes with few pictures each give smaller batches, and so more steps.",
        deep=(
            "Each picture goes into the bucket with the nearest ratio of width to height. It is scaled to "
            "cover the bucket, and what is over is cut off."
        ),
    )
    min_bucket_reso = Integer(
        256,
        bounds=(8, 4096),
        label="Smallest side",
        unit="px",
        doc=(
            "The shortest side that a bucket may have. Lower it for very long or very wide pictures. "
            "Raise it to have fewer extreme shapes. Typical: 256."
        ),
        place=Place.DATASET,
        applies={"enable_bucket": (True,)},
        advanced=True,
        typical={"SD 1.5": "256", "SDXL and newer": "256 to 512"},
        link=links.DATASET,
        deep=(
            "It is rounded down to a multiple of the bucket step and cannot be above the resolution. More "
            "extreme pictures are cut to the nearest shape."
        ),
    )
    max_bucket_reso = Integer(
        1024,
        bounds=(64, 8192),
        label="Largest side",
        unit="px",
        doc=(
            "The longest side that a bucket may have. Raise it for very long or very wide pictures. It "
            "cannot be less than the resolution. Typical: 1024 for SD 1.5 and 2048 to 4096 for SDXL."
        ),
        place=Place.DATASET,
        applies={"enable_bucket": (True,)},
        advanced=True,
        typical={"SD 1.5": "1024", "SDXL": "2048 to 4096", "HunyuanImage": "4096"},
        link=links.DATASET,
        cost=(
            "Almost none: a longer side only allows other shapes, as the area stays that of the resolution."
        ),
        deep="It is rounded up to a multiple of the bucket step.",
    )
    bucket_reso_steps = Integer(
        64,
        bounds=(1, 1024),
        label="Bucket step",
        unit="px",
        doc=(
            "Bucket sides are multiples of this. Lower it to cut away less of each picture. Raise it to "
            "have fewer and fuller buckets. Typical: 64."
        ),
        more=(
            "The trainer accepts multiples of 64 for SD 1.5 and SD 2, of 16 for Lumina and Anima, and of "
            "32 for the others."
        ),
        place=Place.DATASET,
        applies={"enable_bucket": (True,)},
        advanced=True,
        typical={"SD 1.5": "64", "SDXL": "32 or 64", "FLUX.1 and newer": "64"},
        deep=(
            "For each width from the smallest to the largest side, height = resolution² ÷ width, rounded "
            "down to a multiple."
        ),
        link=links.DATASET,
        cost=(
            "Smaller steps make more buckets with fewer pictures. Batches are then less full, and an "
            "epoch has more steps."
        ),
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
        typical={
            "Pictures smaller than the resolution": "on",
            "Pictures larger than the resolution": "off",
        },
        link=links.DATASET,
        cost="Small pictures take less memory and time, and may make more buckets.",
        deep=(
            "Larger pictures are still made smaller, to the area of the resolution. Both sides are "
            "rounded down to the bucket step, and less than one step is cut off each way."
        ),
    )
