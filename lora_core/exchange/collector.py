"""Puts foreign settings into our options, and writes down what became of each.

Readers of the single formats hand over the trainer's own keys (`Collector.give`). Whatever is a declared
option of that key is taken by its declaration, so that a newly declared option is imported without
anything being written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lora_core.engines import manifest
from lora_core.engines.planning import PREVIEW_KEYS
from lora_core.errors import InputError
from lora_core.exchange import reasons
from lora_core.exchange.report import Entry, Imported, Outcome
from lora_core.exchange.secrets import is_secret
from lora_core.exchange.values import Unfit, settle
from lora_core.options import TrainingOptions
from lora_core.options.declare import Option, Place
from lora_core.options.families import FAMILIES
from lora_core.options.trainer_values import TRAINER_DEFAULTS

_TABLES = (Place.TRAIN, Place.GENERAL, Place.DATASET, Place.SUBSET)
_ARGUMENTS = {"network_args": Place.NETWORK_ARGS, "lr_scheduler_args": Place.SCHEDULER_ARGS}
_BEFORE_NAME = re.compile(r"^(.*[.:] ?)?(ss_)?")
"""What stands in front of a setting's name: the place it has in the file."""
_RANKS = ("network_dim", "conv_dim")
"""LyCORIS takes a rank far too large as: as large as possible."""


class Collector:
    """The options as far as they are known, and the report.

    Attributes:
        options: the settings so far.
        given: names of the options that the file has set.
        entries: the report so far.
        notes: sentences for the report's end.
        names: the trainer's key -> what the file calls it, where a reader has renamed it before.
    """

    def __init__(self) -> None:
        self.options = TrainingOptions()
        self.given: set[str] = set()
        self.entries: list[Entry] = []
        self.notes: list[str] = []
        self.names: dict[str, str] = {}
        self._tables = {option.key: option for option in self.options if option.meta.place in _TABLES}
        self._tables |= {
            o.name: o for o in self.options if o.meta.place in _TABLES and o.name not in self._tables
        }

    # --- what readers call ----------------------------------------------------------------------------

    def give(self, source: str, key: str, value: Any, note: str = "") -> None:
        """Take a setting of the trainer.

        Args:
            source: its name in the file.
            key: the trainer's key for it.
            value: its value, in any form.
            note: what else to say about it, in a sentence.
        """
        self._give(source, key, value, self._tables.get(key), note)

    def argument(self, table: str, source: str, key: str, value: Any) -> None:
        """Take one ``name=value`` of the trainer's ``network_args`` or ``lr_scheduler_args``."""
        place = _ARGUMENTS[table]
        option = next((o for o in self.options if o.meta.place is place and o.key == key), None)
        self._give(source, key, value, option, "", argument=True)

    def own(self, source: str, name: str, value: Any, note: str = "") -> bool:
        """Set an option of ours by its name. Returns whether it could be set."""
        option = next((option for option in self.options if option.name == name), None)
        if option is None:
            self.drop(source, f"There is no setting {name!r} for it here.")
            return False
        return self._take(source, option, value, note)

    def drop(self, source: str, why: str) -> None:
        """Leave a setting out, with the reason as a sentence."""
        self._note(Outcome.DROPPED, source, "", None, why)

    def unknown(self, source: str) -> None:
        """Leave out a setting that nobody knows."""
        text = "Neither this program nor the trainer knows a setting of this name."
        self._note(Outcome.UNKNOWN, source, "", None, text)

    def hidden(self, source: str, value: Any) -> bool:
        """Whether a setting is a secret; then it is left out and named, if it has a value at all."""
        if not is_secret(source, value):
            return False
        if value not in (None, "", [], {}):
            self.drop(source, "It is a secret. Secrets are not kept in settings files.")
        return True

    def family(self) -> str:
        """The model family so far."""
        return str(self.options["family"])

    def of_trainer(self, option: Option) -> Any:
        """What the trainer has where an option's key is absent."""
        if option.name in TRAINER_DEFAULTS:
            return TRAINER_DEFAULTS[option.name]
        known = manifest.options(FAMILIES[self.family()].script).get(option.key)
        return known.default if known else option.default

    # --- how it ends ----------------------------------------------------------------------------------

    def fill_with_trainer_defaults(self) -> None:
        """Give what the file left out the trainer's own default, as the trainer would have done."""
        script = FAMILIES[self.family()].script
        known = manifest.options(script)
        left = [o for o in self.options if o.name not in self.given]
        for option in left:
            if option.name in TRAINER_DEFAULTS:
                self._default(option, TRAINER_DEFAULTS[option.name])
            elif option.meta.place in _TABLES and option.optional:
                self.options[option.name] = None  # empty: the trainer's own default
            elif option.meta.place in _TABLES:
                entry = known.get(option.key)
                self._default(option, entry.default if entry else None)
        if self.options["max_train_epochs"] is not None and "max_train_steps" not in self.given:
            self.options["max_train_steps"] = None
        for option in left:
            if not self.options.applies(option.name):
                self.options[option.name] = option.default

    def _default(self, option: Option, value: Any) -> None:
        """Set an option to the trainer's default; where that is none of its values, a switch is off."""
        try:
            self.options[option.name] = settle(option, value)
        except (Unfit, InputError):
            if option.kind == "boolean":
                self.options[option.name] = False

    def finish(self, kind: str) -> Imported:
        """The result. What the plan will not give to the trainer is said by then."""
        entries = tuple(self._with_idle_named(entry) for entry in self.entries)
        return Imported(kind, self.options, entries, tuple(self.notes))

    def _with_idle_named(self, entry: Entry) -> Entry:
        """An entry as it was, or, of a setting that has no effect beside the others, one that says so."""
        if not entry.target or entry.target == "more_folders":
            return entry
        option = self.options.option(entry.target)
        if _alike(entry.value, self.of_trainer(option)):
            return entry  # it makes no difference
        why = self._why_idle(option)
        if not why:
            return entry
        text = f"{option.label} is kept as {shown(entry.value)}, and the trainer is not given it {why}."
        return replace(entry, outcome=Outcome.DROPPED, text=text)

    def _why_idle(self, option: Option) -> str:
        """Beside which setting an option has no effect, in words; empty if it has one."""
        if option.name in PREVIEW_KEYS and not self.options["prompts"]:
            return "as long as there is no preview prompt"
        for name, allowed in option.meta.applies.items():
            if self.options[name] not in allowed:
                other = self.options.option(name)
                return f"as long as {other.label} is {_in_words(other, self.options[name])}"
        return ""

    # --- inside ---------------------------------------------------------------------------------------

    def _give(
        self, source: str, key: str, value: Any, option: Option | None, note: str, *, argument: bool = False
    ) -> None:
        if self.hidden(source, value) or self.hidden(key, value):
            return
        if option is not None:
            self._take(source, option, value, note)
        elif argument and value is not None:
            self.unknown(source)
        elif value in (None, "", [], {}):
            return  # an empty field of a setting that is not offered says nothing
        else:
            self._undeclared(source, key)

    def _undeclared(self, source: str, key: str) -> None:
        """A key that no option has: all that the trainer knows is declared, or left out for a reason."""
        if why := reasons.why_left_out(key):
            self.drop(source, why)
        else:
            self.unknown(source)

    def _take(self, source: str, option: Option, value: Any, note: str) -> bool:
        source = self.names.get(source, source)
        if self.hidden(source, value):
            return False
        try:
            settled = settle(option, value)
            largest = option.bounds[1] if option.bounds and option.key in _RANKS else None
            if largest and isinstance(settled, int) and settled > largest:
                settled, note = largest, f"The largest rank here is {largest}."
            self.options[option.name] = settled
        except Unfit as error:
            self.drop(source, f"{error} The setting is {option.label}.")
            return False
        except InputError as error:
            self.drop(source, " ".join(part for part in (error.why, error.remedy) if part))
            return False
        self.given.add(option.name)
        kept = self.options[option.name]
        same_name = _BEFORE_NAME.sub("", source) in (option.key, option.name)
        if same_name and _alike(kept, value) and not note:
            text = f"{option.label}: {shown(kept)}."
            self._note(Outcome.TAKEN, source, option.name, kept, text)
        else:
            text = f"It became {option.label}: {shown(kept)}."
            self._note(Outcome.TRANSLATED, source, option.name, kept, f"{text} {note}".strip())
        return True

    def _note(self, outcome: Outcome, source: str, target: str, value: Any, text: str) -> None:
        self.entries.append(Entry(outcome, self.names.get(source, source), target, value, text))


def _alike(kept: Any, given: Any) -> bool:
    """Whether a value came through as it was."""
    if isinstance(kept, bool) or isinstance(given, bool):
        return kept is given
    if isinstance(given, (int, float)) and isinstance(kept, (int, float)):
        return float(kept) == float(given)
    if isinstance(given, str) and isinstance(kept, (int, float)):
        return _same_number(given, kept)
    if isinstance(kept, (list, tuple)):
        return isinstance(given, (list, tuple)) and list(kept) == list(given)
    return kept == given or (kept is None and given in ("", None))


def _same_number(text: str, number: float) -> bool:
    try:
        return float(text) == float(number)
    except ValueError:
        return False


def shown(value: Any) -> str:
    """A value for people."""
    if value is None or value == "" or value == []:
        return "empty"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return "; ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _in_words(option: Option, value: Any) -> str:
    """A value as the form shows it."""
    return next((label for label, one in option.choices.items() if one == value), shown(value))


def flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """A trainer's TOML without its sections, as the trainer reads it."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= value if isinstance(value, dict) and not key.endswith("_args") else {key: value}
    return found
