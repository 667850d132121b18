"""axe-core finds nothing against WCAG 2.2 A and AA, in light and dark, at desktop and phone width."""

from __future__ import annotations

from typing import Any

import pytest

LONG = 90_000
PAGES = ("Setup", "Dataset", "Training", "Execution", "Utilities")
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def faults(page: Any) -> list[str]:
    """What axe-core finds, one line a place."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    response = axe.run(page, options=RULES).response
    # the pages live in shadow roots: see that axe has looked into them
    looked_at = [node["html"] for one in response["passes"] for node in one["nodes"]]
    assert any("data-do=" in html for html in looked_at)
    found = response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} ({node.get('failureSummary', '')[:300]})"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("colours", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_has_a_fault(server: Any, visit: Any, colours: str, width: int) -> None:
    page = visit(server.start, colours=colours, width=width, height=900)
    wrong = {}
    for name in PAGES:
        page.get_by_role("navigation").get_by_role("button", name=name).click(timeout=LONG)
        page.get_by_role("heading", name=name, level=1).wait_for(timeout=LONG)
        if found := faults(page):
            wrong[name] = found
    assert not wrong, "\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines)


@pytest.mark.timeout(600)
def test_the_whole_form_opened_has_no_fault(server: Any, visit: Any) -> None:
    page = visit(server.start, width=1280, height=900)
    page.get_by_role("navigation").get_by_role("button", name="Training").click(timeout=LONG)
    page.get_by_role("heading", name="Training", level=1).wait_for(timeout=LONG)
    for fold in page.locator("details.fold > summary").all():
        fold.click(timeout=LONG)
    page.get_by_text("One moment.").first.wait_for(state="hidden", timeout=LONG)
    wrong = {"light": faults(page)}
    page.get_by_role("button", name="Dark colours").click()
    page.get_by_role("button", name="Light colours").wait_for(timeout=LONG)
    assert page.locator("html").get_attribute("data-workbench-theme") == "dark"
    wrong["dark"] = faults(page)
    assert not any(wrong.values()), "\n".join(
        f"{name}: {line}" for name in wrong for line in wrong[name][:20]
    )
