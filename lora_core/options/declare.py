"""How an option is declared: once, as a `param` parameter with everything there is to know about it.

Form, TOML, checks, documentation and tests all read these declarations. A declaration looks so::

    network_dim = Integer(
        16,
        label="Rank (dim)",
        doc="How much the LoRA can learn. Raise it ... Lower it ... Typical: 8 to 32.",
        bounds=(1, 1024),
    )

The attribute's name is the trainer's own key wherever the trainer has one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import param


class Place(Enum):
    """Where an option's value goes."""

    TRAIN = "train"
    """The trainer's main TOML."""
    GENERAL = "general"
    """``[general]`` of the dataset TOML."""
    DATASET = "dataset"
    """``[[datasets]]`` of the dataset TOML."""
    SUBSET = "subset"
    """``[[datasets.subsets]]`` of the dataset TOML."""
    NETWORK_ARGS = "network_args"
    """One ``name=value`` among the trainer's ``network_args``."""
    SCHEDULER_ARGS = "scheduler_args"
    """One ``name=value`` among the trainer's ``lr_scheduler_args``."""
    OURS = "ours"
    """Nowhere in the trainer: the plan makes something else of it."""


@dataclass(frozen=True)
class Meta:
    """What `param` itself has no room for.

    Attributes:
        place: where the value goes.
        key: the trainer's name, where it is not the attribute's.
        advanced: folded away at first.
        unit: printed after the control, such as ``px``.
        more: the longer explanation, shown on demand.
        applies: option name -> values under which this option has a meaning; else it is hidden.
        practice: whether the practice engine obeys it.
        path: ``file`` or ``folder`` where the value is a path, else empty.
        as_list: whether the trainer wants the one value as a list.
        cost: what it costs in memory, time or file size, in a sentence.
        typical: model family or goal -> the usual value there, in words.
        deep: how it works, with its formula, for those who want to know.
        link: an address where it is explained at length.
    """

    place: Place = Place.TRAIN
    key: str = ""
    advanced: bool = False
    unit: str = ""
    more: str = ""
    applies: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    practice: bool = True
    path: str = ""
    as_list: bool = False
    cost: str = ""
    typical: Mapping[str, str] = field(default_factory=dict)
    deep: str = ""
    link: str = ""


_META_NAMES = frozenset(Meta.__dataclass_fields__)


def _declared(name: str, base: type[Any], settle: Callable[[Any], Any]) -> Callable[..., Any]:
    """A subclass of a param type that also takes and keeps the fields of `Meta`.

    Args:
        name: the new type's name.
        base: the param type.
        settle: turns a given value into the one that is kept, before the base checks it. Raises
            ValueError or TypeError with a sentence for people.
    """

    class Declared(base):  # type: ignore[misc]
        __slots__ = ["meta"]

        def __init__(self, default: Any = None, **settings: Any) -> None:
            meta = {key: settings.pop(key) for key in list(settings) if key in _META_NAMES}
            # A declaration is the same for every option set; without copies of it they are made 5 times faster.
            super().__init__(default=default, per_instance=False, **settings)
            self.meta = Meta(**meta)

        def __set__(self, owner: Any, value: Any) -> None:
            super().__set__(owner, value if value is None else settle(value))

    Declared.__name__ = Declared.__qualname__ = name
    return Declared


def _whole(value: Any) -> Any:
    """Only true integers: True is not 1 here, and 4.0 is not 4, as the trainer would fail on it."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("It must be a whole number.")
    return value


def _decimal(value: Any) -> Any:
    """Always a float, so that a TOML file shows ``1.0`` where the trainer expects a decimal number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("It must be a number.")
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("It must be a finite number.")
    return number


def _steps_or_share(value: Any) -> Any:
    """An int for steps, a float below 1 for a share: the trainer tells the two apart by their type."""
    number = _decimal(value)
    if isinstance(value, int) or 0 < number < 1:
        return value
    if number.is_integer():  # 0.0 and 100.0, as a number box gives them
        return int(number)
    raise ValueError("It must be a whole number of steps, or a share below 1.")


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError("It must be a text.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("It has a character that no text file can hold.") from None
    return value


def _text_list(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise TypeError("It must be a list of texts.")
    return [_text(item) for item in value]


def _folders(value: Any) -> Any:
    from lora_core.options.groups.folder import settled  # made from the groups, which import this module

    if not isinstance(value, (list, tuple)):
        raise TypeError("It must be a list of folders.")
    return [settled(one) for one in value]


def _switch(value: Any) -> Any:
    if not isinstance(value, bool):
        raise TypeError("It must be true or false.")
    return value


Integer = _declared("Integer", param.Integer, _whole)
Number = _declared("Number", param.Number, _decimal)
StepsOrShare = _declared("StepsOrShare", param.Number, _steps_or_share)
"""A number of steps (int), or a share of all steps (float below 1)."""
Boolean = _declared("Boolean", param.Boolean, _switch)
Text = _declared("Text", param.String, _text)
Choice = _declared("Choice", param.Selector, lambda value: value)
Texts = _declared("Texts", param.List, _text_list)
"""A list of texts."""
Folders: Any = _declared("Folders", param.List, _folders)
"""A list of further picture folders, each a dict of its settings: see `groups.folder`."""


@dataclass(frozen=True)
class Option:
    """One declared option, as readers of declarations see it."""

    group: str
    name: str
    parameter: Any

    @property
    def meta(self) -> Meta:
        meta: Meta = self.parameter.meta
        return meta

    @property
    def key(self) -> str:
        """The trainer's name for it."""
        return self.meta.key or self.name

    @property
    def label(self) -> str:
        return str(self.parameter.label)

    @property
    def doc(self) -> str:
        """The explanation, always shown."""
        return " ".join((self.parameter.doc or "").split())

    @property
    def default(self) -> Any:
        return self.parameter.default

    @property
    def kind(self) -> str:
        """``integer``, ``number``, ``boolean``, ``choice``, ``texts``, ``folders``, ``file``, ``folder``, ``text``."""
        if self.meta.path:
            return self.meta.path
        kinds = (
            (param.Integer, "integer"),
            (param.Number, "number"),
            (param.Boolean, "boolean"),
            (param.Selector, "choice"),
            (Folders, "folders"),
            (param.List, "texts"),
        )
        return next((word for kind, word in kinds if isinstance(self.parameter, kind)), "text")

    @property
    def optional(self) -> bool:
        """Whether the option may be left empty (None)."""
        if isinstance(self.parameter, param.Selector):
            return None in self.choices.values()
        return bool(self.parameter.allow_None)

    @property
    def bounds(self) -> tuple[Any, Any] | None:
        """Lowest and highest value, both allowed; None for kinds without."""
        return self.parameter.bounds if isinstance(self.parameter, param.Number) else None

    @property
    def choices(self) -> dict[str, Any]:
        """Label -> value, for a choice."""
        parameter = self.parameter
        if not isinstance(parameter, param.Selector):
            return {}
        if parameter.names:
            return {str(label): value for label, value in parameter.names.items()}
        return {str(value): value for value in parameter.objects}


class Group(param.Parameterized):
    """Base of the option groups: one form section each.

    Subclasses set ``emoji``, ``title`` and ``purpose`` (one sentence) as class attributes.
    """

    emoji = ""
    title = ""
    purpose = ""

    @classmethod
    @functools.cache  # asked for thousands of times whenever options are written
    def key(cls) -> str:
        """The group's name in TOML files and on `TrainingOptions`."""
        return "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")

    @classmethod
    def options(cls) -> list[Option]:
        """All options, in the order of declaration."""
        return [
            Option(cls.key(), name, cls.param[name])
            for name in cls.param
            if name != "name" and isinstance(getattr(cls.param[name], "meta", None), Meta)
        ]
