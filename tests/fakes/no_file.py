"""Finds no pictures and exits with 0, as sd-scripts does."""

from __future__ import annotations

from good import say

say("2026-11-22 22:47:40 INFO     prepare tokenizer                                   train_util.py:1")
say(
    "2026-11-22 22:47:45 ERROR    No data found. Please verify arguments (train_data_dir must be the parent"
    " of folders with images) / 画像がありません。                          train_network.py:577"
)
