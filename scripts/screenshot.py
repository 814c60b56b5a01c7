"""Takes docs/report.png: the demo's report as chromium draws it.

Run ``make demo`` first, then ``.venv/bin/python scripts/screenshot.py out/demo/generated/report.html``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
TARGET = REPO / "docs" / "report.png"
MOST_BYTES = 200_000


def main() -> None:
    """Draw the page named on the command line."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("ARBCORE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if len(sys.argv) != 2 or chromium is None:
        sys.exit("usage: screenshot.py REPORT.html, with chromium on PATH or in ARBCORE_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1180, "height": 1060}, color_scheme="light")
        page.goto(Path(sys.argv[1]).resolve().as_uri())
        page.wait_for_function("() => document.querySelectorAll('canvas').length >= 3")
        page.screenshot(path=TARGET)
        browser.close()
    size = TARGET.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{TARGET}: {size:,} bytes, should be at most {MOST_BYTES:,}: make the view smaller")
    print(f"{TARGET}: {size:,} bytes")


if __name__ == "__main__":
    main()
