from __future__ import annotations

import pytest

from app import optimizer_form
from app.components import Message
from app.forms import Form
from lora_core.errors import InputError
from lora_core.options import TrainingOptions
from lora_core.options.optimizers import OPTIMIZERS


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_argument_is_a_field_that_keeps_its_default(name: str) -> None:
    options = TrainingOptions()
    if name not in options.option("optimizer_type").choices.values():
        pytest.skip("not offered yet")
    options["optimizer_type"] = name
    options["optimizer_args"] = []
    form = Form(options)
    html = form.field(TrainingOptions.option("optimizer_args"))
    for one in optimizer_form.arguments(options):
        assert f'id="f-optimizer_args.{one.name}"' in html
        assert one.meant(one.default) == one.argument.default


def form_with(name: str, *arguments: str) -> Form:
    return Form(TrainingOptions(optimizer_type=name, optimizer_args=list(arguments)))


def test_an_argument_is_set_kept_beside_others_and_set_back() -> None:
    form = form_with("AdamW", "betas=[0.9,0.99]", "strange=1")
    form.take(Message("set", field="optimizer_args.weight_decay", value="0.05"))
    assert form.options["optimizer_args"] == ["betas=[0.9,0.99]", "strange=1", "weight_decay=0.05"]
    assert optimizer_form.values(form.options)["betas"] == "0.9, 0.99"
    form.take(Message("set", field="optimizer_args.betas", value="0.8, 0.95"))
    assert "betas=[0.8,0.95]" in form.options["optimizer_args"]
    form.take(Message("reset", arg="optimizer_args.betas"))
    assert form.options["optimizer_args"] == ["strange=1", "weight_decay=0.05"]


def test_what_is_no_number_is_kept_as_typed_and_said() -> None:
    form = form_with("AdamW")
    form.take(Message("set", field="optimizer_args.betas", value="a, b"))
    html = form.field(TrainingOptions.option("optimizer_args"))
    assert "not a list of numbers" in html
    assert form.draft_problems[0].fields == ("optimizer_args",)
    with pytest.raises(InputError):
        optimizer_form.argument(form.options, "nope")
