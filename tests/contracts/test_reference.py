"""The settings reference is up to date, and what people read is easy to read."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from lora_core.options import TrainingOptions, reference
from lora_core.options.glossary import GLOSSARY, words_in
from lora_core.options.groups.folder import FOLDER_OPTIONS

PROJECT = Path(__file__).resolve().parents[2]
OPTIONS = [*TrainingOptions(), *FOLDER_OPTIONS.values()]

ELSEWHERE = {"overfitting", "VRAM", "checkpoint", "scheduler", "cache"}
"""Words that forecasts and messages use."""

GRADE = 9.0
"""School grade that explanations may ask for on average (Flesch-Kincaid)."""


def test_the_settings_reference_is_up_to_date() -> None:
    kept = (PROJECT / "docs" / "settings.md").read_text("utf-8")
    assert kept == reference.markdown(), "Run: python -m lora_core.options.reference docs/settings.md"


def test_explanations_are_easy_to_read(record_property: pytest.RecordProperty) -> None:
    textstat = pytest.importorskip("textstat")
    grades = {o.name: textstat.flesch_kincaid_grade(o.doc) for o in OPTIONS}
    deep = [
        textstat.flesch_kincaid_grade(text) for o in OPTIONS for text in (o.meta.more, o.meta.cost) if text
    ]
    record_property("grade", statistics.mean(grades.values()))
    assert statistics.mean(grades.values()) <= GRADE
    assert statistics.mean(deep) <= GRADE
    hard = {name: grade for name, grade in grades.items() if grade > GRADE + 3}
    assert not hard


def test_the_glossary_is_easy_to_read_and_used() -> None:
    textstat = pytest.importorskip("textstat")
    assert statistics.mean(textstat.flesch_kincaid_grade(text) for text in GLOSSARY.values()) <= GRADE
    text = " ".join(f"{o.label} {o.doc} {o.meta.more} {o.meta.deep} {o.meta.cost}" for o in OPTIONS)
    assert not set(GLOSSARY) - set(words_in(text)) - ELSEWHERE


def test_words_are_found_in_plural_and_not_inside_others() -> None:
    assert words_in("Epochs and batches; the LoRA, tokens.") == ("epoch", "batch", "LoRA", "token")
    assert words_in("misstep weighted staging") == ()
