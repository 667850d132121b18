"""🚀 Execution: a training while it runs, and what came of earlier ones."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import panel as pn

from app import host, notices, theme
from app.bridge import Bridge, Update, bridge_for
from app.charts import Chart
from app.components import Html, Message, h, join, live_class
from app.widgets import page, words
from app.widgets.run_view import RATE_NAMES, Preview, RunView, Watcher
from lora_core.errors import WorkbenchError
from lora_core.events import State
from lora_core.runs import Run
from lora_core.session import Session

logger = logging.getLogger(__name__)

_Top = live_class("ExecutionTop", ("head", "said", "progress", "result"))
_Loss = live_class("LossHeading", ("about_loss",))
_Rates = live_class("RatesHeading", ("about_rates",))
_Bottom = live_class("ExecutionBottom", ("gallery", "files", "log", "earlier"))

LIST_PERIOD = 2.0
"""Seconds between two looks at the list of runs."""
STRIP = 12
"""Previews of one prompt that are shown before "show all"."""
RUNS_SHOWN = 8

_CARD = """
:host { background: var(--wb-surface); border: 1px solid var(--wb-line); border-radius: 14px;
  padding: 1.25rem 1.5rem; margin-bottom: 1.25rem; box-sizing: border-box; }
@media (max-width: 800px) { :host { padding: 1rem; } }
"""


class ExecutionWidget(host.Part):
    """A run, live: progress, curves, previews, log, Stop; and the list of all runs.

    Args:
        session: whose runs are shown.
        run: the run to show first; by default the one that runs, else the newest.
        bridge: hands over between background and page; by default the page's own.
    """

    def __init__(
        self, session: Session, run: Run | None = None, *, bridge: Bridge | None = None, **params: Any
    ) -> None:
        super().__init__(**params)
        self.session = session
        self.view: RunView | None = None
        self._lock = threading.Lock()
        self._watcher: Watcher | None = None
        self._wanted: Run | None = run
        self._started: Run | None = session.started
        self._listed: list[tuple[str, str, State, float]] = []
        self._next_list = 0.0
        self._asking, self._stopping = False, ""
        self._all_previews, self._all_runs = False, False
        self._error: Html | str = ""
        self._build()
        self._bridge: Bridge = bridge or bridge_for(session)
        self._bridge.watch(f"run-{id(self)}", self._look)
        session.param.watch(lambda event: self._session_changed(), "changed")
        self._render()

    def _build(self) -> None:
        colours = theme.current()
        self.top, self.bottom = _Top(), _Bottom()
        self.about_loss, self.about_rates = _Loss(), _Rates()
        self.top.on_message = self.bottom.on_message = self._take
        self.loss = Chart(("each step", "smoothed"), "loss", colours)
        self.rates = Chart(tuple(RATE_NAMES.values()), "learning rate", colours)
        # Filled with the first values: charts take long to build, and a hidden one has no size to be drawn in.
        self._charts = pn.Column(stylesheets=[_CARD], sizing_mode="stretch_width", margin=0, visible=False)
        self._page = pn.Column(self.top, self._charts, self.bottom, sizing_mode="stretch_width", margin=0)

    def __panel__(self) -> Any:
        return self._page

    def use_theme(self, name: str) -> None:
        """Repaint the charts in light or dark; all else follows the page's colours."""
        self.loss.use_theme(name)
        self.rates.use_theme(name)

    def open(self, run: Run) -> None:
        """Show this run."""
        with self._lock:
            self._wanted = run
        self._asking, self._error, self._all_previews = False, "", False

    # In the background

    def _look(self) -> Update | None:
        """Read what is new. Returns what to do on the page, None if nothing changed."""
        listed = self._look_at_list()
        watcher = self._watcher_now()
        view = watcher.look() if watcher else None
        if view is None and listed is None:
            return None
        return partial(self._show, view, listed)

    def _look_at_list(self) -> list[tuple[str, str, State, float]] | None:
        if time.monotonic() < self._next_list:
            return None
        self._next_list = time.monotonic() + LIST_PERIOD
        runs = self.session.runs()
        listed = [(run.id, run.name, run.status().state, run.created) for run in runs]
        if self._watcher is None and self._wanted is None and runs:
            going = (run for run, (_, _, state, _) in zip(runs, listed, strict=True) if not state.is_terminal)
            self._wanted = next(going, runs[0])
        return listed if listed != self._listed else None

    def _watcher_now(self) -> Watcher | None:
        with self._lock:
            wanted, self._wanted = self._wanted, None
        if wanted is not None and (self._watcher is None or self._watcher.run.id != wanted.id):
            self._watcher = Watcher(wanted)
        return self._watcher

    # On the page

    def _show(self, view: RunView | None, listed: list[tuple[str, str, State, float]] | None) -> None:
        if listed is not None:
            self._listed = listed
        if view is not None:
            other = self.view is None or self.view.id != view.id
            before, self.view = self.view, view
            self._feed(before, view, other)
            if view.state.is_terminal:
                self._asking, self._stopping = False, ""
                if before is not None and not other and not before.state.is_terminal:
                    self.session.touch()
        self._render()

    def _feed(self, before: RunView | None, view: RunView, other: bool) -> None:
        if other or before is None or _length(before.loss) != _length(view.loss):
            self.loss.feed(view.loss)
            self.rates.feed(view.rates)
        if view.loss and not self._charts.objects:
            self._charts.objects = [self.about_loss, self.loss.pane, self.about_rates, self.rates.pane]
        self._charts.visible = bool(view.loss)

    def _session_changed(self) -> None:
        started = self.session.started
        if started is not None and started is not self._started:
            self._started = started
            self.open(started)

    def _take(self, message: Message) -> None:
        self._error = ""
        if message.do == "stop":
            self._asking = True
        elif message.do == "keep":
            self._asking = False
        elif message.do == "really-stop":
            self._stop()
        elif message.do == "run":
            self._open_id(message.arg)
        elif message.do == "all-previews":
            self._all_previews = not self._all_previews
        elif message.do == "all-runs":
            self._all_runs = not self._all_runs
        else:
            return
        self._render()

    def _stop(self) -> None:
        self._asking = False
        watcher = self._watcher
        if watcher is None:
            return
        try:
            watcher.run.stop()
        except WorkbenchError as error:
            self._error = notices.of_error(error)
        else:
            self._stopping = watcher.run.id

    def _open_id(self, run_id: str) -> None:
        run = next((run for run in self.session.runs() if run.id == run_id), None)
        if run is None:
            self._error = notices.notice(
                "warning",
                "⚠",
                "Warning",
                "This run is not there any more.",
                "",
                "Its folder was moved or deleted.",
            )
        else:
            self.open(run)

    # Rendering

    def _render(self) -> None:
        view = self.view
        self.top.write(
            head=self._head(),
            said=h("div", self._error, role="status") if self._error else "",
            progress=self._progress(view) if view else "",
            result=_result(view) if view and view.state.is_terminal else "",
        )
        self.about_loss.write(about_loss=_figures(view) if view and view.loss else "")
        self.about_rates.write(about_rates=_rates_heading(view) if view and view.rates else "")
        self.bottom.write(
            gallery=self._gallery(view) if view else "",
            files=_files(view) if view else "",
            log=_log(view) if view else "",
            earlier=self._earlier() if self._listed else "",
        )

    def _head(self) -> Html:
        if self.view is None:
            text = (
                "You have not trained anything yet. "
                "Next: choose pictures and settings under ⭐ Training, and press Start there."
            )
        else:
            text = _where(self.view)
        return page.head("🚀", "Execution", text)

    def _progress(self, view: RunView) -> Html:
        sign, word = words.STATES[view.state]
        share = f"{view.step:,} of {view.total:,}" if view.total else "not known yet"
        facts = [
            ("State", h("span", h("span", sign, aria_hidden="true"), word.capitalize(), class_="state")),
            ("Doing", view.phase.capitalize() if view.phase and not view.state.is_terminal else None),
            ("Step", share),
            ("Time left", _left(view) if not view.state.is_terminal else None),
            ("Took", words.duration(view.ended_at - view.created) if view.ended_at else None),
            ("Trainer", view.engine),
            ("Started", time.strftime("%d %b, %H:%M", time.localtime(view.created))),
        ]
        return h(
            "section",
            h("header", h("h2", view.name, id="run-name")),
            h("progress", value=view.step, max=max(1, view.total), aria_label=f"Progress: step {share}"),
            h(
                "dl",
                [h("div", h("dt", name), h("dd", value)) for name, value in facts if value],
                class_="figures",
            ),
            None if view.state.is_terminal else self._stop_buttons(view),
            class_="card stack",
            aria_labelledby="run-name",
        )

    def _stop_buttons(self, view: RunView) -> Html:
        if self._stopping == view.id:
            return h("p", "◐ Stopping. Finished files are kept.", role="status", id="stopping", tabindex="-1")
        if not self._asking:
            button = h(
                "button", "Stop", type="button", class_="danger", data_do="stop", data_focus="keep", id="stop"
            )
            return h("div", button, class_="row")
        return h(
            "div",
            h(
                "p",
                "Stop this training? LoRA files saved so far stay.",
            ),
            h(
                "div",
                h(
                    "button",
                    "Stop now",
                    type="button",
                    class_="danger",
                    data_do="really-stop",
                    data_focus="stopping",
                ),
                h("button", "Keep training", type="button", data_do="keep", data_focus="stop", id="keep"),
                class_="row",
            ),
            class_="stack",
            role="group",
            aria_label="Stop this training?",
        )

    def _gallery(self, view: RunView) -> Html:
        rows: dict[int, list[Preview]] = {}
        for preview in view.previews:
            rows.setdefault(preview.prompt_index, []).append(preview)
        longest = max(map(len, rows.values()), default=0)
        if rows:
            body = join([self._strip(rows[at]) for at in sorted(rows)])
        else:
            text = (
                "No previews were drawn."
                if view.state.is_terminal
                else "Previews appear here as they are drawn."
            )
            body = h("p", text, class_="soft")
        more = None
        if longest > STRIP:
            text = "Show fewer" if self._all_previews else f"Show all {longest} of each prompt"
            more = h("button", text, type="button", data_do="all-previews")
        return page.card(
            "👀",
            "Previews",
            "How each prompt changes as the training goes on.",
            h("div", body, more, class_="gallery"),
        )

    def _strip(self, previews: list[Preview]) -> Html:
        chosen = previews
        if not self._all_previews and len(previews) > STRIP:
            at = sorted({round(i) for i in np.linspace(0, len(previews) - 1, STRIP)})
            chosen = [previews[i] for i in at]
        return h(
            "section",
            h("h3", f"“{previews[0].prompt}”"),
            h(
                "div",
                [_figure(p) for p in chosen],
                class_="strip",
                tabindex="0",
                role="group",
                aria_label=f"Previews of {previews[0].prompt}",
            ),
            data_key=f"prompt-{previews[0].prompt_index}",
        )

    def _earlier(self) -> Html:
        shown = self._listed if self._all_runs else self._listed[:RUNS_SHOWN]
        current = self.view.id if self.view else ""
        more = None
        if len(self._listed) > RUNS_SHOWN:
            text = "Show fewer" if self._all_runs else f"Show all {len(self._listed)} runs"
            more = h("button", text, type="button", data_do="all-runs")
        items = [
            h("li", _run_button(*entry, current=entry[0] == current), data_key=entry[0]) for entry in shown
        ]
        return page.card(
            "🗂️", "All runs", "Open one to see everything about it.", h("ul", items, class_="runs"), more
        )


def _where(view: RunView) -> str:
    word = words.STATES[view.state][1]
    if not view.state.is_terminal:
        return f"“{view.name}” is {word}. Next: nothing to do. You may close this page; the training goes on."
    if view.state is State.FINISHED:
        return f"“{view.name}” is finished. Next: look at the previews, and take the LoRA file."
    is_or_was = "was" if view.state in (State.STOPPED, State.INTERRUPTED) else "has"
    return f"“{view.name}” {is_or_was} {word}. Next: read why, below, and start again under ⭐ Training."


def _left(view: RunView) -> str:
    if view.seconds_left is None:
        return "not known yet"
    minutes = round(view.seconds_left / 60)
    return f"about {words.duration(60 * minutes)}" if minutes else "under 1 min"


def _length(series: dict[str, Any]) -> int:
    return sum(len(x) for x, _ in series.values())


def _result(view: RunView) -> Html:
    if view.state is State.FINISHED and view.final:
        size = view.final.stat().st_size / 1e6 if view.final.exists() else 0.0
        text = join("Your LoRA: ", h("code", view.final, class_="break"), f" ({size:.1f} MB)")
        return notices.notice(
            "ok", "✔", "Finished", text, "", "Copy this file to the LoRA folder of the program you draw with."
        )
    kept = (
        f"{words.number(len(view.checkpoints), 'LoRA file')} saved before that can be used."
        if view.checkpoints
        else ""
    )
    if view.state is State.STOPPED:
        return notices.notice("note", "■", "Stopped", view.reason or "You stopped this training.", kept)
    kind = ("error", "✖", "Failed") if view.state is State.FAILED else ("warning", "⚠", "Interrupted")
    what = view.reason or "The trainer ended before it was done."
    remedy = "Look at the end of the log below, change what it names, and start again."
    return notices.notice(*kind, what, kept, remedy)


def _figures(view: RunView) -> Html:
    steps, values = view.loss["each step"]
    smooth = view.loss["smoothed"][1]
    # The first tenth is left out: there the smoothed line has little to smooth and may start low by chance.
    settled = smooth[len(smooth) // 10 :]
    lowest = len(smooth) - len(settled) + (int(np.nanargmin(settled)) if np.isfinite(settled).any() else 0)
    text = (
        f"At step {int(steps[-1]):,} the loss is {values[-1]:.4f}, smoothed {smooth[-1]:.4f}. "
        f"After the start, the smoothed loss was lowest at step {int(steps[lowest]):,}: {smooth[lowest]:.4f}."
    )
    return h(
        "div",
        h("h2", h("span", "📉", class_="emoji", aria_hidden="true"), "Loss"),
        h(
            "p",
            "How far the predictions are off. It jumps a lot; watch the smoothed line. "
            "Lower is not always better: trust the previews.",
            class_="soft",
        ),
        h("p", text),
        _legend("each step", "smoothed"),
        class_="stack",
    )


def _legend(raw: str, smooth: str) -> Html:
    """Which line is which: thin and pale, or thick and strong."""

    def line(kind: str, name: str) -> Html:
        stroke = h("line", x1=0, y1=5, x2=28, y2=5, class_=kind)
        return h("span", h("svg", stroke, width=28, height=10, aria_hidden="true"), name)

    return h("p", line("raw", f"{raw} (thin)"), line("smooth", f"{smooth} (thick)"), class_="legend-line")


def _rates_heading(view: RunView) -> Html:
    newest = ", ".join(
        f"{name} {values[-1]:.3g}" for name, (_, values) in sorted(view.rates.items()) if len(values)
    )
    return h(
        "div",
        h("h2", h("span", "🎓", class_="emoji", aria_hidden="true"), "Learning rate"),
        h("p", f"How strongly each step changes the LoRA. Now: {newest}.", class_="soft"),
        _legend(*RATE_NAMES.values()) if set(RATE_NAMES.values()) <= view.rates.keys() else None,
        class_="stack",
    )


def _figure(preview: Preview) -> Html:
    seed = f"seed {preview.seed}" if preview.seed is not None else ""
    width, height = preview.size
    alt = f"Preview at {preview.when} of “{preview.prompt}”" + (seed and f", {seed}")
    return h(
        "figure",
        h("img", src=preview.source, alt=alt, width=width, height=height),
        h("figcaption", preview.when.capitalize(), h("br"), seed),
        data_key=str(preview.path),
    )


def _files(view: RunView) -> Html:
    def item(name: str, path: Path) -> Html:
        return h("li", h("span", name, class_="soft"), h("br"), h("code", path, class_="break"))

    rows = [item("LoRA", view.final)] if view.final else []
    rows += [item("Checkpoint", path) for path in view.checkpoints if path != view.final]
    rows.append(item("Everything about this run", view.folder))
    return page.card("📁", "Files", "Where the results lie on this machine.", h("ul", rows, class_="files"))


def _log(view: RunView) -> Html:
    text = view.log or "The log is empty so far."
    return page.card(
        "📜",
        "Log",
        "The last lines that the trainer wrote.",
        h(
            "pre",
            text,
            class_="log",
            tabindex="0",
            role="region",
            aria_label="End of the log",
            data_follow=True,
        ),
    )


def _run_button(run_id: str, name: str, state: State, created: float, *, current: bool) -> Html:
    sign, word = words.STATES[state]
    return h(
        "button",
        h("span", name, class_="break"),
        h("span", h("span", sign, " ", aria_hidden="true"), word),
        h("span", time.strftime("%d %B %Y, %H:%M", time.localtime(created)), class_="when"),
        type="button",
        data_do="run",
        data_arg=run_id,
        aria_current="true" if current else None,
    )
