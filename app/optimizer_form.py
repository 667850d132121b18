"""The chosen optimizer's arguments as fields. They are kept as texts in the option ``optimizer_args``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lora_core.errors import InputError
from lora_core.options import TrainingOptions
from lora_core.options.optimizers import Argument, OptimizerInfo, info, parse
from lora_core.options.optimizers import write as as_texts

_NAME = "optimizer_args"
_KINDS = {"bool": "boolean", "int": "integer", "float": "number", "choice": "choice"}


@dataclass(frozen=True)
class Field:
    """One argument as a form asks for it. Several numbers are one text: ``0.9, 0.99``."""

    argument: Argument

    @property
    def name(self) -> str:
        return self.argument.name

    @property
    def label(self) -> str:
        return self.argument.label

    @property
    def doc(self) -> str:
        return self.argument.doc

    @property
    def kind(self) -> str:
        return _KINDS.get(self.argument.kind, "text")

    @property
    def optional(self) -> bool:
        return self.argument.optional

    @property
    def choices(self) -> dict[str, Any]:
        return {choice: choice for choice in self.argument.choices}

    @property
    def bounds(self) -> tuple[Any, Any] | None:
        low, high = self.argument.low, self.argument.high
        return None if low is None and high is None else (low, high)

    @property
    def default(self) -> Any:
        return self.shown(self.argument.default)

    def shown(self, value: Any) -> Any:
        """A value as the control holds it."""
        if self.argument.kind == "floats" and isinstance(value, (list, tuple)):
            return ", ".join("empty" if one is None else repr(one).removesuffix(".0") for one in value)
        return value

    def meant(self, value: Any) -> Any:
        """A control's value as the optimizer takes it.

        Raises:
            InputError: a list of numbers that is none.
        """
        if self.argument.kind != "floats" or not isinstance(value, str):
            return value
        try:
            return tuple(None if part.strip() == "empty" else float(part) for part in value.split(","))
        except ValueError:
            raise InputError(
                f"“{value}” is not a list of numbers.",
                remedy=f"Type numbers with commas between them, as in {self.default}.",
                field=_NAME,
                value=value,
            ) from None


def chosen(options: TrainingOptions) -> OptimizerInfo | None:
    """What is known about the chosen optimizer."""
    try:
        return info(str(options["optimizer_type"]))
    except InputError:
        return None


def arguments(options: TrainingOptions) -> tuple[Field, ...]:
    """What the chosen optimizer can be told; empty if nothing is known about it."""
    known = chosen(options)
    return tuple(Field(one) for one in known.arguments.values()) if known else ()


def argument(options: TrainingOptions, name: str) -> Field:
    """One argument of the chosen optimizer.

    Raises:
        InputError: it has no such argument.
    """
    for one in arguments(options):
        if one.name == name:
            return one
    raise InputError(f"The chosen optimizer has no argument {name}.", field=_NAME, value=name)


def values(options: TrainingOptions) -> dict[str, Any]:
    """The arguments that are set, as their controls hold them. What cannot be read stays in the list below."""
    fields = {one.name: one for one in arguments(options)}
    found = _readable(options[_NAME])
    return {name: fields[name].shown(value) for name, value in found.items() if name in fields}


def _readable(texts: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        try:
            found |= parse([text])
        except InputError:
            continue
    return found


def write(options: TrainingOptions, name: str, value: Any) -> None:
    """Set one argument; at its default it is left out. Others stay as they are written.

    Raises:
        InputError: the value cannot be read, or not be written.
    """
    field = argument(options, name)
    meant = field.meant(value)
    others = [text for text in options[_NAME] if text.partition("=")[0].strip() != name]
    own = [] if meant == field.argument.default else as_texts({name: meant})
    options[_NAME] = [*others, *own]
