"""requirements.txt: what pip would install from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = "requirements.txt"
LARGEST_BYTES = 1_000_000
DEEPEST_INCLUSION = 5

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
VERSION = r"(?:===|~=|==|!=|<=|>=|<|>)\s*[^\s,;()]+"
REQUIREMENT = re.compile(
    rf"(?P<name>{NAME})\s*(?:\[[^\]]*\])?\s*"
    rf"(?:@\s*(?P<url>\S+)|\(?\s*(?P<versions>{VERSION}(?:\s*,\s*{VERSION})*)?\s*,?\s*\)?)\s*(?P<marker>;.*)?"
)
EGG = re.compile(rf"[#&]egg=({NAME})")
INCLUSION = re.compile(r"(?:-r|--requirement)[\s=]*(\S+)")
COMMENT = re.compile(r"(?:^|\s+)#.*$")
HASH_OR_CONFIGURATION = re.compile(r"\s--(?:hash|config-settings|global-option|install-option)[\s=].*$")
VERSION_PARTS = re.compile(r"(===|~=|==|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?(.*)")


@dataclass(frozen=True)
class Requirement:
    """One line. ``name`` is normalised, and empty for what only pip can name; ``versions`` is as written."""

    place: str
    line: str
    name: str = ""
    versions: str = ""
    has_marker: bool = False
    is_local: bool = False
    is_wrong: bool = False

    def allows(self, version: str) -> bool:
        """Whether the line may be content with this version; any doubt is taken as yes."""
        return all(_allows(each, version) for each in self.versions.split(",") if each.strip())


@dataclass(frozen=True)
class Requirements:
    """``lines`` are the requirements; ``is_offline`` says that options tell pip where to look for packages."""

    lines: tuple[Requirement, ...] = ()
    is_offline: bool = False

    def installs(self, distribution: str) -> bool:
        """Whether the package is among them, or may be among those without a name."""
        return any(line.name in ("", distribution) for line in self.lines)


def normalised(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(folder: Path) -> Requirements:
    """The requirements of a code folder; none where there is no such file."""
    lines = list(_lines(folder, FILE, 0))
    found = tuple(each for each in lines if isinstance(each, Requirement))
    return Requirements(found, is_offline=len(found) < len(lines))


def _lines(folder: Path, name: str, depth: int) -> Iterator[Requirement | str]:
    """Each requirement, and the text of options that say where packages come from."""
    try:
        if not (folder / name).is_file():
            return
        with (folder / name).open("rb") as file:
            data = file.read(LARGEST_BYTES)
    except (OSError, ValueError):
        return
    start, pending = 1, ""
    for number, line in enumerate(data.decode(errors="replace").splitlines(), start=1):
        start = start if pending else number
        text = pending + line
        if text.endswith("\\"):
            pending = text[:-1]
            continue
        pending = ""
        text = HASH_OR_CONFIGURATION.sub("", COMMENT.sub("", text)).strip()
        inclusion = INCLUSION.fullmatch(text)
        if inclusion and depth < DEEPEST_INCLUSION:
            yield from _lines(folder, inclusion[1], depth + 1)
        elif text.startswith(("--no-index", "--find-links", "-f", "--index-url", "-i", "--extra-index-url")):
            yield text
        elif text and (not text.startswith("-") or text.startswith(("-e", "--editable"))):
            yield _requirement(f"{name}:{start}", text)


def _requirement(place: str, text: str) -> Requirement:
    if found := REQUIREMENT.fullmatch(text):
        if found["url"]:
            return Requirement(place, text, normalised(found["name"]), is_local=found["url"].startswith("file:"))
        if not text.endswith((".whl", ".zip", ".gz")):
            name, versions = normalised(found["name"]), found["versions"] or ""
            return Requirement(place, text, name, versions, has_marker=bool(found["marker"]))
    if text.startswith("-") or re.search(r"[/:\\]|\.(whl|zip|gz)$", text) or "$" in text:
        egg = EGG.search(text)
        is_local = "://" not in text
        return Requirement(place, text, normalised(egg[1]) if egg else "", is_local=is_local)
    return Requirement(place, text, is_wrong=True)


def _allows(specifier: str, version: str) -> bool:
    found = VERSION_PARTS.fullmatch(specifier.strip())
    if found is None or (found[4] and not found[4].startswith("+")):
        return True
    operator, wanted, held = found[1], _numbers(found[2]), _numbers(version)
    # The held version may be known to its first numbers alone.
    known = min(len(wanted), len(held))
    order = (held[:known] > wanted[:known]) - (held[:known] < wanted[:known])
    if order == 0 and operator == "==" and found[3] is None and len(held) > len(wanted):
        return not any(held[known:])
    if operator in ("==", "==="):
        return order == 0
    if operator == "~=":
        return order >= 0 and held[: len(wanted) - 1] == wanted[:-1][: len(held)]
    if operator == "!=":
        return order != 0 or (found[3] is None and len(held) != len(wanted))
    if order == 0:
        return (
            True if operator in ("<=", ">=") or len(held) < len(wanted) else len(held) > len(wanted) and operator == ">"
        )
    return order > 0 if operator in (">", ">=") else order < 0


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
