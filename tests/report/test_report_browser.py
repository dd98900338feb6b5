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


COURSE = '#film canvas[data-view="course"]'
FILM = '#film canvas[data-view="whole"]'


def drag(page, selector: str, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Move the pressed mouse over the first such element, in shares of its size."""
    element = page.locator(selector).first
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, stop)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1])
    page.mouse.up()


def contents(page, selector: str) -> list[str]:
    return [canvas.evaluate(CONTENT) for canvas in page.locator(selector).all()]


def test_all_profiles_follow_the_line_that_is_dragged(open_page) -> None:
    page = open_page(frames=4)
    before = contents(page, COURSE)
    drag(page, FILM, (0.5, 0.5), (0.3 + 1e-3, 0.4))
    after = contents(page, COURSE)
    assert len(after) == 5
    assert all(old != new for old, new in zip(before, after, strict=True))
    assert page.input_value("#line-place") == "9"
    assert page.inner_text("#line-value") == "column 10 of 30"
    lefts = page.locator(".line-mark").evaluate_all("(all) => all.map((one) => one.style.left)")
    assert len(lefts) == 3
    assert set(lefts) == {lefts[0]}
    assert float(lefts[0].removesuffix("%")) == pytest.approx(100 * 9.5 / 30, abs=1e-3)


#: grey values of the first picture along a column or row of the film and of its profile
ALONG = """([selector, left, top, width, height]) => {
    const copy = new OffscreenCanvas(width, height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(document.querySelector(selector), -left, -top);
    const values = context.getImageData(0, 0, width, height).data;
    return [...values].filter((_, index) => index % 4 === 0);
}"""


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_profile_is_the_line_of_every_frame(open_page, axis: str) -> None:
    page = open_page(frames=4)
    page.check(f'input[name="line-axis"][value="{axis}"]')
    page.fill("#line-place", "11")
    horizontal = "x to the right, time down"
    assert page.locator(".course-axes").first.inner_text() == (
        "y down, time to the right" if axis == "x" else horizontal
    )
    for frame in range(4):
        page.fill("#frame", str(frame))
        line = [11, 0, 1, 37] if axis == "x" else [0, 11, 30, 1]
        course = [frame, 0, 1, 37] if axis == "x" else [0, frame, 30, 1]
        film = page.evaluate(ALONG, [FILM, *line])
        assert film == page.evaluate(ALONG, [COURSE, *course])
        assert max(film) > min(film)


def test_a_horizontal_line_moves_up_and_down(open_page) -> None:
    page = open_page(frames=4)
    page.check('input[name="line-axis"][value="y"]')
    drag(page, FILM, (0.2, 0.5), (0.9, 0.25))
    assert page.input_value("#line-place") == "9"
    assert page.inner_text("#line-value") == "row 10 of 37"
    page.check('input[name="line-axis"][value="x"]')
    assert page.get_attribute("#line-place", "max") == "29"
    assert page.inner_text("#line-value").startswith("column")


def test_profile_and_plot_choose_the_frame(open_page) -> None:
    page = open_page(frames=5, header=Header(frame_times=(0.0, 0.01, 0.02, 0.03, 0.10)))
    drag(page, COURSE, (0.1, 0.5), (0.5, 0.5))
    assert page.input_value("#frame") == "2"
    marks = page.locator(".frame-mark").evaluate_all("(all) => all.map((one) => one.style.left)")
    assert set(marks) == {"50%"}
    drag(page, "#film .plot svg", (0.1, 0.5), (0.8, 0.5))
    assert page.input_value("#frame") == "4"
    assert page.locator(".cursor").first.get_attribute("d").startswith("M100")


def test_the_film_listens_to_the_keyboard(open_page) -> None:
    page = open_page(frames=5)
    page.locator(FILM).first.focus()
    place = int(page.input_value("#line-place"))
    page.keyboard.press("ArrowLeft")
    assert page.input_value("#line-place") == str(place - 1)
    page.locator(COURSE).first.focus()
    page.keyboard.press("ArrowLeft")
    assert page.input_value("#frame") == "4"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.input_value("#frame") == "1"
    page.keyboard.press(" ")
    assert page.inner_text("#play") == "Pause"
    page.keyboard.press(" ")
    assert page.inner_text("#play") == "Play"
    page.keyboard.press("Tab")  # nothing keeps the focus
    assert page.evaluate("document.activeElement.tagName") in ("CANVAS", "SELECT", "INPUT")


@pytest.mark.parametrize(("speed", "frame"), [("1", "3"), ("0.5", "5")])
def test_the_film_runs_in_real_time(open_page, speed: str, frame: str) -> None:
    """A second at 20 frames a second: 1 + 20 frames on at once, of 6; at half speed 1 + 10."""
    page = open_page(frames=6, header=Header(frame_times=tuple(0.05 * i for i in range(6))))
    page.clock.install(time=0)
    page.clock.pause_at(60)
    page.select_option("#speed", speed)
    page.click("#play")
    page.clock.run_for(1010)
    page.click("#play")
    assert page.input_value("#frame") == frame


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


#: three values of a family; the middle one is the image itself
EXPONENTS = (-3, -2, 0)


@pytest.fixture
def open_family(open_page):
    return lambda **content: open_page(
        frames=4, methods=("zero-filled", "inr-lambda"), family=EXPONENTS, **content
    )


def test_the_slider_moves_the_film_and_its_profile_through_the_family(open_family) -> None:
    page = open_family()
    film = page.locator(FILM).nth(2)
    profile = page.locator(COURSE).nth(2)
    elsewhere = page.locator('#images canvas[data-image="magnitude-2"][data-view="whole"]')
    start = [one.evaluate(CONTENT) for one in (film, profile, elsewhere)]
    assert start[0] == start[2]
    assert "10^-2" in page.inner_text("#family-2-value")
    page.focus("#family-2")
    page.keyboard.press("ArrowRight")
    smooth = [one.evaluate(CONTENT) for one in (film, profile, elsewhere)]
    assert smooth[0] != start[0]
    assert smooth[1] != start[1]
    assert smooth[2] == start[2]
    assert "10^0" in page.inner_text("#family-2-value")
    assert "10^0" in page.get_attribute("#family-2", "aria-valuetext")
    page.keyboard.press("Home")
    assert film.evaluate(CONTENT) not in (start[0], smooth[0])
    page.fill("#family-2", "1")
    assert [one.evaluate(CONTENT) for one in (film, profile, elsewhere)] == start


def test_the_family_follows_the_player_with_the_scores_of_each_frame(open_family) -> None:
    page = open_family()
    page.fill("#family-2", "2")
    score = page.locator("#film .score").first
    seen, lines = set(), set()
    for frame in range(4):
        page.fill("#frame", str(frame))
        seen.add(page.locator(FILM).nth(2).evaluate(CONTENT))
        lines.add(score.inner_text())
    assert len(seen) == len(lines) == 4
    assert page.locator("#images .score").first.inner_text() not in lines
    assert "psnr" in page.inner_text("#family-2-value")


def test_a_family_without_a_reference_says_what_is_known(open_family) -> None:
    page = open_family(reference=False, size="phone")
    page.fill("#family-1", "0")
    assert page.inner_text("#family-1-value").endswith("10^-3) · note 0")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
