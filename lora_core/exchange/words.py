"""A command line as words, as bash, cmd and PowerShell would see it. Nothing is ever run."""

from __future__ import annotations

import re

_CONTINUED = re.compile(r"[ \t]*[\\^`][ \t]*\r?\n")
_ASSIGNED = re.compile(
    r"""^\s*(?:export\s+|set\s+"?|\$(?:env:)?)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$""", re.IGNORECASE
)
_DRIVE = re.compile(r"(^|=)[A-Za-z]:[\\/]")
"""How a Windows path begins, in which a backslash is only a backslash."""
_COMMENT = re.compile(r"^[ \t]*(?:#|::|rem\s).*\r?\n?", re.MULTILINE | re.IGNORECASE)
"""A line that is only a comment; the lines around it belong together."""
_VARIABLE = re.compile(r"\$\{(?:env:)?(\w+)\}|\$(?:env:)?([A-Za-z_]\w*)|%(\w+)%")
_WORKED_OUT = re.compile(r"\$\(|`")
"""A part of a word that a shell would get by running something."""


def split(line: str, *, script: bool = False) -> list[str]:
    """Words of a line. Quotes hold words together; backslashes of Windows paths stay.

    A backslash only covers a quote or a blank behind it.

    Args:
        line: the text.
        script: it is a line of a script, in which ``#`` begins a comment and ``;`` ends a command.
    """
    words: list[str] = []
    word, quote, begun = "", "", False
    at = 0
    while at < len(line):
        sign = line[at]
        after = line[at + 1 : at + 2]
        covers = bool(after) and after in "\"' " and quote != "'"
        if sign == "\\" and covers and not _DRIVE.search(word):
            word, begun, at = word + after, True, at + 1
        elif quote:
            if sign == quote:
                quote = ""
            else:
                word += sign
        elif sign in "\"'":
            quote, begun = sign, True
        elif script and sign == "#" and not word and not begun:
            break  # a comment to the line's end
        elif script and sign == ";":
            words, word, begun = [*words, word] if word or begun else words, "", False
            words.append(";")
        elif sign.isspace():
            if word or begun:
                words.append(word)
            word, begun = "", False
        else:
            word += sign
        at += 1
    return [*words, word] if word or begun else words


def commands(text: str) -> list[list[str]]:
    """The lines of a script as words: continued lines joined, comments left out, plain variables filled in."""
    known: dict[str, str] = {}
    found = []
    for line in _CONTINUED.sub(" ", _COMMENT.sub("", text)).splitlines():
        line = line.strip()
        if not line or line.startswith(("#", "::")) or line.lower().startswith("rem "):
            continue
        assigned = _ASSIGNED.match(line)
        if assigned and not re.search(r"\s--\w", line):
            words = split(assigned[2].rstrip(';"') if line.lower().startswith('set "') else assigned[2])
            if len(words) == 1:
                known[assigned[1].lower()] = words[0].rstrip(";")
            continue
        found.append([_filled(word, known) for word in split(line, script=True)])
    return found


def _filled(word: str, known: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = next(group for group in match.groups() if group)
        return known.get(name.lower(), match[0])

    return _VARIABLE.sub(value, word)


def unfilled(word: str) -> bool:
    """Whether a word still has a variable or a command whose value is not in the text."""
    return bool(_VARIABLE.search(word) or _WORKED_OUT.search(word))
