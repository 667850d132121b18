"""What the training will take, before it costs anything: figures, learning rate, picture shapes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app import drawings
from app.components import Html, h, join
from app.widgets import page
from app.widgets.words import duration
from lora_core.datasets.steps import fill_data_sets
from lora_core.errors import WorkbenchError
from lora_core.forecast import (
    Bucket,
    Estimate,
    Forecast,
    Part,
    Past,
    buckets_picture,
    forecast,
    machine,
    read_past,
)
from lora_core.forecast.estimate import GIB
from lora_core.options import schedules
from lora_core.session import Session

logger = logging.getLogger(__name__)

POINTS = 240
"""Points of a learning-rate curve: more than the drawing can show apart."""
_RATE_NAMES = {
    "unet": "Picture part",
    "text_encoder": "Text part",
    "text_encoder_2": "Second text part",
    "text_encoder_3": "Third text part",
}
_MB, _GB = 1000**2, 1000**3
_MEMORY = "GPU memory"


@dataclass(frozen=True)
class Outlook:
    """What is known before the start; each part None while it cannot be told."""

    forecast: Forecast | None = None
    rates: dict[str, list[float]] | None = None
    buckets: tuple[Bucket, ...] = ()


class Looker:
    """Reckons an `Outlook`. Slow: for the background.

    Args:
        session: whose training is looked at.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.price: float | None = None
        """What the machine costs an hour, in any currency."""
        self._past: tuple[tuple[str, ...], tuple[Past, ...]] = ((), ())

    def look(self) -> Outlook:
        """Everything that can be told now."""
        session = self.session
        try:
            scan = session.scan()
            if scan is None or not scan.pictures:
                return Outlook()
            more = session.scan_more()
            found = forecast(
                session.options,
                scan,
                more,
                gpu=machine.gpu(),
                history=self._history(),
                price_per_hour=self.price,
                engine=session.engine_name,
            )
            filled = fill_data_sets(session.options, scan, more)
            buckets = tuple(buckets_picture(session.options, filled, (scan, *more)))
        except WorkbenchError as error:
            logger.info("No forecast: %s", error)
            return Outlook()
        return Outlook(found, self._rates(found), buckets)

    def _rates(self, found: Forecast) -> dict[str, list[float]] | None:
        try:
            return schedules.curve(self.session.options, found.count.total, POINTS)
        except WorkbenchError as error:
            logger.info("No learning-rate curve: %s", error)
            return None

    def _history(self) -> tuple[Past, ...]:
        """How fast earlier runs were; read again only when there are others."""
        runs = self.session.runs()
        names = tuple(run.id for run in runs)
        if names != self._past[0]:
            self._past = (names, read_past(runs))
        return self._past[1]


def figures(found: Forecast | None) -> Html | None:
    """The few figures that stand beside Start."""
    if found is None:
        return None
    time = "Time, a guess" if found.guessed else "Time"
    rows = [(time, _time(found.time)), ("LoRA file", _bytes(found.lora_size)), ("Disk", _bytes(found.disk))]
    if found.memory is not None:
        rows.insert(1, (_MEMORY, _range(found.memory.estimate, _of_card)))
    if found.cost is not None:
        rows.append(("Cost", _range(found.cost, lambda value: f"{value:.2f}")))
    return h("dl", [h("div", h("dt", name), h("dd", text)) for name, text in rows], class_="figures outlook")


def card(outlook: Outlook, price: str) -> Html | str:
    """The card with everything that is known before the start."""
    found = outlook.forecast
    if found is None:
        return ""
    return page.card(
        "🔭",
        "Before you start",
        "What this training will take, and how the pictures and the learning rate will go.",
        h(
            "div",
            _rates(outlook.rates),
            _shapes(outlook.buckets),
            _reckoned(found),
            _fits(found),
            _price(price),
            class_="fields",
        ),
    )


def _rates(rates: dict[str, list[float]] | None) -> Html | None:
    if not rates or len(rates) < 2:
        return None
    steps = rates["steps"]
    series = {
        _RATE_NAMES.get(name, name): (steps, values) for name, values in rates.items() if name != "steps"
    }
    drawn = drawings.curves(series, "Learning rate over the steps.", "steps")
    return h("div", h("h3", "Learning rate"), drawn, class_="stack") if drawn else None


def _shapes(buckets: Sequence[Bucket]) -> Html | None:
    if not buckets:
        return None
    return h(
        "div",
        h("h3", "Picture shapes"),
        h("p", "Each picture is cut to the nearest of these sizes.", class_="soft"),
        h(
            "ul",
            [h("li", drawings.shape(*one.size), h("span", _shape(one))) for one in buckets],
            class_="shapes",
        ),
        class_="stack",
    )


def _shape(one: Bucket) -> str:
    many = "picture" if one.pictures == 1 else "pictures"
    text = f"{one.size[0]} × {one.size[1]} px: {one.pictures} {many}, {one.batches} batches an epoch."
    if one.worst_crop >= 1:
        worst = one.most_cropped[0].path.name
        text += f" Cut off: {one.mean_crop:.0f} % on average, {one.worst_crop:.0f} % of {worst}."
    if one.enlarged:
        most = one.most_enlarged[0]
        text += f" {one.enlarged} enlarged, {most.path.name} most ({most.scale:.1f} times)."
    return text


def _reckoned(found: Forecast) -> Html:
    """How each figure came about."""
    parts = [
        ("Steps", f"{found.steps.value:,.0f}", found.steps, ()),
        ("Time", _time(found.time), found.time, found.phases),
        ("LoRA file", _bytes(found.lora_size), found.lora_size, ()),
        ("Disk", _bytes(found.disk), found.disk, found.disk_parts),
    ]
    if found.memory is not None:
        memory = found.memory
        parts.insert(2, (_MEMORY, _range(memory.estimate, _of_card), memory.estimate, memory.parts))
    return h(
        "div",
        h("h3", "How this was reckoned"),
        [
            h(
                "details",
                h("summary", f"{name}: {text}"),
                h("p", estimate.how),
                h("p", f"Source: {estimate.source}") if estimate.source else None,
                h("ul", [h("li", _part(one, _sayer(name, estimate))) for one in items], class_="soft")
                if items
                else None,
                class_="more",
                data_key=f"reckoned-{name}",
            )
            for name, text, estimate, items in parts
        ],
        h("p", "The time is a guess until you have trained once here.", class_="soft")
        if found.guessed
        else None,
        class_="stack",
    )


def _fits(found: Forecast) -> Html | None:
    if found.fit is None:
        return None
    remedies = found.fit.remedies
    return h(
        "div",
        h("h3", "Does it fit into the graphics card?"),
        h("p", found.fit.sentence),
        join(h("p", "What helps, in this order:"), page.listed(*[one.text for one in remedies]))
        if remedies
        else None,
        class_="stack",
    )


def _price(price: str) -> Html:
    return h(
        "div",
        h("div", h("label", "Price of the machine", for_="f-price"), class_="label"),
        h(
            "div",
            h(
                "input",
                type="text",
                inputmode="decimal",
                class_="number",
                autocomplete="off",
                value=price,
                id="f-price",
                data_field="price",
                data_v=price,
                aria_describedby="explain-price",
            ),
            h("span", "an hour", class_="unit"),
            class_="control",
        ),
        h(
            "p",
            "For a rented machine: gives the cost of this training. Any currency.",
            class_="explain",
            id="explain-price",
        ),
        class_="field",
    )


def _part(one: Part, say: Callable[[float], str]) -> str:
    return f"{one.name[:1].upper()}{one.name[1:]}: {say(one.value)}. {one.how}".strip()


def _sayer(name: str, estimate: Estimate) -> Callable[[float], str]:
    """How the parts of an estimate are said."""
    if estimate.unit != "bytes":
        return duration
    return _of_card if name == _MEMORY else _size


def _range(one: Estimate, say: Callable[[float], str]) -> str:
    if one.exact or say(one.low) == say(one.high):
        return say(one.value)
    return f"about {say(one.value)} ({say(one.low)} to {say(one.high)})"


def _time(one: Estimate) -> str:
    return _range(one, duration)


def _bytes(one: Estimate) -> str:
    return _range(one, _size)


def _size(value: float) -> str:
    """Bytes of a file, in the units of the explanations."""
    return f"{value / _GB:.1f} GB" if value >= _GB else f"{value / _MB:.1f} MB"


def _of_card(value: float) -> str:
    """Bytes of a graphics card's memory, in the units that cards are sold by: their 12 GB are 12 × 1024³ bytes."""
    return f"{value / GIB:.1f} GB"
