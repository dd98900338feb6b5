"""The page in a real browser: Debian's Chromium, driven by Playwright."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from feathermr.acquisition import Header
from feathermr.report import write_report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}

#: variance of the grey values of a canvas
VARIANCE = """(canvas) => {
    const { width, height } = canvas;
    const values = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    let sum = 0, squares = 0;
    for (let i = 0; i < values.length; i += 4) { sum += values[i]; squares += values[i] ** 2; }
    const n = values.length / 4;
    return squares / n - (sum / n) ** 2;
}"""
CONTENT = "(canvas) => canvas.toDataURL()"

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"{CHROMIUM} is absent (Debian: apt install chromium)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, make_comparison, tmp_path: Path) -> Iterator:
    """Write a page and open it; at the end there must be no message and no request elsewhere."""
    contexts, messages, requests = [], [], []

    def open_one(*, size: str = "desktop", scheme: str = "light", **content):
        path = write_report(make_comparison(**content), tmp_path / "report.html")
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=size == "phone",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert messages == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_picture_is_there_and_the_page_fits(open_page, size: str, scheme: str) -> None:
    page = open_page(size=size, scheme=scheme, slices=2, frames=4)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    canvases = page.query_selector_all("canvas")
    assert len(canvases) >= 20
    for canvas in canvases:
        name = canvas.get_attribute("data-image"), canvas.get_attribute("data-view")
        assert canvas.evaluate(VARIANCE) > 10, name
        assert canvas.bounding_box()["width"] > 60, name
        assert canvas.get_attribute("aria-label"), name
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(","))
    assert (light > 600) == (scheme == "light")


def test_the_theme_can_be_switched(open_page) -> None:
    page = open_page()
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) != before
    page.click("#theme")
    assert page.evaluate(ground) == before


def test_the_swipe_follows_slider_keyboard_and_pointer(open_page) -> None:
    page = open_page()
    clip = "getComputedStyle(document.querySelector('#swipe-above')).clipPath"
    seen = [page.evaluate(clip)]
    page.focus("#swipe-cut")
    page.keyboard.press("Home")
    seen.append(page.evaluate(clip))
    page.locator("#swipe-view").scroll_into_view_if_needed()
    box = page.locator("#swipe-view").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], middle)
    page.mouse.up()
    seen.append(page.evaluate(clip))
    assert len(set(seen)) == 3
    assert float(page.input_value("#swipe-cut")) == pytest.approx(75, abs=1)


def test_the_swipe_shows_the_images_chosen(open_page) -> None:
    page = open_page()
    assert page.input_value("#swipe-left") != page.input_value("#swipe-right")
    page.select_option("#swipe-left", label="zero-filled")
    same = page.locator('#images canvas[data-image="magnitude-1"][data-view="whole"]')
    assert page.locator("#swipe-above").evaluate(CONTENT) == same.evaluate(CONTENT)


def test_a_click_moves_the_zoom_of_all_images_together(open_page) -> None:
    page = open_page()
    zooms = page.locator('#images canvas[data-view="zoom"]')
    before = [canvas.evaluate(CONTENT) for canvas in zooms.all()]
    first = page.locator('#images canvas[data-view="whole"]').first
    first.click(position={"x": 60, "y": 60})
    after = [canvas.evaluate(CONTENT) for canvas in zooms.all()]
    assert all(old != new for old, new in zip(before, after, strict=True))
    boxes = page.locator(".box").evaluate_all("(all) => all.map((one) => one.style.cssText)")
    assert len(set(boxes)) == 1
    first.focus()
    page.keyboard.press("ArrowRight")
    assert zooms.first.evaluate(CONTENT) != after[0]


def test_the_zoom_magnifies_what_it_says(open_page) -> None:
    page = open_page(size="phone", frames=2)
    page.fill("#zoom", "5")
    sizes = page.locator('canvas[data-view="zoom"]').evaluate_all(
        "(all) => all.map((one) => [one.width, one.height])"
    )
    assert {tuple(size) for size in sizes} == {(6, 7)}
    assert page.inner_text("#zoom-value") == "5 x"


def test_the_animation_advances_all_images_and_stops(open_page) -> None:
    times = tuple(0.2 * frame for frame in range(12))
    page = open_page(frames=12, header=Header(frame_times=times))
    images = page.locator('#images canvas[data-view="whole"]')
    before = [canvas.evaluate(CONTENT) for canvas in images.all()]
    page.click("#play")
    playwright.expect(page.locator("#frame")).to_have_value(re.compile(r"^[2-9]$"))
    page.click("#play")
    stopped = page.input_value("#frame")
    after = [canvas.evaluate(CONTENT) for canvas in images.all()]
    assert all(old != new for old, new in zip(before, after, strict=True))
    page.wait_for_timeout(300)
    assert page.input_value("#frame") == stopped
    assert page.inner_text("#play") == "Play"


def test_the_profile_follows_its_line(open_page) -> None:
    page = open_page(frames=4)
    courses = page.locator('canvas[data-view="course"]')
    before = [canvas.evaluate(CONTENT) for canvas in courses.all()]
    page.locator("#profile-view").scroll_into_view_if_needed()
    box = page.locator("#profile-view").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 30)
    page.mouse.up()
    after = [canvas.evaluate(CONTENT) for canvas in courses.all()]
    assert all(old != new for old, new in zip(before, after, strict=True))
    assert page.input_value("#profile-x") == "9"
    assert page.locator(".line-mark").evaluate("(one) => one.style.left").startswith("31.6")


def test_the_slice_changes_images_and_plot(open_page) -> None:
    page = open_page(slices=3, frames=2)
    image = page.locator('#images canvas[data-image="magnitude-0"][data-view="whole"]')
    before = image.evaluate(CONTENT)
    page.fill("#slice", "2")
    assert image.evaluate(CONTENT) != before
    assert page.inner_text("#slice-value") == "3"
    assert page.locator("[data-slice]:visible").get_attribute("data-slice") == "2"


def test_pixels_keep_the_proportions_of_the_patient(open_page) -> None:
    page = open_page(header=Header(spacing=(5e-3, 2e-3, 1e-3)))
    box = page.locator('canvas[data-view="whole"]').first.bounding_box()
    assert box["width"] / box["height"] == pytest.approx(30 / 74, rel=0.02)


def test_hostile_names_run_nothing(open_page) -> None:
    name = "</script><img src=x onerror=\"document.title='taken'\"><script>alert(1)</script>"
    page = open_page(
        methods=("zero-filled", name), header=Header(source=name, subject=name, notes=(name,))
    )
    assert page.title() == "Reconstruction report"
    assert page.locator("img").count() == 0


def test_a_page_without_reference_works(open_page) -> None:
    page = open_page(reference=False, methods=("zero-filled",), frames=2)
    assert page.locator('canvas[data-image^="error"]').count() == 0
    assert page.locator('canvas[data-view="zoom"]').first.evaluate(VARIANCE) > 10
