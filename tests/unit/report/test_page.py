from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sm_raw.errors import InvalidData
from sm_raw.report import render, write_report

Run = dict[str, Any]

VOID = {"meta", "link", "img", "br"}
SECTIONS = ["steps", "tuning", "training", "rules", "scaling", "predictions", "left-behind"]
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """The page as a browser takes it in; refuses elements that are not closed, or closed in another order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def test_the_page_of_a_whole_run_has_every_part(run: Run, folder: Path) -> None:
    page = Page(render(run, folder))
    assert [section["id"] for section in page.all("section")] == SECTIONS
    assert [link["href"] for link in page.all("a")][1:8] == [f"#{name}" for name in SECTIONS]
    assert len(page.all("h1")) == 1
    assert len(page.all("svg")) == 4  # two tuned hyperparameters, loss and accuracy
    assert len(page.all("caption")) == len(page.all("table")) == 4
    for told in ("The digits run succeeded", "1 of 2 right", "97.2%", "Found a validation loss", "2 min 14 s"):
        assert told in page.words


def test_the_page_needs_nothing_but_itself_and_no_script(run: Run, folder: Path) -> None:
    html = render(run, folder)
    page = Page(html)
    assert page.all("script") == []
    assert not re.search(r"https?:|//\w|@import|url\((?!#)", html)
    links = [attributes for _, attributes in page.elements if "src" in attributes or "href" in attributes]
    targets = {str(each.get("src") or each.get("href")) for each in links}
    outside = {target for target in targets if not target.startswith(("#", "data:"))}
    assert outside == {"requests/tune.json"}


def test_pictures_are_part_of_the_page_and_told_in_words(run: Run, folder: Path) -> None:
    tiny, photo = Page(render(run, folder)).all("img")
    assert (tiny["alt"], tiny["class"]) == ("one.png: predicted 7, score 98%, expected 7", "tiny")
    assert str(tiny["src"]).startswith("data:image/png;base64,")
    assert (photo["alt"], photo.get("class")) == ("one.png: predicted 8, score 54%, expected 3", None)
    assert str(photo["src"]).startswith("data:image/jpeg;base64,")


def test_ids_are_used_once(run: Run, folder: Path) -> None:
    ids = [attributes["id"] for _, attributes in Page(render(run, folder)).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_same_run_gives_the_same_page(run: Run, folder: Path) -> None:
    assert render(run, folder) == render(run, folder)


def test_no_text_of_the_run_becomes_markup(run: Run, folder: Path) -> None:
    hostile = json.loads(json.dumps(run).replace("resnet18", SCRIPT.replace("/", "\\/")))
    hostile |= {"recipe": SCRIPT, "status": "failed", "error": f"{SCRIPT}\n{SCRIPT}", "left_behind": [SCRIPT]}
    hostile["predictions"][0] |= {"label": SCRIPT, "input": f'"onerror="{SCRIPT}', "top": [[SCRIPT, 0.5]]}
    hostile["rules"][0] |= {"name": SCRIPT, "details": SCRIPT}
    hostile["trials"][0] |= {"name": SCRIPT, "hyperparameters": {SCRIPT: SCRIPT}}
    hostile["metrics"] |= {f"{SCRIPT}:{SCRIPT}": [[1, 1], [2, 2]]}
    hostile["steps"][0] |= {"name": SCRIPT, "detail": SCRIPT, "resource": SCRIPT, "status": SCRIPT}
    page = Page(render(hostile, folder))
    assert page.all("script") == []
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert SCRIPT in page.words


@pytest.mark.parametrize("value", [None, "odd", 7, [], {}, [None, 1, {}], {"odd": {}}])
def test_every_part_may_be_missing_or_odd(run: Run, value: Any) -> None:
    for key in [*run, "a_key_of_tomorrow"]:
        page = Page(render({key: value}, Path("nowhere")))
        assert [section["id"] for section in page.all("section")] == SECTIONS


def test_a_run_that_failed_early_says_what_did_not_happen(run: Run, tmp_path: Path) -> None:
    keys = ("recipe", "target", "started", "finished", "steps", "left_behind")
    failed = {key: run[key] for key in keys} | {"status": "failed", "error": "no space\n  | line one\n  | line two"}
    words = Page(render(failed, tmp_path)).words
    for told in (
        "no space",
        "| line one | line two",
        "No trial was run.",
        "No final training job was run.",
        "No rule was evaluated.",
        "No scaling target",
        "No prediction",
        "Nothing: every resource",
    ):
        assert told in words


def test_what_is_left_behind_is_listed(run: Run, folder: Path) -> None:
    words = Page(render(run | {"left_behind": ["endpoint digits-endpoint"]}, folder)).words
    assert "These resources still exist" in words
    assert "endpoint digits-endpoint" in words


def test_write_report_puts_the_page_where_it_is_asked_for(run: Run, folder: Path) -> None:
    (folder / "run.json").write_text(json.dumps(run))
    html = folder / "pages" / "report.html"
    write_report(folder / "run.json", html)
    links = [link["href"] for link in Page(html.read_text(encoding="utf-8")).all("a")]
    assert links[-1] == "../requests/tune.json"


def test_write_report_writes_nothing_when_there_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match=re.escape(str(tmp_path / "run.json"))):
        write_report(tmp_path / "run.json", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = "import sys, sm_raw.report; print({'jinja2', 'matplotlib', 'PIL', 'numpy'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
