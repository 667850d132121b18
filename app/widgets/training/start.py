"""The panel beside the form: length, Start, what stands in the way, undo and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from app import notices
from app.components import Html, h, join
from app.forms import Form, fix_button
from app.widgets import words
from app.widgets.training import finder, outlook
from lora_core.datasets.steps import StepCount
from lora_core.errors import Level, Problem
from lora_core.forecast import Forecast
from lora_core.presets import Change
from lora_core.presets.changes import count as count_of
from lora_core.session import Session


def panel(
    session: Session,
    form: Form,
    *,
    checked: bool,
    count: StepCount | None,
    forecast: Forecast | None,
    away: Sequence[Change],
    said: Html | str,
) -> Html:
    """The whole panel.

    Args:
        session: whose training is started.
        form: holds the problems.
        checked: whether the settings have been checked at all; before that nothing can be started.
        count: the length, None while it cannot be counted.
        forecast: what the training will take, None while it cannot be told.
        away: what differs from the preset.
        said: what the last action led to.
    """
    problems = [*form.draft_problems, *form.problems]
    return h(
        "section",
        h("h2", "Start", id="group-start"),
        h("div", _steps(count), aria_live="polite"),
        outlook.figures(forecast),
        _button(problems, checked),
        h("div", said, role="status"),
        _conflict(session),
        _history(session, away),
        h("div", [_listed(p, form, session.engine_name) for p in problems], class_="stack")
        if problems
        else None,
        class_="card stack",
        aria_labelledby="group-start",
    )


def _steps(count: StepCount | None) -> Html:
    if count is None:
        return h("p", "The number of steps appears here once there are pictures.", class_="soft")
    return h("p", count.sentence)


def _button(problems: Sequence[Problem], checked: bool) -> Html:
    errors = [p for p in problems if p.level is Level.ERROR]
    if errors:
        need = "need" if len(errors) > 1 else "needs"
        text = f"{words.number(len(errors), 'setting')} {need} you first. See below."
    else:
        text = "You can close this page while it trains." if checked else "Checking the settings."
    return join(
        h(
            "button",
            "Start training",
            type="button",
            class_="primary",
            data_do="start",
            aria_disabled="true" if errors or not checked else None,
            aria_describedby="about-start",
        ),
        h("p", text, class_="soft small", id="about-start"),
    )


def _history(session: Session, away: Sequence[Change]) -> Html:
    """Undo, redo, and the way back to the preset."""
    undo = session.undo_label
    buttons = [
        _history_button("undo", "↶", "Undo", undo),
        _history_button("redo", "↷", "Redo", session.redo_label),
    ]
    preset = session.baseline
    return h(
        "div",
        h("div", buttons, class_="row"),
        h("p", f"Last change: {undo}", class_="soft small break") if undo else None,
        _since(preset, away) if preset else None,
        h("button", "Back to the preset", type="button", class_="link", data_do="back-to-preset")
        if away
        else None,
        class_="stack",
    )


def _since(preset: str, away: Sequence[Change]) -> Html:
    """What was changed since the preset, to open in place."""
    if not away:
        return h("p", f"Preset: {preset}, nothing changed since.", class_="soft small")
    return h(
        "details",
        h("summary", f"Preset: {preset}, {count_of(away)} changed since"),
        h("ul", [h("li", change.text) for change in away], class_="soft small break"),
        class_="more since",
        data_key="since",
    )


def _history_button(do: str, sign: str, word: str, label: str) -> Html:
    return h(
        "button",
        h("span", f"{sign} ", aria_hidden="true"),
        word,
        type="button",
        data_do=do,
        aria_label=f"{word}: {label}" if label else word,
        aria_disabled=None if label else "true",
    )


def _conflict(session: Session) -> Html | None:
    """Another window has saved meanwhile: nothing is overwritten until a person chooses."""
    found = session.conflict
    if found is None:
        return None
    choose = h(
        "div",
        h("button", "Take theirs", type="button", data_do="take-theirs"),
        h("button", "Keep mine", type="button", data_do="keep-mine"),
        class_="row",
    )
    return notices.notice("warning", "⚠", "Two windows", found.what, found.why, found.remedy, choose)


def _listed(problem: Problem, form: Form, engine: str) -> Html:
    """A problem with the way to its setting, and the button that settles it, if one click can."""
    name = problem.fields[0] if problem.fields else ""
    option = form.options.option(name) if name in form.options.values() else None
    if option is None or form.half_typed(option):
        kind, sign, word = problem.level.value, *notices.MARKS[problem.level]
    else:
        kind, sign, word = notices.mark(problem, form.options[name], option.default)
    what = join(_way(problem, form), problem.what)
    button = fix_button(problem, form.problems)
    if engine == "practice" and name == "image_dir" and not form.options[name]:
        button = h("button", "Use practice pictures", type="button", data_do="practice")
    return notices.notice(kind, sign, word, what, problem.why, problem.remedy, button)


def _way(problem: Problem, form: Form) -> Html | str:
    """The setting's name, as a button that leads to it."""
    known = form.options.values()
    name = next((field for field in problem.fields if field in known), "")
    if not name:
        return ""
    option = form.options.option(name)
    if not form.options.applies(name):
        return f"{option.label}. "
    return join(
        h(
            "button",
            option.label,
            type="button",
            class_="link",
            data_do="go-to",
            data_arg=name,
            data_goto=finder.target(option),
            aria_label=f"Go to {option.label}",
        ),
        h("br"),
    )
