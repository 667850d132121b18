from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.bridge import Bridge
from app.widgets.training import TrainingWidget
from lora_core.options import GROUPS, TrainingOptions
from lora_core.session import Session
from lora_core.workspace import Workspace


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge(period=0.02)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def widget(home: Path, bridge: Bridge) -> TrainingWidget:
    return TrainingWidget(Session(Workspace(home)), bridge=bridge)


def until(bridge: Bridge, fits: Callable[[], bool]) -> None:
    """Be the page until something holds."""
    pause = threading.Event()
    for _ in range(1500):
        bridge.drain()
        if fits():
            return
        pause.wait(0.02)
    pytest.fail("It never came to hold.")


def do(widget: TrainingWidget, **message: Any) -> None:
    """What the page sends when a person does something."""
    widget.view.outbox = [{"seq": widget.view.ack + 1, **message}]


def test_every_group_has_its_card_and_there_is_one_primary_button(widget: TrainingWidget) -> None:
    texts = [widget.view.text(slot) for slot in widget.view.slots]
    html = "".join(texts)
    for kind in GROUPS:
        shown = any(widget.session.options.applies(option.name) for option in kind.options())
        assert (f'id="group-{kind.key()}"' in html) is shown, kind
    assert html.count('class="primary"') == 1


def test_start_waits_for_the_check_and_then_for_the_errors(widget: TrainingWidget, bridge: Bridge) -> None:
    assert 'aria-disabled="true"' in widget.view.text("aside")
    until(bridge, lambda: "No folder with pictures" in widget.view.text("aside"))
    assert 'aria-disabled="true"' in widget.view.text("aside")
    assert "choose the pictures" in widget.view.text("head")


def test_practice_pictures_fill_everything_in_and_steps_are_said(
    widget: TrainingWidget, bridge: Bridge
) -> None:
    do(widget, do="practice")
    until(bridge, lambda: "16 pictures × " in widget.view.text("aside"))
    options = widget.session.options
    assert Path(options["image_dir"]).is_dir()
    assert options["trigger_word"] == "zibbit"
    assert "No folder with pictures" not in widget.view.text("aside")
    do(widget, do="set", field="num_repeats", value=str(options["num_repeats"] + 1))
    before = widget.view.text("aside")
    until(bridge, lambda: widget.view.text("aside") != before)
    assert f"× {options['num_repeats']} repeats" in widget.view.text("aside")


def test_a_half_typed_number_blocks_the_start_and_is_listed(widget: TrainingWidget) -> None:
    do(widget, do="set", field="network_dim", value="lots")
    assert "“lots” is not a number" in widget.view.text("aside")
    assert 'data-v="lots"' in widget.view.text("group_network")
    do(widget, do="start")
    assert widget.session.runs() == []


def test_one_click_fix(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="set", field="output_name", value="my lora/1")
    until(bridge, lambda: any("output_name" in p.fix for p in widget.form.problems))
    at = next(n for n, p in enumerate(widget.form.problems) if "output_name" in p.fix)
    do(widget, do="fix", arg=str(at))
    assert "/" not in widget.session.options["output_name"]
    until(bridge, lambda: not any("output_name" in p.fix for p in widget.form.problems))


def test_starting_with_errors_starts_nothing_and_says_why(widget: TrainingWidget) -> None:
    do(widget, do="set", field="image_dir", value="/no/such/folder")
    do(widget, do="start")
    assert "Error" in widget.view.text("aside")
    assert widget.session.runs() == []


def test_a_fresh_page_blames_nobody_and_one_button_fills_it_in(
    widget: TrainingWidget, bridge: Bridge
) -> None:
    do(widget, do="start")
    aside = widget.view.text("aside")
    assert "cannot train at 512 px" in aside
    assert "To do" in aside
    assert "Error" not in aside
    assert 'aria-invalid="true"' not in widget.view.text("group_dataset")
    assert "Use practice pictures" in aside
    do(widget, do="practice")
    until(bridge, lambda: "cannot train at" not in widget.view.text("aside"))
    assert "Use practice pictures" not in widget.view.text("aside")
    do(widget, do="set", field="resolution", value="256")
    until(bridge, lambda: "cannot train at 256 px" in widget.view.text("aside"))
    assert "Error" in widget.view.text("aside")
    assert 'aria-invalid="true"' in widget.view.text("group_dataset")
    assert widget.session.runs() == []


def test_what_will_run_is_shown_when_it_is_opened(widget: TrainingWidget, bridge: Bridge) -> None:
    assert "accelerate" not in widget.view.text("planned")
    do(widget, do="practice")
    do(widget, do="open", arg="plan")
    until(bridge, lambda: "train.toml" in widget.view.text("planned"))
    html = widget.view.text("planned")
    assert "Different from the preset Practice (0)" in html
    assert "network_dim = 8 (trainer&#39;s default: empty)" in html


def test_choosing_the_other_trainer_checks_for_it(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="practice")
    do(widget, do="set", field="engine", value="sd-scripts")
    assert widget.session.engine_name == "sd-scripts"
    until(bridge, lambda: "sd-scripts" in widget.view.text("aside"))


def test_a_preset_shows_what_it_changes_before_it_does(widget: TrainingWidget, tmp_path: Path) -> None:
    widget.session.options["image_dir"] = str(tmp_path)
    before = widget.session.options.values()
    do(widget, do="set", field="begin-preset", value="sd15-style")
    assert "Show the changes" in widget.view.text("begin")
    assert "Numbers from" in widget.view.text("begin")
    assert widget.session.options.values() == before
    do(widget, do="use-preset")
    assert widget.session.options.values() != before
    assert widget.session.options["image_dir"] == str(tmp_path)
    assert "Changed" in widget.view.text("group_dataset")
    assert "is in use" in widget.view.text("begin")


def test_three_questions_lead_to_a_proposal_that_is_taken_or_left(widget: TrainingWidget) -> None:
    do(widget, do="propose")
    assert "answer all three" in widget.view.text("begin")
    for name, value in (("goal", "style"), ("model", "sdxl:noobai_vpred"), ("pictures", "some")):
        do(widget, do="set", field=f"begin-{name}", value=value)
    do(widget, do="propose")
    assert "“some” is not a number of pictures" in widget.view.text("begin")
    do(widget, do="set", field="begin-pictures", value="30")
    do(widget, do="propose")
    assert "Proposal" in widget.view.text("begin")
    assert widget.session.options["family"] == "sd15"
    do(widget, do="use-proposal")
    options = widget.session.options
    assert (options["family"], options["v_parameterization"], options["zero_terminal_snr"]) == (
        "sdxl",
        True,
        True,
    )
    assert widget.form.options is options


def test_reading_depth_is_chosen_for_all_fields(widget: TrainingWidget) -> None:
    assert 'class="more deep"' not in widget.view.text("group_network")
    do(widget, do="set", field="depth", value="deep")
    assert 'class="more deep"' in widget.view.text("group_network")


def test_own_numbers_stand_beside_their_settings(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="practice")
    until(bridge, lambda: "For you: 16 pictures × 10 = 160 uses" in widget.view.text("group_dataset"))


def test_settings_are_kept_for_next_time(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="set", field="network_dim", value="5")

    def kept() -> bool:
        other = Session(widget.session.workspace)
        other.restore()
        return bool(other.options["network_dim"] == 5)

    until(bridge, kept)


def test_a_script_that_changes_the_session_changes_the_form(widget: TrainingWidget) -> None:
    widget.session.use_preset("practice")
    assert "zibbit" in widget.view.text("group_dataset")


def test_a_check_that_breaks_is_said_on_the_page(
    widget: TrainingWidget, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(widget.session, "check", fail)
    do(widget, do="set", field="network_dim", value="5")
    until(bridge, lambda: "disk on fire" in widget.view.text("aside"))


def test_the_outlook_is_reckoned_and_drawn(widget: TrainingWidget, bridge: Bridge) -> None:
    assert widget.view.text("outlook") == ""
    do(widget, do="practice")
    until(bridge, lambda: "LoRA file" in widget.view.text("aside"))
    html = widget.view.text("outlook")
    assert "64 × 64 px: 64 pictures" in html
    assert "Picture part: starts at" in html
    assert "Steps: 640" in html
    do(widget, do="set", field="price", value="2.5")
    until(bridge, lambda: "Cost" in widget.view.text("aside"))


def test_undo_redo_and_back_to_the_preset(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="practice")
    dim = widget.session.options["network_dim"]
    do(widget, do="set", field="network_dim", value=str(dim + 4))
    until(bridge, lambda: "1 setting changed since" in widget.view.text("aside"))
    do(widget, do="undo")
    assert widget.session.options["network_dim"] == dim
    assert "Taken back" in widget.view.text("aside")
    do(widget, do="redo")
    assert widget.session.options["network_dim"] == dim + 4
    do(widget, do="back-to-preset")
    assert widget.session.options["network_dim"] == dim
    assert widget.form.options is widget.session.options


def test_choosing_a_model_sets_what_belongs_to_it_and_says_so(widget: TrainingWidget) -> None:
    choices = list(TrainingOptions.option("family").choices.values())
    do(widget, do="set", field="family", value=str(choices.index("sdxl")))
    assert widget.session.options["resolution"] == 1024
    assert "Set together" in widget.view.text("aside")
    do(widget, do="undo")
    assert widget.session.options["family"] == "sd15"


def test_settings_of_another_tool_are_reported_before_they_are_used(widget: TrainingWidget) -> None:
    command = "accelerate launch train_network.py --network_module networks.lora --network_dim 24 --bogus 1"
    do(widget, do="set", field="import-text", value=command)
    do(widget, do="read-import")
    html = widget.view.text("handover")
    assert "command line" in html
    assert "bogus" in html
    assert widget.session.options["network_dim"] != 24
    do(widget, do="use-import")
    assert widget.session.options["network_dim"] == 24
    do(widget, do="set", field="import-text", value="what is this")
    do(widget, do="read-import")
    assert "Error" in widget.view.text("handover")
    before = widget.session.options.copy()
    do(widget, do="use-import")
    assert "Nothing has been read yet" in widget.view.text("handover")
    assert widget.session.options == before


def test_what_the_kohya_ss_page_cannot_hold_is_said(widget: TrainingWidget) -> None:
    do(widget, do="practice")
    do(widget, do="set", field="export-target", value="kohya-ss")
    assert "cannot hold" not in widget.view.text("handover")
    widget.session.options.update({"huggingface_upload": True, "huggingface_repo_id": "me/mine"})
    do(widget, do="set", field="export-paths", value=True)
    assert "cannot hold: Repository" in widget.view.text("handover")


@pytest.mark.parametrize(
    ("target", "words"), [("workbench", "[network]"), ("sd-scripts", "train.toml"), ("kohya-ss", "LoRA_type")]
)
def test_settings_are_written_for_other_tools_without_paths(
    widget: TrainingWidget, target: str, words: str, tmp_path: Path
) -> None:
    do(widget, do="practice")
    do(widget, do="set", field="export-target", value=target)
    assert words in widget.view.text("handover")
    folder = widget.session.options["image_dir"]
    assert folder not in widget.view.text("handover")
    do(widget, do="set", field="export-paths", value=True)
    assert Path(folder).name in widget.view.text("handover")


def test_own_presets_are_kept_renamed_shared_and_put_into_the_bin(widget: TrainingWidget) -> None:
    def told() -> str:
        return widget.view.text("begin")

    do(widget, do="own-save")
    assert "Error" in told()
    do(widget, do="set", field="own-title", value="My way")
    do(widget, do="own-save")
    assert "“My way” is kept" in told()
    assert re.search(r'<optgroup label="Yours"><option[^>]*>My way</option>', told())
    do(widget, do="set", field="own-chosen", value=next(p.name for p in widget.session.presets() if p.own))
    do(widget, do="set", field="own-new-title", value="Another way")
    do(widget, do="own-rename")
    assert re.search(r'<optgroup label="Yours"><option[^>]*>Another way</option>', told())
    do(widget, do="own-share")
    assert "[network]" in told()
    do(widget, do="own-delete")
    assert '<optgroup label="Yours">' not in told()
    assert list((widget.session.workspace.presets / "bin").iterdir())


def test_reading_depth_and_price_are_there_again(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="set", field="depth", value="short")
    do(widget, do="set", field="price", value="0.75")
    again = TrainingWidget(widget.session, bridge=bridge)
    assert again.form.depth == "short"
    do(again, do="practice")
    until(bridge, lambda: "Cost" in again.view.text("aside"))
    page = widget.session.workspace.root / "page.json"
    page.write_text("[broken", "utf-8")
    assert TrainingWidget(widget.session, bridge=bridge).form.depth == "normal"


def test_what_practice_cannot_train_brings_the_real_trainer_along(widget: TrainingWidget) -> None:
    for field, value in (("goal", "character"), ("model", "sdxl:illustrious"), ("pictures", "18")):
        do(widget, do="set", field=f"begin-{field}", value=value)
    do(widget, do="set", field="begin-memory", value="12")
    do(widget, do="propose")
    assert "Trainer: practice → sd-scripts" in widget.view.text("begin")
    assert "12 GB" in widget.view.text("begin")
    assert widget.session.engine_name == "practice"
    do(widget, do="use-proposal")
    assert widget.session.engine_name == "sd-scripts"
    assert "Trainer: practice → sd-scripts" in widget.view.text("begin")
    do(widget, do="undo")
    assert widget.session.engine_name == "practice"
    assert widget.session.options["family"] == "sd15"


def test_choosing_the_trainer_is_a_step_to_undo(widget: TrainingWidget) -> None:
    do(widget, do="set", field="engine", value="sd-scripts")
    assert "Last change: Trainer: practice → sd-scripts" in widget.view.text("aside")
    do(widget, do="undo")
    assert widget.session.engine_name == "practice"


def test_practice_pictures_with_a_trainer_that_is_not_installed(widget: TrainingWidget) -> None:
    do(widget, do="set", field="engine", value="sd-scripts")
    do(widget, do="practice")
    assert widget.session.engine_name == "practice"
    assert widget.session.options["pretrained_model_name_or_path"] == ""


def test_a_second_press_on_start_starts_no_second_training(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="practice")
    until(bridge, lambda: 'aria-disabled="true" data-do="start"' not in widget.view.text("aside"))
    do(widget, do="start")
    do(widget, do="start")
    runs = widget.session.runs()
    try:
        assert len(runs) == 1
        assert "Already running" in widget.view.text("aside")
        until(bridge, lambda: "watch it under" in widget.view.text("head"))
    finally:
        for run in widget.session.runs():
            run.stop()
            run.wait(60)


def test_pictures_that_change_on_the_disk_are_looked_at_again(
    widget: TrainingWidget, bridge: Bridge, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    do(widget, do="set", field="image_dir", value=str(tmp_path))
    until(bridge, lambda: "broken.png" in widget.view.text("aside"))
    (tmp_path / "broken.png").unlink()
    until(bridge, lambda: "broken.png" not in widget.view.text("aside"))


def test_what_changed_since_the_preset_is_listed_beside_start(widget: TrainingWidget, bridge: Bridge) -> None:
    do(widget, do="practice")
    do(widget, do="set", field="network_dim", value="5")
    until(bridge, lambda: "1 setting changed since</summary>" in widget.view.text("aside"))
    assert "<li>Rank (dim): 8 → 5</li>" in widget.view.text("aside")
