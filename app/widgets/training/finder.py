"""Find a setting among the many: by a word, by its section, or because it was changed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from app.components import Html, Message, h
from app.forms import Form
from app.values import said
from app.widgets import page
from lora_core.options import GROUPS, Group, Option

SHOWN = 10
"""Matches shown at once: more would have to be read instead of looked over."""
_GROUPS: dict[str, type[Group]] = {kind.key(): kind for kind in GROUPS}


@dataclass(frozen=True)
class Match:
    """A setting that fits what was looked for.

    Attributes:
        option: the setting.
        weight: how well it fits; higher is better.
        choice: the choice of it that fits, as in “LoHa” for the kind of network; else empty.
    """

    option: Option
    weight: int
    choice: str = ""


def search(words: str, options: Sequence[Option]) -> list[Match]:
    """Settings that have all these words in their name, choices or explanation, best first.

    With no such setting, the ones whose names are spelled nearest.

    Args:
        words: what was typed.
        options: the settings to look through.
    """
    wanted = _plain(words).split()
    if not wanted:
        return []
    found = [match for option in options if (match := _match(wanted, option))]
    if not found:
        names = {_plain(name): option for option in options for name in (option.label, option.key)}
        near = difflib.get_close_matches(" ".join(wanted), list(names), n=3, cutoff=0.6)
        found = [Match(names[name], 0) for name in near]
    return sorted(found, key=lambda match: -match.weight)


def _match(wanted: Sequence[str], option: Option) -> Match | None:
    """How one setting fits: its names count most, then its choices, then its explanation."""
    names = f"{_plain(option.label)} {_plain(option.key)} {_plain(option.name)}"
    whole = " ".join(wanted)
    if all(word in names for word in wanted):
        starts = any(name.startswith(whole) for name in (_plain(option.label), _plain(option.key)))
        return Match(option, 5 if starts else 4)
    for label, value in option.choices.items():
        if all(word in f"{_plain(label)} {_plain(str(value))}" for word in wanted):
            return Match(option, 3, label)
    text = f"{names} {_plain(_GROUPS[option.group].title)} {_plain(option.doc)} {_plain(option.meta.more)}"
    return Match(option, 1) if all(word in text for word in wanted) else None


def _plain(text: str) -> str:
    """Small letters, and one way of joining words: names have ``_``, people type spaces or hyphens."""
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


class Finder:
    """The card that leads to settings.

    Args:
        form: where the settings are.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self._words = ""

    def take(self, message: Message) -> bool:
        """Take in what a person did. True if it was about this card."""
        if message.do == "set" and message.field == "find":
            self._words = str(message.value)[:200]
            return True
        if message.do == "go-to":
            if message.arg:
                self.form.reveal(message.arg)
            return True
        return False

    def render(self) -> Html:
        """Search box, what it found, and the two lists."""
        return page.card(
            "🔦",
            "Find a setting",
            "Every setting has one place. This leads there.",
            h(
                "div",
                self._box(),
                h("div", self._found(), aria_live="polite"),
                self._changed(),
                self._sections(),
                class_="stack",
            ),
        )

    def _box(self) -> Html:
        return h(
            "div",
            h("div", h("label", "Search", for_="f-find"), class_="label"),
            h(
                "div",
                h(
                    "input",
                    type="search",
                    id="f-find",
                    autocomplete="off",
                    spellcheck="false",
                    value=self._words,
                    data_field="find",
                    data_v=self._words,
                    aria_describedby="explain-find",
                ),
                class_="control",
            ),
            h(
                "p",
                "A word, or the trainer's own name: rank, snr, LoHa, network_dim.",
                class_="explain",
                id="explain-find",
            ),
            class_="field",
        )

    def _found(self) -> Html | None:
        if not self._words.strip():
            return None
        found = search(self._words, list(self.form.options))
        # what can be set now comes before what belongs to other models or kinds
        found.sort(key=lambda match: (not self.form.options.applies(match.option.name), -match.weight))
        if not found:
            return h("p", "No setting has these words. Try a shorter or another one.")
        more = len(found) - SHOWN
        told = f"{len(found)} found" if len(found) > 1 else "1 found"
        return h(
            "div",
            h("p", f"{told}, the first {SHOWN} are shown." if more > 0 else f"{told}.", class_="soft small"),
            h("ul", [h("li", self._one(match)) for match in found[:SHOWN]], class_="finds"),
            class_="stack",
        )

    def _one(self, match: Match) -> Html:
        option = match.option
        if not self.form.options.applies(option.name):
            return h(
                "div",
                h("p", h("b", option.label), " ", h("span", option.key, class_="key mono soft")),
                h("p", f"Not in use now. {self._needs(option)}", class_="soft small"),
                class_="find",
            )
        return self._way(option, f" · {match.choice}" if match.choice else "")

    def _way(self, option: Option, hint: str = "") -> Html:
        """The button that leads to a setting."""
        kind = _GROUPS[option.group]
        value = "half typed" if self.form.half_typed(option) else said(option, self.form.options[option.name])
        return h(
            "button",
            h("span", option.label, hint, class_="name"),
            h("span", option.key, class_="key mono soft"),
            h("span", f"{kind.title}: {_short(value)}", class_="soft small"),
            type="button",
            class_="find",
            data_do="go-to",
            data_arg=option.name,
            data_goto=target(option),
        )

    def _needs(self, option: Option) -> str:
        """What has to be chosen for a setting to have a meaning."""
        parts = []
        for name, allowed in option.meta.applies.items():
            other = self.form.options.option(name)
            if self.form.options[name] in allowed:
                continue
            titles = [_short(said(other, value)) for value in allowed]
            named = " or ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)
            parts.append(f"{other.label}: {named}")
        return f"It goes with {'; '.join(parts)}."

    def _changed(self) -> Html:
        options = self.form.options
        changed = [o for o in options if options.applies(o.name) and self.form.changed(o)]
        return _list(
            f"Changed from the default ({len(changed)})",
            "changed",
            [self._way(option) for option in changed],
            "Nothing differs from the defaults.",
        )

    def _sections(self) -> Html:
        options = self.form.options
        shown = [kind for kind in GROUPS if any(options.applies(o.name) for o in kind.options())]
        return _list(
            f"All sections ({len(shown)})",
            "sections",
            [self._section(kind) for kind in shown],
            "",
            "finds pairs",
        )

    def _section(self, kind: type[Group]) -> Html:
        changed = sum(
            self.form.changed(option) for option in kind.options() if self.form.options.applies(option.name)
        )
        return h(
            "button",
            h("span", h("span", f"{kind.emoji} ", aria_hidden="true"), kind.title, class_="name"),
            h("span", f"{changed} changed", class_="soft small") if changed else None,
            h("span", kind.purpose, class_="soft small"),
            type="button",
            class_="find",
            data_do="go-to",
            data_goto=f"group-{kind.key()}",
        )


def target(option: Option) -> str:
    """Id of the control to go to."""
    return "add-folder" if option.kind == "folders" else f"f-{option.name}"


def _list(title: str, key: str, items: Sequence[Html], empty: str, style: str = "finds") -> Html:
    return h(
        "details",
        h("summary", title),
        h("ul", [h("li", item) for item in items], class_=style) if items else h("p", empty),
        class_="more",
        data_key=key,
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
