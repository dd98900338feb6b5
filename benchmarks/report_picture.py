"""The picture of the report in the README: `feathermr demo heart`, seen by a real browser.

python benchmarks/report_picture.py     # needs Debian's chromium and the extra "test"
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from feathermr.cli.main import main

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "report.png"


def shoot(page_file: Path, picture: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1100, "height": 1010})
        page.goto(page_file.as_uri())
        page.wait_for_timeout(1000)
        page.screenshot(path=str(picture))
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(["demo", "heart", "--size", "192", "--out", folder])
        shoot(Path(folder) / "report.html", PICTURE)
