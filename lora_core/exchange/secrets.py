"""Which settings are secrets. They are named in a report, and neither kept nor printed."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(
    r"(^|[_.\-])(api_?key|secret|secrets|password|passwd|(huggingface|hf|access|auth|civitai|wandb)_?(token|key))$",
    re.IGNORECASE,
)
_VALUE = re.compile(r"\b(hf_[A-Za-z0-9]{16,}|wandb_v\d+_\w{16,}|sk-[A-Za-z0-9_\-]{20,}|ghp_[A-Za-z0-9]{20,})")
"""How tokens of Hugging Face and the like begin."""


def is_secret(name: str, value: Any = None) -> bool:
    """Whether a setting is a secret, by its name, or by what its value looks like."""
    if _NAME.search(name):
        return True
    if isinstance(value, (list, tuple)):
        return any(is_secret("", one) for one in value)
    if isinstance(value, dict):
        return any(is_secret(str(key), one) for key, one in value.items())
    if not isinstance(value, str):
        return False
    names = (word.partition("=")[0] for word in value.split() if "=" in word)
    return bool(_VALUE.search(value)) or any(_NAME.search(name) for name in names)
