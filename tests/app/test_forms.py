from __future__ import annotations

import re
from typing import Any

import pytest

from app.components import Message
from app.forms import Form, fix_button
from app.values import choices_of, said, understood, written
from lora_core.errors import InputError, Level, Problem
from lora_core.options import GROUPS, Option, TrainingOptions

OPTIONS = list(TrainingOptions())


def form_with(**values: Any) -> Form:
    return Form(TrainingOptions(**values))


def first(kind: str, *, optional: bool) -> Option:
    return next(o for o in OPTIONS if o.kind == kind and o.optional is optional)


SINGLE = [option for option in OPTIONS if option.kind != "folders"]
"""Options that are one control each."""


@pytest.mark.parametrize("option", SINGLE, ids=lambda o: o.name)
def test_every_option_is_rendered_named_and_explained(option: Option) -> None:
    html = Form(TrainingOptions()).field(option)
    assert f'id="f-{option.name}"' in html
    assert f'for="f-{option.name}"' in html or f'aria-labelledby="label-{option.name}"' in html
    assert f'id="explain-{option.name}"' in html
    unit = f"unit-{option.name} " if option.meta.unit else ""
    assert f'aria-describedby="{unit}explain-{option.name} problem-' in html
    assert option.key in html


@pytest.mark.parametrize("option", SINGLE, ids=lambda o: o.name)
def test_what_is_written_is_understood_as_the_same_value(option: Option) -> None:
    raw = written(option, option.default)
    back = understood(option, raw == "true" if option.kind == "boolean" and not option.optional else raw)
    assert back == option.default
    assert type(back) is type(option.default) or isinstance(back, (int, float))


@pytest.mark.parametrize("value", [1e-7, 1e-4, 0.0, 1.0, 0.05, 123456.789])
def test_numbers_are_written_readably_and_exactly(value: float) -> None:
    option = TrainingOptions.option("unet_lr")
    text = written(option, value)
    assert float(text) == value
    assert "e-0" not in text
    assert not text.endswith(".0")


def test_none_zero_and_empty_are_kept_apart() -> None:
    number = first("number", optional=True)
    assert understood(number, "") is None
    assert understood(number, "0") == 0.0
    assert understood(number, "0") is not None
    with pytest.raises(InputError, match="empty"):
        understood(first("integer", optional=False), " ")
    assert understood(first("text", optional=False), "") == ""
    assert understood(first("text", optional=True), "") is None


@pytest.mark.parametrize(
    ("raw", "words"), [("abc", "not a number"), ("1,5", "comma"), ("nan", "finite"), ("inf", "finite")]
)
def test_what_is_no_number_is_refused_with_a_reason(raw: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        understood(TrainingOptions.option("unet_lr"), raw)


def test_whole_numbers() -> None:
    option = TrainingOptions.option("network_dim")
    assert understood(option, " 32 ") == 32
    assert understood(option, "1e2") == 100
    with pytest.raises(InputError, match="whole"):
        understood(option, "1.5")


def test_lines_become_texts() -> None:
    option = TrainingOptions.option("prompts")
    assert understood(option, "a cat\n\n  a dog \n") == ["a cat", "a dog"]


def test_bad_text_stays_in_the_field_with_its_problem_and_the_old_value_is_kept() -> None:
    form = form_with(network_dim=8)
    assert form.take(Message("set", field="network_dim", value="many"))
    assert form.options["network_dim"] == 8
    html = form.field(TrainingOptions.option("network_dim"))
    assert 'data-v="many"' in html
    assert 'aria-invalid="true"' in html
    assert "Error" in html
    assert "not a number" in html
    assert [p.fields for p in form.draft_problems] == [("network_dim",)]
    form.take(Message("set", field="network_dim", value="12"))
    assert form.options["network_dim"] == 12
    assert not form.draft_problems


def test_a_value_out_of_bounds_is_a_problem_at_its_field() -> None:
    form = form_with()
    form.take(Message("set", field="network_dim", value="0"))
    assert form.draft_problems[0].fields == ("network_dim",)
    assert "✖" in form.field(TrainingOptions.option("network_dim"))


def test_changed_mark_and_the_way_back() -> None:
    option = TrainingOptions.option("network_dim")
    form = form_with()
    assert "Changed" not in form.field(option)
    form.take(Message("set", field="network_dim", value="4"))
    html = form.field(option)
    assert "Changed" in html
    assert f"Default: {option.default}" in html
    assert form.take(Message("reset", "network_dim"))
    assert form.options["network_dim"] == option.default
    assert "Changed" not in form.field(option)


def test_back_to_default_does_not_share_a_list() -> None:
    form = form_with(prompts=["x"])
    form.take(Message("reset", "prompts"))
    form.options["prompts"].append("y")
    assert TrainingOptions.option("prompts").default == []


def _names(kind: Any) -> list[str]:
    return [option.name for option in kind.options()]


@pytest.mark.parametrize("kind", GROUPS, ids=lambda k: k.key())
def test_fold_is_filled_only_when_opened(kind: Any) -> None:
    form = form_with()
    advanced = [o for o in kind.options() if o.meta.advanced and form.options.applies(o.name)]
    closed = form.group(kind)
    if not any(form.options.applies(o.name) for o in kind.options()):
        assert closed == ""
        return
    assert kind.purpose in closed.unescape()
    assert all(f'id="explain-{o.name}"' not in closed for o in advanced)
    if not advanced:
        return
    title = "Settings" if len(advanced) == sum(map(form.options.applies, _names(kind))) else "More settings"
    assert f"{title} ({len(advanced)})" in closed
    form.take(Message("open", kind.key()))
    opened = form.group(kind)
    assert all(f'id="explain-{o.name}"' in opened for o in advanced)


def test_fold_tells_of_changes_and_errors_inside() -> None:
    form = form_with(keep_tokens=3)
    dataset = next(kind for kind in GROUPS if kind.key() == "dataset")
    assert "1 changed" in form.group(dataset)
    form.problems = [Problem(Level.ERROR, ("keep_tokens",), "Wrong.")]
    assert "1 to look at" in form.group(dataset)


def test_options_that_do_not_apply_are_hidden() -> None:
    hidden = [o for o in OPTIONS if o.meta.applies and not TrainingOptions().applies(o.name)]
    assert hidden
    form = form_with()
    for option in hidden:
        kind = next(k for k in GROUPS if k.key() == option.group)
        form.take(Message("open", option.group))
        assert f'id="f-{option.name}"' not in form.group(kind)


def test_problem_is_beside_its_field_with_word_sign_and_one_fix() -> None:
    form = form_with(network_dim=8)
    problem = Problem(Level.WARNING, ("network_dim",), "Small.", "Why.", "Raise it.", {"network_dim": 16})
    form.problems = [problem]
    html = form.field(TrainingOptions.option("network_dim"))
    assert "⚠" in html
    assert "Warning" in html
    assert "Small." in html
    assert "Raise it." in html
    assert len(re.findall('data-do="fix"', html)) == 1
    assert fix_button(Problem(Level.NOTE, ("network_dim",), "x"), [problem]) is None


def test_what_a_person_types_cannot_become_html() -> None:
    form = form_with()
    form.take(Message("set", field="image_dir", value='"><img src=x onerror=alert(1)>'))
    assert "<img" not in form.field(TrainingOptions.option("image_dir"))


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.kind == "choice"], ids=lambda o: o.name)
def test_every_choice_can_be_chosen_and_said(option: Option) -> None:
    form = form_with()
    for at, (label, value) in enumerate(choices_of(option)):
        form.take(Message("set", field=option.name, value=str(at)))
        assert form.options[option.name] == value
        if value is not None:
            assert said(option, value) == label


def folder_form() -> Form:
    form = form_with(flip_aug=True)
    form.take(Message("add-folder"))
    return form


def test_a_folder_can_be_added_filled_in_and_removed() -> None:
    form = folder_form()
    assert form.options["more_folders"] == [{"image_dir": ""}]
    for name, raw in (("image_dir", "/other"), ("num_repeats", "4"), ("is_reg", True)):
        assert form.take(Message("set", field=f"more_folders.0.{name}", value=raw))
    assert form.options["more_folders"] == [{"image_dir": "/other", "num_repeats": 4, "is_reg": True}]
    form.take(Message("reset", arg="more_folders.0.num_repeats"))
    assert "num_repeats" not in form.options["more_folders"][0]
    form.take(Message("remove-folder", arg="0"))
    assert form.options["more_folders"] == []


def test_what_is_half_typed_in_a_folder_is_kept_and_blocks() -> None:
    form = folder_form()
    form.take(Message("set", field="more_folders.0.num_repeats", value="many"))
    html = form.field(TrainingOptions.option("more_folders"))
    assert 'value="many"' in html
    assert "not a number" in html
    assert form.draft_problems[0].fields == ("more_folders",)
    form.take(Message("remove-folder", arg="0"))
    assert form.draft_problems == []


def test_an_empty_setting_of_a_folder_is_as_in_the_main_folder() -> None:
    form = folder_form()
    form.take(Message("open", arg="more_folders.0"))
    html = form.field(TrainingOptions.option("more_folders"))
    assert "As the main folder" in html
    flip = TrainingOptions.option("more_folders")
    form.take(Message("set", field="more_folders.0.flip_aug", value="2"))  # the third choice: off
    assert form.options["more_folders"][0]["flip_aug"] is False
    form.take(Message("set", field="more_folders.0.flip_aug", value="0"))
    assert "flip_aug" not in form.options["more_folders"][0]
    assert 'id="f-more_folders.0.flip_aug"' in form.field(flip)


@pytest.mark.parametrize("depth", ["short", "normal", "deep"])
def test_reading_depth_opens_more_of_the_explanation(depth: str) -> None:
    form = form_with()
    form.depth = depth
    option = TrainingOptions.option("network_dim")
    html = form.field(option)
    sentences = option.doc.split(". ")
    at_once = html.split('id="explain-network_dim">')[1].split("</p>")[0]
    assert (sentences[1][:20] in at_once) is (depth != "short")
    assert ("More about this" in html) is (depth != "deep")
    assert "Words used here" in html
    assert option.meta.more[:30] in html


def test_only_the_lines_of_the_chosen_family_are_offered() -> None:
    option = TrainingOptions.option("model_variant")
    html = form_with(family="flux").field(option)
    offered = re.findall(r"<option[^>]*>([^<]*)</option>", html)
    assert offered[:2] == ["Not chosen", "The plain one"]
    assert "FLUX.1: Chroma" in offered
    assert all(name.startswith("FLUX.1: ") for name in offered[2:])
    elsewhere = form_with(family="flux", model_variant="illustrious").field(option)
    assert "SDXL: Illustrious XL</option>" in elsewhere
    assert "Default: Not chosen" in elsewhere


def test_a_fix_of_lines_names_the_lines() -> None:
    problem = Problem(Level.WARNING, ("optimizer_args",), "what", fix={"optimizer_args": ["a=1", "b=2"]})
    assert "Set Optimizer arguments = a=1, b=2" in str(fix_button(problem, [problem]))
