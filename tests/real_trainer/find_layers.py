"""Which layers a network module finds in a family's picture part: ``PYTHON find_layers.py CHECKOUT FAMILY KIND …``.

Runs in the trainer's interpreter. Each ``KIND`` is a JSON list of module and arguments. The model is built of
the trainer's own class without memory for its weights, so this takes seconds. Prints a JSON list of class
names of the network's modules, one for each kind.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections import Counter


def flux():
    from library import flux_models as models

    sizes = {"hidden_size": 3072, "mlp_ratio": 4.0, "num_heads": 24, "depth": 2, "depth_single_blocks": 2}
    entry = {"in_channels": 64, "vec_in_dim": 768, "context_in_dim": 4096, "axes_dim": [16, 56, 56]}
    return models.Flux(models.FluxParams(**sizes, **entry, theta=10_000, qkv_bias=True, guidance_embed=True))


def sd3():
    from library import sd3_models as models

    return models.MMDiT(
        input_size=None,
        pos_embed_max_size=192,
        patch_size=2,
        in_channels=16,
        adm_in_channels=2048,
        context_embedder_in_features=4096,
        context_embedder_out_features=1536,
        depth=2,
        mlp_ratio=4,
    )


def lumina():
    from library import lumina_models as models

    return models.NextDiT(
        in_channels=16,
        dim=2304,
        n_layers=2,
        n_heads=24,
        n_kv_heads=8,
        axes_dims=[32, 32, 32],
        axes_lens=[300, 512, 512],
        qk_norm=True,
        cap_feat_dim=2304,
    )


def hunyuan_image():
    from library import hunyuan_image_models as models

    return models.HYImageDiffusionTransformer()


def found(module, arguments, picture_part):
    """How many modules of which class the network has."""
    network = importlib.import_module(module).create_network(
        1.0, 8, 4.0, None, [], picture_part, neuron_dropout=None, **arguments
    )
    parts = [one for name in ("unet_loras", "unet_ofts") for one in getattr(network, name, [])]
    return Counter(type(one).__name__ for one in parts)


def main(checkout, family, *kinds):
    sys.path[0] = checkout
    import torch

    with contextlib.redirect_stdout(sys.stderr):
        with torch.device("meta"):
            picture_part = globals()[family]()
        counts = [found(*json.loads(kind), picture_part) for kind in kinds]
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
