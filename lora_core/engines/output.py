"""Read what the trainer prints: one line in, events out. Pure.

The language is that of sd-scripts, which the practice engine speaks too. Logs and progress bars share
one stream, so a bar and a log line may stand on one line. Steps and phases come from here; losses come
from TensorBoard files, and checkpoints and previews from their folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lora_core.events import Event, LogLine, Phase, PhaseChanged, Progressed

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Terminal control sequences (ECMA-48) and control characters other than tab and line ends."""

_BAR = re.compile(
    r"(?P<name>[A-Za-z][\w ]*: *)?(?P<percent>\d{1,3})%\|[^|]*\| *"
    r"(?P<done>[\d.]+[kMG]?)/(?P<total>[\d.]+[kMG]?|\?) *(?:\[[^\]\n]*\]?)?"
)
"""A bar of tqdm. The closing bracket is missing where the bar was cut to the terminal's width."""
_COUNTER = re.compile(r"(?P<name>[A-Za-z][\w ]*: *)?\b\d+it \[[^\]\n]*\]")
"""A tqdm counter without a known end."""

_STAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?\]?\s+")
_LEVEL = re.compile(r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL)(\s+(?!:)|$)")
_SOURCE = re.compile(r"\s+\w+\.py:\d+$")
"""The place in the code that rich prints at the right edge."""
_TOTAL = re.compile(r"total optimization steps\b[^:]*:\s*(\d+)")

_PHASES: tuple[tuple[re.Pattern[str], Phase], ...] = tuple(
    (re.compile(pattern), phase)
    for pattern, phase in (
        (r"^epoch \d+/\d+$", Phase.TRAINING),
        (r"^saving checkpoint: ", Phase.SAVING),
        (r"^saving (state|last state)\b", Phase.SAVING),
        (r"^model saved\.", Phase.SAVING),
        (r"^generating sample images", Phase.SAMPLING),
        (r"^caching (latents|text encoder outputs)", Phase.CACHING),
        (r"^checking cache (validity|existence)", Phase.CACHING),
        (r"^(Loading dataset config|Using DreamBooth method|Training with captions)", Phase.CAPTIONS),
        (r"^(prepare images|prepare dataset|loading image sizes|make buckets)", Phase.CAPTIONS),
        (r"^(prepare tokenizer|preparing accelerator|import network module)", Phase.LOADING),
        (r"^(load (StableDiffusion checkpoint|Diffusers pretrained models)|loading model)", Phase.LOADING),
    )
)
"""Beginnings of log lines, from train_network.py and library/train_util.py, and what they announce."""

_BAR_PHASES = {"read caption": Phase.CAPTIONS, "get image size": Phase.CAPTIONS}

_RAISED = re.compile(
    r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Invalid|Iteration|BadZipFile)(?::\s.*|:?)$"
)
"""The last line of a Python traceback: an exception's name, with or without a message."""
_WRAPPER = re.compile(r"^(subprocess\.)?CalledProcessError\b|^(\w+\.)*ChildFailedError\b")
"""Errors of the launcher, which only say that the trainer failed."""
_FATAL = re.compile(
    r"^(No data found|No prompt file|.*\.toml not found\.|Killed\b|Segmentation fault|Bus error|"
    r"Fatal Python error|\S+: error: )"
)
_SILENT = re.compile(r"^(No data found|No prompt file)")
"""Failures after which sd-scripts still exits with code 0."""
_NAN = re.compile(r"avr_loss=[+-]?nan\b", re.IGNORECASE)
_JAPANESE = re.compile(r"\s+/(?:\s+[^\x00-\x7f].*)?$")
"""The second half of a message given in two languages; it may stand on the next line."""
_FOLDER = re.compile(r"(: |\bfrom )(?:[A-Za-z]:)?[/\\].*[/\\]")
"""The folder of a file that is named at a line's end."""
_BOX = re.compile(r"^[│┃|]\s?|\s*[│┃]$|^[╭╰┌└][─━].*$")

NAN_MESSAGE = "The loss is no longer a number (nan)."


def clean(text: str) -> str:
    """``text`` without terminal control sequences and outer blanks."""
    return _ESCAPES.sub("", text).strip()


def message(text: str) -> str:
    """A log line's own words: without time, level, and place in the code."""
    return _LEVEL.sub("", _STAMP.sub("", _SOURCE.sub("", clean(text)))).strip()


def parse(line: str, time: float) -> tuple[Event, ...]:
    """What one line of the log tells.

    A bar of training steps gives ``PhaseChanged(TRAINING)``, unless it is full, and `Progressed` each time;
    dropping a phase that is already known is up to the reader. The announced total gives
    ``Progressed(0, total)``. What is left of the line beside bars is a `LogLine`, and a `PhaseChanged`
    where it announces one.

    Args:
        line: text between two line ends (carriage return or line feed).
        time: Unix seconds to stamp the events with.
    """
    return tuple(_events(clean(line), time))


def _events(line: str, time: float) -> Iterator[Event]:
    """Bars and texts of a cleaned line, from left to right."""
    position = 0
    for bar in sorted([*_BAR.finditer(line), *_COUNTER.finditer(line)], key=lambda match: match.start()):
        if bar.start() < position:
            continue
        yield from _text_events(line[position : bar.start()], time)
        yield from _bar_events(bar, time)
        position = bar.end()
    yield from _text_events(line[position:], time)


def _bar_events(bar: re.Match[str], time: float) -> Iterator[Event]:
    name = (bar["name"] or "").strip().rstrip(":").strip()
    if name in _BAR_PHASES:
        yield PhaseChanged(time, _BAR_PHASES[name])
    found = bar.groupdict()
    done, total = found.get("done") or "", found.get("total") or ""
    if name == "steps" and done.isdigit() and total.isdigit():
        if int(done) < int(total):  # the full bar is drawn again after the final save
            yield PhaseChanged(time, Phase.TRAINING)
        yield Progressed(time, int(done), int(total))


def _text_events(text: str, time: float) -> Iterator[Event]:
    shown = _SOURCE.sub("", text.strip())
    words = message(shown)
    if not words:  # a blank line, or one with a time and a level only
        return
    yield LogLine(time, shown)
    if total := _TOTAL.search(words):
        yield Progressed(time, 0, int(total[1]))
    for pattern, phase in _PHASES:
        if pattern.search(words):
            yield PhaseChanged(time, phase, _FOLDER.sub(r"\1", _JAPANESE.sub("", words)))
            return


def _without_bars(line: str) -> str:
    return _COUNTER.sub("", _BAR.sub("", clean(line))).strip()


def _tail_lines(lines: Sequence[str]) -> list[str]:
    """Log lines without bars, boxes and blanks; lines with carriage returns are split."""
    parts = (part for line in lines for part in re.split(r"[\r\n]+", line))
    texts = (_BOX.sub("", _without_bars(part)).rstrip() for part in parts)
    return [text for text in texts if text.strip()]


def loss_is_nan(lines: Sequence[str]) -> bool:
    """Whether the newest average loss that was printed is not a number."""
    for line in reversed(lines):
        if "avr_loss=" in line:
            return bool(_NAN.search(line[line.rindex("avr_loss=") :]))
    return False


def _is_error(line: str) -> bool:
    words = _SOURCE.sub("", _STAMP.sub("", line))
    return words.startswith(("ERROR ", "CRITICAL ")) or bool(_FATAL.match(message(line)))


def error_summary(lines: Sequence[str]) -> str | None:
    """The line of the log that says best what went wrong, or None if none does.

    That is the last exception above the launcher's own; else the last line logged as an error; else
    that the loss is not a number.

    Args:
        lines: the end of the log, oldest first; bars and box drawings may be among them.
    """
    texts = _tail_lines(lines)
    raised = [text for text in texts if _RAISED.match(text) and not _WRAPPER.match(text)]
    if raised:
        return _JAPANESE.sub("", raised[-1])
    logged = [text for text in texts if _is_error(text)]
    if logged:
        return _JAPANESE.sub("", message(logged[-1]))
    return NAN_MESSAGE if loss_is_nan(lines) else None


def looks_failed(lines: Sequence[str]) -> bool:
    """Whether the log tells of a failure that the trainer's exit code 0 may hide.

    An exception, no pictures found, no prompt file for the previews, or a loss that is not a number.
    An error that was logged and survived, such as one unreadable cache file, does not count.
    """
    texts = _tail_lines(lines)
    if any(_SILENT.match(message(text)) for text in texts) or loss_is_nan(lines):
        return True
    ends = max((n for n, text in enumerate(texts) if message(text) == "model saved."), default=-1)
    return any(_RAISED.match(text) for text in texts[ends + 1 :])
