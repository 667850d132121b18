"""⭐ Training: choose, understand and check the options, and start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import panel as pn

from app import notices
from app.bridge import Bridge, Update, bridge_for
from app.components import Html, Message, h, join, live_class
from app.forms import Form, fix_button
from app.widgets import page, words
from lora_core import presets
from lora_core.datasets.steps import StepCount
from lora_core.engines import ENGINE_NAMES
from lora_core.errors import Level, OptionsInvalid, Problem, WorkbenchError
from lora_core.options import GROUPS
from lora_core.session import Session

logger = logging.getLogger(__name__)

ENGINES = {
    "practice": (
        "Practice",
        "A tiny model that comes with the workbench. It trains on any processor in about two minutes. "
        "Use it to see how training works.",
    ),
    "sd-scripts": (
        "sd-scripts",
        "The real trainer, for Stable Diffusion 1.5 and SDXL. It wants its own installation, a base model "
        "and, in practice, a graphics card.",
    ),
}
"""Name and explanation of each engine."""

_GROUP_SLOTS = {kind: f"group_{kind.key()}" for kind in GROUPS}
_View = live_class("TrainingView", ("head", "engine", *_GROUP_SLOTS.values(), "planned", "aside"))


class TrainingWidget(pn.viewable.Viewer):
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
        self._on_started = on_started
        self._count: StepCount | None = None
        self._checked = False
        self._said: Html | str = ""
        self._plan_open, self._plan = False, ""
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
        if message.do not in ("open", "close"):
            self._said = ""
        if message.do == "fix":
            fix = self.form.problems[int(message.arg)].fix
            self.form.apply(dict(fix))
        elif message.do == "set" and message.field == "engine":
            self.session.engine_name = message.value
        elif message.do == "set" and message.field == "preset":
            self._use_preset(message.value)
        elif message.do in ("open", "close") and message.arg == "plan":
            self._plan_open = message.do == "open"
        elif message.do == "practice":
            self._use_practice()
        elif message.do == "start":
            self._start()
            return
        elif not self.form.take(message):
            return
        if message.do not in ("open", "close"):
            self._check_soon()
        elif message.arg == "plan":
            self._check_soon(delay=0.0)
        self._render()

    def _session_changed(self) -> None:
        if self.form.options is not self.session.options:
            self.form.replace(self.session.options)
        self._render()
        self._check_soon()

    def _use_preset(self, name: str) -> None:
        if not name:
            return
        kept = self.session.options["image_dir"]
        self.session.use_preset(name)
        if kept and not self.session.options["image_dir"]:
            self.session.options["image_dir"] = kept
        self.form.replace(self.session.options)

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
            count = self.session.count()
        except WorkbenchError as error:
            logger.info("Steps cannot be counted: %s", error)
            count = None
        plan = self._describe() if self._plan_open else ""
        try:
            self.session.save()
        except WorkbenchError as error:
            logger.warning("%s", error)
        return partial(self._checked_now, problems, count, plan, words.last_run(self.session))

    def _describe(self) -> str:
        try:
            return self.session.plan().describe()
        except WorkbenchError as error:
            return f"There is no plan yet. {error}"

    def _checked_now(self, problems: list[Problem], count: StepCount | None, plan: str, last: str) -> None:
        self.form.problems, self._count, self._plan, self._last = problems, count, plan, last
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
            head=self._head(), engine=self._engine(), planned=self._planned(), aside=self._aside(), **slots
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

    def _engine(self) -> Html:
        cards = []
        for name in ENGINE_NAMES:
            title, text = ENGINES[name]
            on = name == self.session.engine_name
            cards.append(
                h(
                    "label",
                    h(
                        "input",
                        type="radio",
                        name="engine",
                        value=name,
                        checked=on,
                        data_field="engine",
                        data_v="true" if on else "false",
                        aria_describedby=f"about-{name}",
                    ),
                    h("span", title, class_="name"),
                    h("span", text, class_="text", id=f"about-{name}"),
                    class_="choice",
                )
            )
        return page.card(
            "🧭",
            "Trainer and preset",
            "Who does the work, and which settings to begin with.",
            h(
                "div",
                h("fieldset", h("legend", "Trainer", class_="legend"), cards, class_="choices"),
                self._practice(),
                self._presets(),
                class_="fields",
            ),
        )

    def _practice(self) -> Html:
        return h(
            "div",
            h("button", "Use the practice pictures", type="button", data_do="practice"),
            h(
                "p",
                "Fills in everything: 16 drawn pictures of a small creature, the zibbit, and settings that suit them.",
                class_="soft",
                id="about-practice-pictures",
            ),
            class_="stack",
        )

    def _presets(self) -> Html:
        known = presets.list_presets()
        return h(
            "div",
            h("div", h("label", "Preset", for_="f-preset"), class_="label"),
            h(
                "div",
                h(
                    "select",
                    h("option", "Choose a preset", value=""),
                    [h("option", p.title, value=p.name) for p in known],
                    id="f-preset",
                    data_field="preset",
                    data_v="",
                    aria_describedby="explain-preset",
                ),
                class_="control",
            ),
            h(
                "p",
                "A preset replaces all settings below by a set that works together. Your pictures stay.",
                class_="explain",
                id="explain-preset",
            ),
            h(
                "details",
                h("summary", "What each preset is for"),
                h("ul", [h("li", h("b", p.title), ": ", p.description) for p in known], class_="soft"),
                class_="more",
                data_key="more-preset",
            ),
            class_="field",
        )

    def _planned(self) -> Html:
        body = (
            h("pre", self._plan, tabindex="0", aria_label="What will run")
            if self._plan
            else h("p", "One moment.", class_="soft")
        )
        return page.card(
            "🔎",
            "What will run",
            "The exact command and files that Start would use. Nothing is written by looking.",
            h(
                "details",
                h("summary", "Show the command and files"),
                body,
                data_fold="plan",
                open=self._plan_open,
            ),
        )

    def _aside(self) -> Html:
        problems = self.problems
        errors = [p for p in problems if p.level is Level.ERROR]
        return h(
            "section",
            h("h2", "Start", id="group-start"),
            h("div", self._steps(), aria_live="polite"),
            self._button(errors),
            h("div", self._said, role="status"),
            h("div", [self._listed(p) for p in problems], class_="stack") if problems else None,
            class_="card stack",
            aria_labelledby="group-start",
        )

    def _steps(self) -> Html:
        if self._count is None:
            return h("p", "The number of steps appears here once there are pictures.", class_="soft")
        return h("p", self._count.sentence)

    def _button(self, errors: list[Problem]) -> Html:
        blocked = bool(errors) or not self._checked
        if errors:
            need = "need" if len(errors) > 1 else "needs"
            text = f"{words.number(len(errors), 'setting')} {need} you first. See below."
        else:
            text = "You can close this page while it trains." if self._checked else "Checking the settings."
        return join(
            h(
                "button",
                "Start training",
                type="button",
                class_="primary",
                data_do="start",
                aria_disabled="true" if blocked else None,
                aria_describedby="about-start",
            ),
            h("p", text, class_="soft small", id="about-start"),
        )

    def _listed(self, problem: Problem) -> Html:
        where = next(
            (self.form.options.option(n).label for n in problem.fields if n in self.form.options.values()), ""
        )
        shown = Problem(
            problem.level,
            problem.fields,
            f"{where}. {problem.what}" if where else problem.what,
            problem.why,
            problem.remedy,
            problem.fix,
        )
        return notices.of_problem(shown, fix_button(problem, self.form.problems))
