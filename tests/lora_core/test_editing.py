from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lora_core import goals
from lora_core.errors import InputError
from lora_core.options import TrainingOptions, families
from lora_core.presets import list_presets, load_preset, own
from lora_core.session import Session
from lora_core.workspace import Workspace


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Workspace(tmp_path / "home"))


def test_a_change_is_told_and_can_be_taken_back(session: Session) -> None:
    kept = session.options
    found = session.change({"network_dim": 32})
    assert [change.text for change in found] == ["Rank (dim): 16 → 32"]
    assert session.options is kept, "a form goes on with the set that it shows"
    assert session.undo_label == "Rank (dim): 16 → 32"
    assert session.undo() == "Rank (dim): 16 → 32"
    assert session.options["network_dim"] == 16
    assert session.options is not kept, "a form draws anew"
    assert (session.undo_label, session.redo_label) == ("", "Rank (dim): 16 → 32")
    assert session.redo() == "Rank (dim): 16 → 32"
    assert session.options["network_dim"] == 32


def test_nothing_to_take_back(session: Session) -> None:
    before = session.options
    assert (session.undo_label, session.redo_label, session.undo(), session.redo()) == ("", "", "", "")
    assert session.options is before


def test_a_value_that_cannot_be_used_changes_nothing(session: Session) -> None:
    with pytest.raises(InputError):
        session.change({"network_dim": 8, "seed": -1})
    assert session.options == TrainingOptions()
    assert session.undo_label == ""


def test_options_set_directly_are_steps_too(session: Session) -> None:
    session.options["network_dim"] = 32
    session.touch()
    session.options["network_dim"] = 64
    assert session.undo_label == "Rank (dim): 16 → 64", "edits of one field are one step"
    session.options.update({"seed": 7, "flip_aug": True})
    assert session.undo() == "2 settings"
    assert session.undo() == "Rank (dim): 16 → 64"
    assert session.options == TrainingOptions()


def test_a_list_changed_in_place_is_a_step(session: Session) -> None:
    session.options["optimizer_args"] = ["weight_decay=0.1"]
    session.touch()
    session.change({"seed": 7})
    session.options["optimizer_args"].append("betas=0.9,0.99")
    session.undo()
    assert session.options["optimizer_args"] == ["weight_decay=0.1"]
    assert session.options["seed"] == 7


def test_options_are_read_again_only_once_one_was_set(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[TrainingOptions] = []
    values = TrainingOptions.values
    monkeypatch.setattr(TrainingOptions, "values", lambda self: (read.append(self), values(self))[1])
    session.options["network_dim"] = 32
    assert session.undo_label == "Rank (dim): 16 → 32"
    read.clear()
    assert (session.undo_label, session.redo_label, session.baseline) == ("Rank (dim): 16 → 32", "", "")
    assert read == []
    session.options["seed"] = 7
    assert session.undo_label.endswith("7")
    assert len(read) == 1


def test_a_set_put_in_place_directly_is_a_step(session: Session) -> None:
    session.options = TrainingOptions(network_dim=3)
    assert session.undo_label == "Rank (dim): 16 → 3"
    session.options["seed"] = 7
    session.undo()
    assert session.options["network_dim"] == 3
    session.undo()
    assert session.options["network_dim"] == 16


def test_everything_can_be_taken_back_in_turn(session: Session) -> None:
    states: list[dict[str, Any]] = [session.options.values()]
    session.change({"image_dir": "/pictures", "trigger_word": "ohwxcat"}, "Pictures")
    states.append(session.options.values())
    session.use_preset("sdxl-style")
    states.append(session.options.values())
    session.use_preset("prodigy")
    states.append(session.options.values())
    session.choose_model("flux", "dev")
    states.append(session.options.values())
    for state in reversed(states[:-1]):
        session.undo()
        assert session.options.values() == state
    for state in states[1:]:
        session.redo()
        assert session.options.values() == state


def test_watchers_are_told(session: Session) -> None:
    seen: list[Any] = []
    session.param.watch(seen.append, "changed")
    session.change({"seed": 1})
    session.use_preset("sdxl-style")
    session.undo()
    session.redo()
    session.choose_model("sdxl", "noobai_vpred")
    session.back_to_preset()
    assert len(seen) == 6


def test_a_preset_is_shown_before_it_is_applied(session: Session) -> None:
    session.change({"image_dir": "/pictures"})
    before = session.options.values()
    found = session.preview("sdxl-style")
    assert session.options.values() == before
    session.use_preset("sdxl-style")
    assert session.undo_label == f"Style, SDXL: {len(found)} settings"
    assert session.options["image_dir"] == "/pictures"
    assert session.preview("sdxl-style") == []


def test_back_to_the_preset(session: Session) -> None:
    assert (session.baseline, session.differences(), session.back_to_preset()) == (
        "",
        session.differences(),
        [],
    )
    session.use_preset("sdxl-style")
    session.use_preset("prodigy")
    assert session.baseline == "Style, SDXL + Prodigy (automatic rate)"
    assert session.differences() == []
    session.change({"network_dim": 4})
    session.change({"image_dir": "/pictures", "trigger_word": "ohwxcat"})
    assert [change.name for change in session.differences()] == ["network_dim"], (
        "what is personal is no difference"
    )
    assert [change.text for change in session.back_to_preset()] == ["Rank (dim): 4 → 16"]
    assert session.options["image_dir"] == "/pictures"
    assert session.undo_label == "Back to Style, SDXL + Prodigy (automatic rate): 1 setting"
    session.undo()
    assert session.options["network_dim"] == 4


def test_without_a_preset_there_is_nothing_to_go_back_to(session: Session) -> None:
    session.change({"network_dim": 4})
    assert session.differences() == []
    assert session.back_to_preset() == []
    session.use_preset("large-set")
    assert session.baseline == "Many pictures"


def test_undo_brings_the_former_baseline_back(session: Session) -> None:
    session.use_preset("sd15-style")
    session.use_preset("sdxl-style")
    session.undo()
    assert session.baseline == "Style, SD 1.5"
    assert session.differences() == []
    session.undo()
    assert session.baseline == ""


def test_a_v_prediction_model_sets_all_that_belongs_to_it(session: Session) -> None:
    found = session.choose_model("sdxl", "noobai_vpred")
    together = {"v_parameterization", "zero_terminal_snr", "scale_v_pred_loss_like_noise_pred"}
    assert together <= {change.name for change in found}
    assert session.undo_label == f"NoobAI XL v-pred: {len(found)} settings"
    session.change({"network_dim": 5})
    session.choose_model("sdxl", "illustrious")
    assert not any(session.options[name] for name in together)
    assert session.options["network_dim"] == 5
    with pytest.raises(InputError):
        session.choose_model("sdxl", "anime")


def test_what_belonged_to_the_former_model_goes_with_it(session: Session) -> None:
    session.choose_model("flux", "chroma")
    assert session.options["apply_t5_attn_mask"]
    assert session.options["min_snr_gamma"] is None
    session.change({"gradient_checkpointing": False})
    session.choose_model("sd15")
    default = TrainingOptions()
    for name in (
        "apply_t5_attn_mask",
        "min_snr_gamma",
        "mixed_precision",
        "network_train_unet_only",
        "shuffle_caption",
    ):
        assert session.options[name] == default[name], name


def test_a_proposal_is_taken_over_and_keeps_what_is_personal(session: Session) -> None:
    session.change({"image_dir": "/pictures", "prompts": ["ohwxcat"]})
    proposal = goals.propose("character", "sdxl", "pony", pictures=25, vram_gb=12)
    session.use_proposal(proposal)
    for name, value in proposal.values.items():
        assert session.options[name] == value
    assert (session.options["image_dir"], session.options["prompts"]) == ("/pictures", ["ohwxcat"])
    assert session.baseline == proposal.title
    session.undo()
    assert session.options["family"] == "sd15"


def test_own_presets_are_used_like_others(session: Session) -> None:
    own.save(session.workspace.presets, "Cats", TrainingOptions(network_dim=12))
    assert session.presets()[-1].title == "Cats"
    session.use_preset("cats")
    assert session.options["network_dim"] == 12
    assert session.baseline == "Cats"


def test_a_model_brings_its_learning_rates_unless_others_were_chosen(session: Session) -> None:
    session.choose_model("sdxl")
    assert (session.options["unet_lr"], session.options["text_encoder_lr"]) == (3e-4, 6e-5)
    session.choose_model("sd15")
    assert (session.options["unet_lr"], session.options["text_encoder_lr"]) == (5e-4, 1e-4)
    session.change({"unet_lr": 1.0, "text_encoder_lr": 1.0, "optimizer_type": "Prodigy"})
    session.choose_model("sdxl")
    assert (session.options["unet_lr"], session.options["text_encoder_lr"]) == (1.0, 1.0)


@pytest.mark.parametrize("family", families.FAMILIES)
def test_usual_rates_are_those_of_the_familys_presets(family: str) -> None:
    rates = families.rates(family)
    sets = [p for p in list_presets() if p.family == family and not p.modifier and p.name != "practice"]
    found = [load_preset(preset.name)["unet_lr"] for preset in sets]
    assert rates["unet_lr"] in found
