"""The page: form, cards around it, checks, Start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from app import host, notices, page_state
from app.bridge import Bridge, Update, bridge_for
from app.components import Html, Message, h, live_class
from app.fields import DEPTHS
from app.forms import Form
from app.values import understood
from app.widgets import page, words
from app.widgets.training import outlook, running, start
from app.widgets.training.beginnings import Beginnings
from app.widgets.training.finder import Finder
from app.widgets.training.handover import Handover
from app.widgets.training.outlook import Looker, Outlook
from app.widgets.training.running import Running
from lora_core import explain
from lora_core.datasets.steps import StepCount
from lora_core.errors import Level, OptionsInvalid, Problem, WorkbenchError
from lora_core.options import GROUPS, families
from lora_core.presets import Change
from lora_core.presets.changes import count as count_of
from lora_core.session import Session

logger = logging.getLogger(__name__)

_STEPS = ("undo", "redo", "back-to-preset", "take-theirs", "keep-mine")
_GROUP_SLOTS = {kind: f"group_{kind.key()}" for kind in GROUPS}
_View = live_class(
    "TrainingView",
    ("head", "aside", "begin", "reading", "finder", *_GROUP_SLOTS.values(), "outlook", "handover", "planned"),
)


@dataclass(frozen=True)
class _Checked:
    """What the background found out: problems, length, plan, the last run, own numbers, pictures, forecast,
    and what differs from the preset."""

    problems: list[Problem]
    count: StepCount | None
    plan: Running
    last: str
    notes: dict[str, str]
    pictures: int
    outlook: Outlook
    away: list[Change]


class TrainingWidget(host.Part):
    """The form, its checks and Start.

    Args:
        session: what is edited and started.
        on_started: called with the run after a start, to lead on to the Execution page.
        bridge: hands over between background and page; by default the page's own.
    """

    def __init__(
        self,
        session: Session,
        on_started: Callable[[Any], None] | None = None,
        *,
        bridge: Bridge | None = None,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self.session = session
        self.form = Form(session.options)
        self.begin = Beginnings(session)
        self.handover = Handover(session)
        self.finder = Finder(self.form)
        self._looker = Looker(session)
        self._outlook = Outlook()
        self._away: list[Change] = []
        kept = page_state.load(session.workspace)
        self.form.depth = kept.get("depth", "") if kept.get("depth") in DEPTHS else self.form.depth
        self._price = kept.get("price", "")
        self._read_price()
        self._settings: dict[str, Callable[[Message], None]] = {
            "engine": self._set_engine,
            "depth": self._set_depth,
            "price": self._set_price,
            "family": self._choose_model,
            "model_variant": self._choose_model,
        }
        """Controls that are more than an option, and what sets them."""
        self._on_started = on_started
        self._count: StepCount | None = None
        self._checked = False
        self._said: Html | str = ""
        self._plan_open, self._plan = False, Running()
        self._last = ""
        self.view = _View()
        self.view.on_message = self._take
        self._bridge: Bridge = bridge or bridge_for(session)
        session.param.watch(lambda event: self._session_changed(), ["changed", "engine_name"])
        self._render()
        self._check_soon(delay=0.0)

    def __panel__(self) -> Any:
        return self.view

    @property
    def problems(self) -> list[Problem]:
        """All problems known now: of what was typed, and of what checking found."""
        return [*self.form.draft_problems, *self.form.problems]

    # What people do

    def _take(self, message: Message) -> None:
        fold = message.do in ("open", "close")
        if self.finder.take(message):
            self._render()
            return
        if not fold:
            self._said = ""
        if message.do == "start":
            self._start()
            return
        if fold and message.arg == "plan":
            self._plan_open = message.do == "open"
            self._check_soon(delay=0.0)
        elif not self._taken(message):
            return
        if not fold:
            self._check_soon()
        self._render()

    def _taken(self, message: Message) -> bool:
        """Pass a message on to whom it concerns. False if it changed nothing."""
        if self.begin.take(message) or self.handover.take(message):
            self._follow_options()
        elif message.do in _STEPS:
            self._step(message.do)
        elif message.do == "practice":
            self._use_practice()
        elif message.do == "fix":
            self.form.apply(dict(self.form.problems[int(message.arg)].fix))
        elif message.do == "set" and message.field in self._settings:
            self._settings[message.field](message)
        else:
            return self.form.take(message)
        return True

    def _set_engine(self, message: Message) -> None:
        self.session.engine_name = message.value

    def _set_depth(self, message: Message) -> None:
        if message.value in DEPTHS:
            self.form.depth = str(message.value)
            page_state.keep(self.session.workspace, {"depth": self.form.depth})

    def _choose_model(self, message: Message) -> None:
        """Family and variant bring along what belongs to them, and that is said."""
        value = understood(self.form.options.option(message.field), message.value)
        family, variant = (
            (value, "") if message.field == "family" else (self.form.options["family"], value or "")
        )
        changes = self.session.choose_model(family, variant)
        self._follow_options()
        note = families.family(family).variants[variant].note if variant else ""
        told = [change.text for change in changes[1:]]
        if told:
            self._said = notices.notice(
                "note", "ℹ", "Set together", note or "These belong to the model.", button=page.listed(*told)
            )

    def _set_price(self, message: Message) -> None:
        self._price = str(message.value).strip()
        page_state.keep(self.session.workspace, {"price": self._price})
        self._read_price()

    def _read_price(self) -> None:
        try:
            self._looker.price = float(self._price) if self._price else None
        except ValueError:
            self._looker.price = None

    def _step(self, what: str) -> None:
        """Undo, redo, back to the preset, or settle a conflict between two windows."""
        session = self.session
        try:
            if what == "undo":
                told = f"Taken back: {session.undo()}."
            elif what == "redo":
                told = f"Done again: {session.redo()}."
            elif what == "back-to-preset":
                told = f"Back to {session.baseline}: {count_of(session.back_to_preset())}."
            elif what == "take-theirs":
                session.take_theirs()
                told = "You go on with the other window's settings. Undo brings yours back."
            else:
                session.keep_mine()
                told = "Your settings are kept. The other window's are in a file beside them."
        except WorkbenchError as error:
            self._said = notices.of_error(error)
            return
        self._follow_options()
        self._said = notices.notice("ok", "✔", "Done", told)

    def _follow_options(self) -> None:
        """Edit the session's options where they have been replaced by others."""
        if self.form.options is not self.session.options:
            self.form.replace(self.session.options)

    def _session_changed(self) -> None:
        self._follow_options()
        self._render()
        self._check_soon()

    def _use_practice(self) -> None:
        try:
            self.session.use_practice()
        except WorkbenchError as error:
            self._said = notices.of_error(error)
            return
        except OSError as error:
            self._said = notices.of_unexpected("Filling in the practice settings", error)
            return
        self.form.replace(self.session.options)

    def _start(self) -> None:
        if self.form.draft_problems:
            return
        try:
            run = self.session.start()
        except OptionsInvalid as error:
            self.form.problems = error.problems
            self._said = ""
        except WorkbenchError as error:
            self._said = notices.of_error(error)
        except Exception as error:
            # Whatever went wrong is said on the page, where the button was pressed.
            logger.exception("Starting failed")
            self._said = notices.of_unexpected("Starting the training", error)
        else:
            self._said = notices.notice(
                "ok", "✔", "Started", f"“{run.name}” is training. Follow it under 🚀 Execution."
            )
            if self._on_started:
                self._on_started(run)
        self._render()

    # Checking, in the background

    def _check_soon(self, delay: float = 0.3) -> None:
        self._bridge.soon(f"check-{id(self)}", self._check, delay)

    def _check(self) -> Update:
        """Slow: reads pictures. Runs in the background and hands over what it found."""
        try:
            problems = self.session.check()
        except Exception as error:
            # The page must say so, whatever it was: without a check there is no start.
            logger.exception("Checking failed")
            return partial(self._say, notices.of_unexpected("Checking the settings", error))
        try:
            count, scan = self.session.count(), self.session.scan()
        except WorkbenchError as error:
            logger.info("Steps cannot be counted: %s", error)
            count = scan = None
        plan = running.look(self.session) if self._plan_open else Running()
        try:
            self.session.save()
        except WorkbenchError as error:
            logger.warning("%s", error)
        told = explain.notes(self.session.options, count, scan)
        pictures = len(scan.pictures) if scan else 0
        outlook = self._looker.look()
        found = _Checked(
            problems, count, plan, words.last_run(self.session), told, pictures, outlook, self._differences()
        )
        return partial(self._checked_now, found)

    def _differences(self) -> list[Change]:
        return self.session.differences() if self.session.baseline else []

    def _checked_now(self, found: _Checked) -> None:
        self.form.problems, self.form.notes = found.problems, found.notes
        self.begin.pictures = found.pictures
        self._count, self._plan, self._last = found.count, found.plan, found.last
        self._outlook, self._away = found.outlook, found.away
        self._checked = True
        self._render()

    def _say(self, what: Html) -> None:
        self._said = what
        self._render()

    # Rendering

    def _render(self) -> None:
        self.form.practice = self.session.engine_name == "practice"
        slots = {slot: self.form.group(kind) for kind, slot in _GROUP_SLOTS.items()}
        self.view.write(
            head=self._head(),
            begin=self.begin.render(),
            reading=self._reading(),
            finder=self.finder.render(),
            outlook=outlook.card(self._outlook, self._price),
            handover=self.handover.render(),
            planned=running.card(self._plan, self._away, self.session.baseline, opened=self._plan_open),
            aside=self._aside(),
            **slots,
        )

    def _head(self) -> Html:
        return page.head("⭐", "Training", self._last, " ", self._next())

    def _next(self) -> str:
        if not self._checked:
            return "The settings are being checked."
        errors = sum(p.level is Level.ERROR for p in self.problems)
        if not errors:
            return "Next: everything is ready, so you can start."
        if not self.session.options["image_dir"]:
            return "Next: choose the pictures to learn from."
        return (
            f"Next: look at {words.number(errors, 'setting')} that {'need' if errors > 1 else 'needs'} you."
        )

    def _reading(self) -> Html:
        """How much of each explanation is open."""
        choices = [
            h(
                "label",
                h(
                    "input",
                    type="radio",
                    name="depth",
                    value=name,
                    checked=name == self.form.depth,
                    data_field="depth",
                    data_v="true" if name == self.form.depth else "false",
                    aria_describedby=f"about-depth-{name}",
                ),
                h("span", title, class_="name"),
                h("span", text, class_="text", id=f"about-depth-{name}"),
                class_="choice",
            )
            for name, (title, text) in DEPTHS.items()
        ]
        return page.card(
            "📖",
            "Explanations",
            "How much you want to read beside each setting.",
            h("fieldset", h("legend", "Reading depth", class_="legend"), choices, class_="choices"),
        )

    def _aside(self) -> Html:
        return start.panel(
            self.session,
            self.form,
            checked=self._checked,
            count=self._count,
            forecast=self._outlook.forecast,
            away=self._away,
            said=self._said,
        )
