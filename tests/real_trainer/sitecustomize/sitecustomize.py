"""Lets torchvision's plain wheel load beside a CPU build of torch that has no matching torchvision.

Put on PYTHONPATH by tests on machines where only such a pair is to be had. torchvision declares fake
kernels for its compiled operators as it is imported; where those operators could not be loaded, that
fails with ``operator torchvision::nms does not exist``. The trainer needs none of them, so declaring
their signatures first is enough. No file of the trainer or of torchvision is touched.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept = []


class _DeclareOperators(MetaPathFinder):
    """Finds nothing; declares the operators when torchvision is about to be imported."""

    def find_spec(self, name, path=None, target=None):
        if name == "torchvision" and not _kept:
            import torch

            library = torch.library.Library("torchvision", "FRAGMENT")
            for schema in _SCHEMAS:
                library.define(schema)
            _kept.append(library)


sys.meta_path.insert(0, _DeclareOperators())
