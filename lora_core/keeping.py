"""Options kept for next time, with the steps to undo, by one of several windows.

Whatever was set is there again after a reload, the end of a kernel or a restart. A window writes only what
changed in it, and never over what another one saved: see `lora_core.last_session`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from lora_core import last_session
from lora_core.editing import BASELINE, ENGINE, Editing
from lora_core.engines import ENGINE_NAMES
from lora_core.errors import InputError
from lora_core.history import History
from lora_core.last_session import Conflict
from lora_core.options import TrainingOptions
from lora_core.workspace import Workspace


class Keeping(Editing):
    """Editing that survives.

    Args:
        workspace: where everything is kept; by default the user's own.
    """

    def __init__(self, workspace: Workspace | None = None, **params: Any) -> None:
        super().__init__(workspace, **params)
        self.conflict: Conflict | None = None
        """What `save` met: another window has saved meanwhile. None once it is settled."""
        self._mark: str | None = None  # until this session has looked at what is there
        self._saved = ""
        self._id = uuid.uuid4().hex[:8]

    def save(self) -> Conflict | None:
        """Keep options, engine and the steps to undo for the next time. Whole or not at all.

        Returns:
            None; or, if another window has saved other settings meanwhile, the conflict. Then the file is
            left as it is, and `take_theirs` or `keep_mine` settles it.

        Raises:
            StorageError: the workspace cannot be written to.
        """
        with self._editing:
            self._settle()
            text = last_session.text_of(self.options, self.engine_name)
            if text == self._saved and not self.conflict:
                return None  # so that a window in which nothing was done never meets a conflict
            place = self.workspace.last_session
            if self._mark is None:  # a script's session, for example
                self._mark = last_session.take_over(place, text)
            steps = {**self._history.to_dict(), BASELINE: self._baseline}
            got = last_session.save(place, text, known=self._mark, steps=steps, owner=self._id)
            self.conflict = got if isinstance(got, Conflict) else None
            if isinstance(got, str):
                self._mark, self._saved = got, text
            return self.conflict

    def restore(self) -> str:
        """Take up the options and engine of last time, if there are any, as far as they can be used.

        If something is left out, the file as it was is kept beside its place under another name.

        Returns:
            What a person should know about it: what was left out and why. Empty if all went well.
        """
        found = last_session.read(self.workspace.last_session)
        self._mark = found.mark
        if found.options is not None:
            self._take_up(found)
            self._baseline = _baseline_of(found.steps)
            self._history = _history_of(self._state(), found.steps)
            self.changed += 1
        return found.note

    def take_theirs(self) -> None:
        """Settle a conflict: go on with what the other window saved. This side's settings can be undone to."""
        conflict, self.conflict = self.conflict, None
        if conflict is None:
            return
        found = last_session.read(self.workspace.last_session)  # they may have gone on meanwhile
        with self._editing:
            self._settle()
            self._take_up(found)
            self._history.record(self._state(), "Settings of the other window")
            self._history.close()
        self.changed += 1

    def keep_mine(self) -> None:
        """Settle a conflict: save this side's settings. What the other window saved is kept in a file.

        Raises:
            StorageError: the workspace cannot be written to.
        """
        if self.conflict is None:
            return
        copy, self.conflict, self._mark, self._saved = self.conflict.mine, None, None, ""
        if self.save() is None:
            copy.unlink(missing_ok=True)  # it is in the file proper now
        self.changed += 1

    def _take_up(self, found: last_session.LastSession) -> None:
        if found.options is not None:
            self.options = found.options
        self.engine_name = found.engine or self.engine_name
        self._mark = found.mark
        self._saved = last_session.text_of(self.options, self.engine_name)


def _baseline_of(steps: Mapping[str, Any]) -> dict[str, Any] | None:
    """The baseline as it was kept, if all of it can be used."""
    try:
        titles, values = steps[BASELINE]["titles"], dict(steps[BASELINE]["values"])
        TrainingOptions(**values)
        return {"titles": [str(title) for title in titles], "values": values}
    except (KeyError, TypeError, ValueError, InputError):  # of an earlier version: then there is no way back
        return None


def _history_of(state: Mapping[str, Any], steps: Mapping[str, Any]) -> History:
    """The history as it was kept, if all of it can be used."""
    history = History(state)
    try:
        history.take_up(steps)
        scratch = TrainingOptions()
        for step in (*history.done, *history.undone):
            for name, value in (*step.before.items(), *step.after.items()):
                if name == ENGINE and value not in ENGINE_NAMES:
                    raise ValueError(value)
                if name not in (BASELINE, ENGINE):
                    scratch[name] = value
    except (KeyError, TypeError, ValueError, InputError):  # then there is nothing to undo
        return History(state)
    return history
