"""Options as one person edits them: changed, taken back, compared.

`lora_core.keeping.Keeping` and `lora_core.session.Session` are built on this. Where a change comes from does
not matter: options that were set directly (``session.options["seed"] = 1``) become a step to undo with the
next call of anything here.

The option set is edited in place by `change`; everything that replaces it as a whole (presets, undo, redo,
restoring) puts a new object into ``options``, so that a form knows that it has to be drawn anew.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import param

from lora_core import presets
from lora_core.engines import ENGINE_NAMES, get_engine
from lora_core.errors import Level
from lora_core.history import History, Step
from lora_core.options import TrainingOptions, families
from lora_core.presets import Change, Preset
from lora_core.workspace import Workspace

BASELINE = "baseline"
"""Name of the baseline among the values that the history keeps; no option has it."""
ENGINE = "engine"
"""Name of the engine among those values; no option has it."""
PRACTICE, SD_SCRIPTS = ENGINE_NAMES
_BASE_MODEL = "pretrained_model_name_or_path"
_BESIDE = (BASELINE, ENGINE)
_OWN_MODEL = ".tiny.safetensors"
"""Ending of the practice base model as sd-scripts reads it, which the practice engine does not."""
_LISTS = [option.name for option in TrainingOptions() if isinstance(option.parameter, param.List)]
"""Options whose value can be changed without being set, as by ``append``."""


class Editing(param.Parameterized):
    """Options of one person, with history and baseline.

    Args:
        workspace: where everything is kept; by default the user's own.
    """

    engine_name: Any = param.Selector(
        default=ENGINE_NAMES[0], objects=list(ENGINE_NAMES), doc="The trainer: practice or sd-scripts."
    )
    changed = param.Integer(default=0, doc="Goes up by one whenever options or runs may have changed.")

    def __init__(self, workspace: Workspace | None = None, **params: Any) -> None:
        super().__init__(**params)
        self.workspace = workspace or Workspace()
        self.options = TrainingOptions()
        self._baseline: dict[str, Any] | None = None
        self._history = History(self._state())
        self._editing = threading.RLock()  # a page checks and saves in the background
        self._watched: TrainingOptions | None = None
        self._writes = self._settled = 0
        """How often an option of the watched set was set, and how many of those the history knows."""

    def touch(self) -> None:
        """Say that something changed, to whoever watches ``changed``."""
        self._settle()
        self.changed += 1

    # Changing

    def change(self, values: Mapping[str, Any], label: str = "") -> list[Change]:
        """Set options, as one step to undo.

        Args:
            values: new values by option name.
            label: what is done, for the undo button; by default the change itself in words.

        Returns:
            What changed.

        Raises:
            InputError: a value cannot be used, or there is no such option; then nothing is changed.
        """
        return self._change(values, label, str(self.engine_name))

    def _change(self, values: Mapping[str, Any], label: str, engine: str) -> list[Change]:
        with self._editing:
            self._settle()
            before = self.options.copy()
            self.options.update(values)
            self._set_engine(engine)
            found = presets.changes(before, self.options)
            self._history.record(self._state(), label)
        self.changed += 1
        return found

    def choose_model(self, family: str, variant: str = "") -> list[Change]:
        """Choose a model family and variant, with all settings that belong to it.

        What belonged to the former family and was left as proposed goes back to its default. The variant's
        ``note`` (`lora_core.options.families`) says what is special about it.

        Args:
            family: the family.
            variant: one of its variants; by default the first.

        Returns:
            What changed.

        Raises:
            InputError: there is no such family or variant.
        """
        values = presets.model_values(family, variant)
        known = families.family(family)
        title = known.variants[variant or next(iter(known.variants))].title
        values = {**self._of_former_model(), **values, **self._rates(family)}
        found = presets.changes(self.options, after := self._with(values))
        return self._change(values, f"{title}: {presets.count(found)}", self.engine_for(after))

    def engine_for(self, options: TrainingOptions) -> str:
        """The engine that an option set needs: the real trainer where practice cannot do what it asks for.

        Args:
            options: the set, not in use yet.
        """
        if self.engine_name != PRACTICE:
            return str(self.engine_name)
        problems = get_engine(PRACTICE, self.workspace).check(options)
        return SD_SCRIPTS if any(p.level is Level.ERROR for p in problems) else PRACTICE

    def choose_engine(self, name: str) -> None:
        """Choose the trainer, as one step to undo.

        Args:
            name: ``practice`` or ``sd-scripts``.

        Raises:
            ValueError: there is no such engine.
        """
        with self._editing:
            self._settle()
            self._set_engine(name)
            if name == PRACTICE and self.options[_BASE_MODEL].endswith(_OWN_MODEL):
                self.options[_BASE_MODEL] = ""
            self._history.record(self._state())
            self._history.close()
        self.changed += 1

    def _of_former_model(self) -> dict[str, Any]:
        """Defaults of the options that still have the values proposed for the present model."""
        proposed = presets.model_values(self.options["family"], presets.present_variant(self.options))
        return {
            name: self.options.option(name).default
            for name, value in proposed.items()
            if self.options[name] == value
        }

    def _rates(self, family: str) -> dict[str, float]:
        """The family's learning rates, if the present ones are still those of the present family."""
        present = families.rates(self.options["family"])
        untouched = all(self.options[name] == rate for name, rate in present.items())
        return families.rates(family) if untouched else {}

    # Undo and redo

    @property
    def undo_label(self) -> str:
        """What `undo` would take back, such as ``Rank (dim): 16 → 32``; empty if there is nothing."""
        self._settle()
        return self._label(self._history.done)

    @property
    def redo_label(self) -> str:
        """What `redo` would do again; empty if there is nothing."""
        self._settle()
        return self._label(self._history.undone)

    def undo(self) -> str:
        """Take back the last step. Returns its label; empty if there was none."""
        label = self.undo_label
        with self._editing:
            self._put(self._history.undo())
        return label

    def redo(self) -> str:
        """Do again what was taken back last. Returns its label; empty if there was nothing."""
        label = self.redo_label
        with self._editing:
            self._put(self._history.redo())
        return label

    # Presets and the baseline

    def presets(self) -> list[Preset]:
        """All presets, the user's own last. One that cannot be read is passed over."""
        return presets.list_with_own(self.workspace.presets)[0]

    def find_preset(self, name: str) -> Preset:
        """A preset by name, shipped or own.

        Raises:
            InputError: there is none of that name, or it cannot be read.
        """
        return presets.find(name, presets.presets_dir(), self.workspace.presets)

    def preview(self, name: str, variant: str = "") -> list[Change]:
        """What a preset would change. Nothing is changed. Arguments and errors as `use_preset`."""
        return presets.changes(self.options, presets.apply(self.find_preset(name), self.options, variant))

    def use_preset(self, name: str, variant: str = "") -> None:
        """Apply a preset, as one step to undo. What is personal stays, unless the preset names it.

        Args:
            name: the preset, shipped or own.
            variant: the model variant to use; by default the preset's own, else the present one.

        Raises:
            InputError: there is no such preset, or it is not for this model family.
        """
        preset = self.find_preset(name)
        options = presets.apply(preset, self.options, variant)
        on_top = preset.modifier and self._baseline is not None
        titles = [*(self._baseline["titles"] if on_top and self._baseline else []), preset.title]
        self.replace(options, preset.title, baseline=titles)

    def replace(
        self, options: TrainingOptions, title: str, *, baseline: Sequence[str] = (), engine: str = ""
    ) -> None:
        """Put another option set in place of the present one, as one step to undo.

        Args:
            options: the new set.
            title: where it comes from, for the undo button.
            baseline: if given, the set becomes what `back_to_preset` goes back to, under these titles.
            engine: the trainer; by default the one that `engine_for` tells.
        """
        with self._editing:
            self._settle()
            found = presets.changes(self.options, options)
            self._set_engine(engine or self.engine_for(options))
            self.options = options.copy()
            if baseline:
                self._baseline = {"titles": list(baseline), "values": _way(options)}
            self._history.record(self._state(), f"{title}: {presets.count(found)}")
            self._history.close()
        self.changed += 1

    @property
    def baseline(self) -> str:
        """Title of the preset that was applied last, with the modifiers on top; empty if none was."""
        self._settle()
        return " + ".join(self._baseline["titles"]) if self._baseline else ""

    def differences(self) -> list[Change]:
        """What differs from the preset that was applied last; empty if none was."""
        return presets.changes(self._as_baseline(), self.options)

    def back_to_preset(self) -> list[Change]:
        """Go back to the preset that was applied last, as one step to undo. What is personal stays.

        Returns:
            What changed.
        """
        found = presets.changes(self.options, options := self._as_baseline())
        if found:
            self.replace(options, f"Back to {self.baseline}")
        return found

    def _as_baseline(self) -> TrainingOptions:
        return self._with(self._baseline["values"] if self._baseline else {})

    # Within

    def _set_engine(self, name: str) -> None:
        """Quietly: who watches is told by ``changed`` once the whole step is done, and never sees half of one."""
        with param.parameterized.discard_events(self):
            self.engine_name = name

    def _state(self) -> dict[str, Any]:
        return {**self.options.values(), BASELINE: self._baseline, ENGINE: self.engine_name}

    def _settle(self) -> None:
        """Make a step of what was set directly."""
        with self._editing:
            if self._unsettled():
                self._history.record(self._state())

    def _unsettled(self) -> bool:
        """Whether the history may not know the options as they are.

        A page asks for labels many times whenever it is drawn, and reading all options takes far longer.
        """
        if self._watched is not self.options:
            self._watched = self.options
            for group in self.options.groups.values():
                names = [option.name for option in group.options()]
                group.param.watch(self._count_writes, names, onlychanged=False)
            return True
        writes = self._writes
        if self._settled != writes:
            self._settled = writes
            return True
        if self.engine_name != self._history.present[ENGINE]:
            return True
        return any(self.options[name] != self._history.present[name] for name in _LISTS)

    def _count_writes(self, *events: param.parameterized.Event) -> None:
        self._writes += 1

    def _put(self, values: Mapping[str, Any]) -> None:
        if not values:
            return
        self._baseline = values.get(BASELINE, self._baseline)
        self._set_engine(values.get(ENGINE, self.engine_name))
        self.options = self._with({name: value for name, value in values.items() if name not in _BESIDE})
        self.changed += 1

    def _with(self, values: Mapping[str, Any]) -> TrainingOptions:
        return TrainingOptions(**{**self.options.values(), **values})

    def _label(self, steps: Sequence[Step]) -> str:
        if not steps:
            return ""
        step = steps[-1]
        if step.label:
            return step.label
        names = [name for name in step.after if name not in _BESIDE]
        if not names and ENGINE in step.after:
            return f"Trainer: {step.before[ENGINE]} → {step.after[ENGINE]}"
        if len(names) != 1:
            return presets.count(names)
        name = names[0]
        return presets.change(self.options.option(name), step.before[name], step.after[name]).text


def _way(options: TrainingOptions) -> dict[str, Any]:
    """All that is not personal."""
    return {option.name: options[option.name] for option in options if not presets.is_personal(option)}
