"""Problems and errors as calm notices: what happened, why, what to do, and at most one button."""

from __future__ import annotations

from typing import Any

from app.components.html import Html, h
from lora_core.errors import Level, Problem, WorkbenchError

MARKS = {Level.ERROR: ("✖", "Error"), Level.WARNING: ("⚠", "Warning"), Level.NOTE: ("ℹ", "Note")}
"""Sign and word of each level: never the colour alone."""
_TO_DO = ("○", "To do")


def mark(problem: Problem, value: Any, default: Any = "") -> tuple[str, str, str]:
    """CSS class, sign and word of a problem.

    What has not been filled in, or not been touched, is no mistake of anybody's: it is said as something
    to do. It keeps a training from starting all the same.

    Args:
        problem: the problem.
        value: the present value of the setting that it is about.
        default: the value that the setting begins with.
    """
    if problem.level is Level.ERROR and (value in ("", None, []) or value == default):
        return "todo", *_TO_DO
    return problem.level.value, *MARKS[problem.level]


def notice(
    kind: str, sign: str, word: str, what: str, why: str = "", remedy: str = "", button: Html | None = None
) -> Html:
    """The three lines of a message. ``kind`` is ``error``, ``warning``, ``note`` or ``ok``."""
    return h(
        "div",
        h(
            "p",
            h("span", sign, " ", class_="emoji", aria_hidden="true"),
            h("span", word, class_="word"),
            ": ",
            _short(what),
        ),
        why and h("p", _short(why)),
        remedy and h("p", _short(remedy)),
        button,
        class_=f"notice {kind}",
    )


def of_error(error: WorkbenchError) -> Html:
    """An error that was raised."""
    return notice("error", "✖", "Error", error.what, error.why, error.remedy)


def of_unexpected(doing: str, error: BaseException) -> Html:
    """An error that nobody foresaw: said as it is, with what to do."""
    return notice(
        "error",
        "✖",
        "Error",
        f"{doing} did not work.",
        f"{type(error).__name__}: {error}",
        "Try once more. If it stays, the terminal that runs the workbench shows the details.",
    )


def beside(problem: Problem, value: Any, button: Html | None = None, *, default: Any = "") -> Html:
    """A problem in short, for under its field.

    Args:
        problem: the problem.
        value: the field's present value.
        button: settles it.
        default: the value that the field begins with.
    """
    kind, sign, word = mark(problem, value, default)
    return h(
        "div",
        h("span", sign, " ", aria_hidden="true"),
        h("span", word, class_="word"),
        ": ",
        " ".join(_short(part) for part in (problem.what, problem.remedy) if part),
        " ",
        button,
        class_=f"fieldproblem {kind}",
    )


_LONGEST = 500
"""Characters of a sentence: a pasted text that it quotes must not flood the page, nor a screen reader."""


def _short(text: str) -> str:
    if isinstance(text, Html) or len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
