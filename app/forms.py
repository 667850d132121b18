"""The one renderer of option groups: declared options become an explained, accessible form.

A `Form` holds what the page adds to the options: text that could not be understood yet (nothing typed
is ever lost), which folds are open, and the problems to show beside their fields. It renders one group
at a time and takes in the messages of a `Live` view.

A control's name in messages says what it sets: an option (``network_dim``), a setting of a further
picture folder (``more_folders.0.num_repeats``), or an argument of the optimizer
(``optimizer_args.weight_decay``).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from app import fields, notices, optimizer_form
from app.components import Html, Message, h
from app.fields import Said, Slot
from app.values import said, understood
from lora_core.errors import InputError, Level, Problem
from lora_core.options import Group, Option, TrainingOptions, families
from lora_core.options.glossary import GLOSSARY, words_in
from lora_core.options.groups.folder import FOLDER_OPTIONS

_FOLDERS = "more_folders"
_AS_MAIN = "As the main folder"


class Form:
    """The form over one set of options.

    Attributes:
        options: what is edited. May be replaced as a whole.
        problems: what checking found; shown beside their fields.
        practice: whether the practice engine is chosen: options that it leaves out say so.
        depth: how much of each explanation is open: a key of `fields.DEPTHS`.
        notes: option name -> a sentence about it with the own numbers.
    """

    def __init__(self, options: TrainingOptions) -> None:
        self.options = options
        self.problems: Sequence[Problem] = ()
        self.practice = False
        self.depth = "normal"
        self.notes: dict[str, str] = {}
        self.opened: set[str] = set()
        self._drafts: dict[str, tuple[str, Problem]] = {}
        self._drawn: dict[type[Group], tuple[str, Html]] = {}

    @property
    def draft_problems(self) -> list[Problem]:
        """Problems of what was typed but could not be understood: they block the start too."""
        return [problem for _, problem in self._drafts.values()]

    def replace(self, options: TrainingOptions) -> None:
        """Edit other options from now on. What was half typed is dropped with the old ones."""
        self.options = options
        self._drafts.clear()

    def take(self, message: Message) -> bool:
        """Take in what a person did. True if the form or the options changed by it."""
        if message.do == "set" and message.field:
            return self._set(message.field, message.value)
        if message.do == "reset":
            self._drafts.pop(message.arg, None)
            self._write(message.arg, copy.deepcopy(self._default(message.arg)))
            return True
        if message.do == "add-folder":
            self.options[_FOLDERS] = [*self.options[_FOLDERS], {"image_dir": ""}]
            return True
        if message.do == "remove-folder":
            self._remove_folder(int(message.arg))
            return True
        if message.do in ("open", "close"):
            change = self.opened.add if message.do == "open" else self.opened.discard
            before = len(self.opened)
            change(message.arg)
            return len(self.opened) != before
        return False

    def reveal(self, name: str) -> None:
        """Open the fold that an option is in, so that it can be gone to."""
        option = self.options.option(name)
        if option.meta.advanced:
            self.opened.add(option.group)

    def apply(self, values: dict[str, Any]) -> None:
        """Set several options at once, as a problem's fix asks for."""
        self.options.update(values)
        for name in values:
            self._drafts.pop(name, None)

    def _set(self, name: str, raw: Any) -> bool:
        try:
            self._write(name, understood(self._asked(name), raw))
        except InputError as error:
            problem = Problem(Level.ERROR, (name.partition(".")[0],), error.what, error.why, error.remedy)
            self._drafts[name] = (str(raw), problem)
        else:
            self._drafts.pop(name, None)
        return True

    # What a control's name stands for

    def _asked(self, name: str) -> Any:
        head, _, rest = name.partition(".")
        if head == _FOLDERS and rest:
            return FOLDER_OPTIONS[rest.partition(".")[2]]
        if head == "optimizer_args" and rest:
            return optimizer_form.argument(self.options, rest)
        return self.options.option(name)

    def _default(self, name: str) -> Any:
        return self._asked(name).default

    def _write(self, name: str, value: Any) -> None:
        head, _, rest = name.partition(".")
        if head == _FOLDERS and rest:
            at, _, setting = rest.partition(".")
            folders = copy.deepcopy(self.options[_FOLDERS])
            folders[int(at)][setting] = value
            self.options[_FOLDERS] = folders
        elif head == "optimizer_args" and rest:
            optimizer_form.write(self.options, rest, value)
        else:
            self.options[name] = value

    def _remove_folder(self, at: int) -> None:
        self.options[_FOLDERS] = [f for k, f in enumerate(self.options[_FOLDERS]) if k != at]
        for name in [name for name in self._drafts if name.startswith(f"{_FOLDERS}.")]:
            del self._drafts[name]

    # Rendering

    def group(self, kind: type[Group]) -> Html:
        """One group as a card, empty if nothing in it applies. Its fold is empty until it is opened."""
        shown = [option for option in kind.options() if self.options.applies(option.name)]
        if not shown:
            return Html("")
        state = self._state(kind, shown)
        if self._drawn.get(kind, ("", Html("")))[0] != state:
            self._drawn[kind] = (state, self._card(kind, shown))
        return self._drawn[kind][1]

    def _state(self, kind: type[Group], shown: Sequence[Option]) -> str:
        """All that a group's card depends on. Drawing it takes ten times as long as telling this."""
        names = {option.name for option in shown}
        return repr(
            (
                self.depth,
                self.practice,
                [name for name in sorted(self.opened) if name == kind.key() or name.startswith(_FOLDERS)],
                [(name, self.options[name], self.notes.get(name)) for name in sorted(names)],
                self.options["family"] if "model_variant" in names else "",
                [(name, text) for name, (text, _) in self._drafts.items() if name.partition(".")[0] in names],
                [(at, p) for at, p in enumerate(self.problems) if p.fields and p.fields[0] in names],
                self.options["optimizer_type"] if "optimizer_args" in names else "",
            )
        )

    def _card(self, kind: type[Group], shown: Sequence[Option]) -> Html:
        basic = [option for option in shown if not option.meta.advanced]
        advanced = [option for option in shown if option.meta.advanced]
        heading = f"group-{kind.key()}"
        return h(
            "section",
            h(
                "header",
                h(
                    "h2",
                    h("span", kind.emoji, class_="emoji", aria_hidden="true"),
                    kind.title,
                    id=heading,
                    tabindex="-1",
                ),
                h("p", kind.purpose, class_="soft"),
            ),
            h("div", [self.field(option) for option in basic], class_="fields") if basic else None,
            self._fold(kind.key(), advanced, "More settings" if basic else "Settings") if advanced else None,
            class_="card",
            aria_labelledby=heading,
        )

    def _fold(self, key: str, options: list[Option], title: str) -> Html:
        changed = sum(self.changed(option) for option in options)
        worst = [p for option in options for p in self._problems(option) if p.level is Level.ERROR]
        return h(
            "details",
            h(
                "summary",
                f"{title} ({len(options)})",
                f" · {changed} changed" if changed else "",
                f" · ✖ {len(worst)} to look at" if worst else "",
            ),
            h("div", [self.field(option) for option in options], class_="fields")
            if key in self.opened
            else h("p", "One moment.", class_="soft"),
            class_="fold",
            data_fold=key,
            open=key in self.opened,
        )

    def field(self, option: Option) -> Html:
        """One option with all that belongs to it."""
        if option.kind == "folders":
            return self._folders(option)
        if option.name == "optimizer_args" and (known := optimizer_form.arguments(self.options)):
            return self._arguments(option, known)
        return self._render(self._slot(option))

    def _render(self, slot: Slot) -> Html:
        return fields.render(slot, self.depth, lambda problem: fix_button(problem, self.problems))

    def _slot(self, option: Option) -> Slot:
        left_out = self.practice and not option.meta.practice
        return Slot(
            id=option.name,
            option=option,
            value=self.options[option.name],
            default=option.default,
            doc=option.doc,
            key=option.key,
            unit=option.meta.unit,
            more=_further(option),
            words=_words(option),
            link=option.meta.link if self.depth == "deep" else "",
            note="" if left_out else self.notes.get(option.name, ""),
            tag="not used in practice" if left_out else "",
            hidden=self._elsewhere() if option.name == "model_variant" else (),
            draft=self._drafts.get(option.name),
            problems=self._problems(option),
        )

    def _elsewhere(self) -> list[str]:
        """The lines of models that the chosen family has not."""
        own = families.family(self.options["family"]).variants
        every = TrainingOptions.option("model_variant").choices.values()
        return [name for name in every if name not in (None, "plain", *own)]

    def changed(self, option: Option) -> bool:
        """Whether an option differs from its default, or something half typed stands there."""
        return self.half_typed(option) or bool(self.options[option.name] != option.default)

    def half_typed(self, option: Option) -> bool:
        """Whether something that could not be understood yet stands in its control."""
        return any(name.partition(".")[0] == option.name for name in self._drafts)

    def _problems(self, option: Option) -> list[Problem]:
        if option.name in self._drafts:
            return [self._drafts[option.name][1]]
        return [p for p in self.problems if p.fields and p.fields[0] == option.name]

    # Lists of fields

    def _folders(self, option: Option) -> Html:
        """The further picture folders, each a group of fields of its own."""
        folders = self.options[_FOLDERS]
        return h(
            "div",
            h("div", h("span", option.label, class_="legend"), class_="label"),
            h("p", option.doc, class_="explain", id=f"explain-{_FOLDERS}"),
            [self._folder(at, values) for at, values in enumerate(folders)],
            h(
                "button",
                "Add a folder",
                type="button",
                id="add-folder",
                data_do="add-folder",
                data_focus=f"f-{_FOLDERS}.{len(folders)}.image_dir",
                aria_describedby=f"explain-{_FOLDERS}",
            ),
            h(
                "div",
                [notices.beside(p, folders, self._fix(p), default=[]) for p in self._problems(option)],
                aria_live="polite",
            ),
            class_="field",
            data_key=f"field-{_FOLDERS}",
        )

    def _folder(self, at: int, values: dict[str, Any]) -> Html:
        basic = [o for o in FOLDER_OPTIONS.values() if not o.meta.advanced]
        advanced = [o for o in FOLDER_OPTIONS.values() if o.meta.advanced]
        key = f"{_FOLDERS}.{at}"
        changed = sum(o.name in values for o in advanced)
        return h(
            "fieldset",
            h("legend", f"🗂️ Folder {at + 2}"),
            [self._folder_field(at, o, values) for o in basic],
            h(
                "details",
                h(
                    "summary",
                    f"More settings of this folder ({len(advanced)})",
                    f" · {changed} set" if changed else "",
                ),
                h("div", [self._folder_field(at, o, values) for o in advanced], class_="fields")
                if key in self.opened
                else h("p", "One moment.", class_="soft"),
                class_="fold",
                data_fold=key,
                open=key in self.opened,
            ),
            h(
                "button",
                "Remove this folder from the list",
                type="button",
                class_="link",
                data_do="remove-folder",
                data_arg=str(at),
                data_focus="add-folder",
                aria_label=f"Remove folder {at + 2} from the list",
            ),
            class_="folder",
            data_key=key,
        )

    def _folder_field(self, at: int, option: Option, values: dict[str, Any]) -> Html:
        name = f"{_FOLDERS}.{at}.{option.name}"
        return self._render(
            Slot(
                id=name,
                option=option,
                value=values.get(option.name, option.default),
                default=option.default,
                doc=option.doc,
                key=option.key,
                unit=option.meta.unit,
                more=_further(option),
                words=_words(option),
                draft=self._drafts.get(name),
                unset=_AS_MAIN,
            )
        )

    def _arguments(self, option: Option, known: Sequence[Any]) -> Html:
        """The chosen optimizer's arguments, each a field; others that are set stay in the list below."""
        values = optimizer_form.values(self.options)
        slots = [
            Slot(
                id=f"optimizer_args.{one.name}",
                option=one,
                value=values.get(one.name, one.default),
                default=one.default,
                doc=one.doc,
                key=one.name,
                draft=self._drafts.get(f"optimizer_args.{one.name}"),
            )
            for one in known
        ]
        return h(
            "fieldset",
            h("legend", "Arguments of this optimizer"),
            [self._render(slot) for slot in slots],
            self._render(self._slot(option)),
            class_="folder",
            data_key="field-optimizer_args-all",
        )

    def _fix(self, problem: Problem) -> Html | None:
        return fix_button(problem, self.problems)


def _further(option: Option) -> list[tuple[str, Said]]:
    """What goes beyond the explanation, under its headings."""
    meta = option.meta
    usual = tuple(f"{where}: {value}" for where, value in meta.typical.items())
    lines = tuple(meta.more.split("\n"))
    more = " ".join(meta.more.split()) if len(lines) == 1 else lines
    parts: list[tuple[str, Said]] = [("", more), ("Cost.", meta.cost), ("Usual values.", usual)]
    parts.append(("How it works.", " ".join(meta.deep.split())))
    return [(heading, text) for heading, text in parts if text]


def _words(option: Option) -> dict[str, str]:
    """The glossary's words that an option's explanation uses, and what they mean."""
    meta = option.meta
    words = words_in(f"{option.label} {option.doc} {meta.more} {meta.deep}")
    return {f"{word[0].upper()}{word[1:]}": GLOSSARY[word] for word in words}


def fix_button(problem: Problem, problems: Sequence[Problem]) -> Html | None:
    """The button that settles a problem, if one click can."""
    if not problem.fix or problem not in problems:
        return None
    named = ", ".join(f"{TrainingOptions.option(n).label} = {_fixed(n, v)}" for n, v in problem.fix.items())
    focus = f"f-{next(iter(problem.fix))}"
    at = list(problems).index(problem)
    return h("button", f"Set {named}", type="button", data_do="fix", data_arg=str(at), data_focus=focus)


def _fixed(name: str, value: Any) -> str:
    """A fix's value for its button: lines as they will be written, as their number says nothing."""
    option = TrainingOptions.option(name)
    if option.kind == "texts" and value:
        lines = ", ".join(value)
        return lines if len(lines) <= 60 else f"{lines[:57]}…"
    return said(option, value)
