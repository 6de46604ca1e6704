"""The pages in a real browser: both languages, a desktop and a phone, mouse and keyboard, files, paper, and no network.

What it looks like is kept as pictures under build/screenshots, or where PDM_SCREENSHOTS says.
"""

import csv
import io
import os
import re
import shutil
from pathlib import Path

import pytest
import review_page
from conftest import ROOT

playwright = pytest.importorskip("playwright.sync_api")
pytest.importorskip("duckdb")
pytest.importorskip("plotly")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome-stable"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")

CUSTOMERS = 100_000 if os.environ.get("PDM_LONG") else 3_000
MOST_BYTES = 6_000_000
SIZES = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True},
}
LANGUAGES = ("en", "zh")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PATIENCE = 60_000


# ------------------------------------------------------------------------------------------------------------- machinery


@pytest.fixture(scope="module")
def made(pdm, tmp_path_factory):
    """A folder of the sample's tables, the page of their review, and the page of a plan."""
    from pdmetrics import cli

    folder = tmp_path_factory.mktemp("browser")
    pdm.datasets.private_domain(CUSTOMERS, seed=5).save_all(folder / "sample", format="parquet")
    page = ["--html", str(folder / "review.html"), "--tz", "Asia/Shanghai", "--currency-exponent", "2"]
    assert cli.main(["review", str(folder / "sample"), *page]) == 0
    assert cli.main(["plan", "--example", str(folder / "model.toml")]) == 0
    orders = str(folder / "sample" / "orders.parquet")
    plan = ["--history", orders, "--as-of", "2025-08-17", "--html", str(folder / "plan.html")]
    assert cli.main(["plan", str(folder / "model.toml"), *plan]) == 0
    return folder


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        # As root, as in containers, its sandbox cannot be had.
        started = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def pictures():
    folder = Path(os.environ.get("PDM_SCREENSHOTS") or ROOT / "build" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Opened:
    """A page that may not talk to anybody; what it complains about is kept."""

    def __init__(self, browser, path, **context):
        self.address = path.as_uri()
        self.context = browser.new_context(accept_downloads=True, **context)
        self.complaints = []
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.route("**/*", self._asked)
        self.page.goto(self.address)
        self.drawn()

    def _asked(self, route):
        address = route.request.url
        if address.split("#")[0] == self.address or address.startswith(("data:", "blob:")):
            route.continue_()
        else:
            self.complaints.append(f"asked for {address}")
            route.abort()

    def drawn(self):
        """Waits until all charts are there in the language of the page."""
        count = self.page.locator(".figure").count()
        self.page.wait_for_function(
            f"document.documentElement.dataset.drawn === '{count}' || document.documentElement.matches('.failed')"
        )
        assert self.page.locator(".figure .main-svg").count() >= count

    def speak(self, lang):
        """Switches the language; charts that are drawn anew would move what is clicked next."""
        self.page.click(f'[data-set="{lang}"]')
        self.drawn()

    def saved(self, button):
        """Name and bytes of the file that a button saves."""
        with self.page.expect_download() as waiting:
            button.click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@pytest.fixture(scope="module")
def opened(browser, made):
    """opened("phone") → the review at that size; every size is opened once."""
    known = {}

    def get(size):
        if size not in known:
            known[size] = Opened(browser, made / "review.html", **SIZES[size])
        return known[size]

    yield get
    for each in known.values():
        each.context.close()


def spread(data):
    """Rows of a CSV file as Excel reads it: the mark at its beginning says that it is UTF-8."""
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data[3:].decode("utf-8"), newline="")))


def same(text, value):
    """Whether a cell says a value."""
    if value is None:
        return not text
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, (int, float)):
        return float(text) == value
    return text == (value.isoformat() if hasattr(value, "isoformat") else str(value))


# ----------------------------------------------------------------------------------------------------------------- looks


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_looks(opened, pictures, size, lang):
    tab = opened(size)
    tab.speak(lang)
    page = tab.page
    assert page.evaluate("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[lang]
    assert page.title() == {"en": "Private-domain review", "zh": "私域经营复盘"}[lang]
    shown = page.evaluate(
        """[...document.querySelectorAll('h1, h2, h3, nav a, summary')]
            .filter(e => e.checkVisibility()).map(e => e.innerText.trim())"""
    )
    assert len(shown) > 40 and all(shown)
    if lang == "en":
        assert not [words for words in shown if CHINESE.search(words)]
    else:
        assert sum(bool(CHINESE.search(words)) for words in shown) > 0.8 * len(shown)
    page.screenshot(path=pictures / f"review-{size}-{lang}.png", full_page=True)
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=pictures / f"review-{size}-{lang}-top.png")
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1] == SIZES[size]["viewport"]["width"]
    assert tab.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_charts_fill_their_place(opened, size):
    """A chart is as wide as its box or scrolls in it, and is not lower than it was made to be."""
    tab = opened(size)
    found = tab.page.evaluate(
        """[...document.querySelectorAll('.figure')].map(e => {
            const svg = e.querySelector('.main-svg').getBoundingClientRect(), box = e.parentElement;
            return [e.id, svg.width, box.clientWidth, svg.height, parseFloat(e.style.height),
                    box.scrollWidth <= box.clientWidth + 1 || box.tabIndex === 0];
        })"""
    )
    for name, width, room, height, wanted, reachable in found:
        assert width >= room - 2, name
        assert abs(height - wanted) <= 1, name
        assert reachable, name


def test_hover(opened):
    tab = opened("desktop")
    page = tab.page
    chart = page.locator("#activity .figure").first
    chart.scroll_into_view_if_needed()
    place = chart.bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 3, steps=4)
    chart.locator(".hoverlayer text").first.wait_for(state="attached")
    assert re.search(r"\d", chart.locator(".hoverlayer").text_content())
    assert tab.complaints == []


def test_size(made):
    assert (made / "review.html").stat().st_size < MOST_BYTES
    assert (made / "plan.html").stat().st_size < MOST_BYTES


def test_text_for_those_who_do_not_see_the_charts(opened):
    tab = opened("desktop")
    for lang in LANGUAGES:
        tab.speak(lang)
        labels = tab.page.evaluate(
            "[...document.querySelectorAll('.figure')].map(e => [e.getAttribute('role'), e.ariaLabel])"
        )
        assert all(role == "img" and label for role, label in labels)
        if lang == "zh":
            assert sum(bool(CHINESE.search(label)) for _, label in labels) == len(labels)
        assert tab.page.evaluate(
            "[...document.querySelectorAll('figure')].every(e => e.querySelector('details.data .csv'))"
        )


# ----------------------------------------------------------------------------------------------------------------- files


def test_tables_as_csv(opened, pdm, made):
    """The file of a chart's table holds what the library computes; its columns are called the same in both languages."""
    wanted = pdm.rfm(str(made / "sample" / "orders.parquet"), tz="Asia/Shanghai", currency_exponent=2).segments
    tab = opened("desktop")
    for lang in LANGUAGES:
        tab.speak(lang)
        details = tab.page.locator("#rfm details.data").first
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        name, data = tab.saved(details.locator("button.csv").first)
        assert name == "rfm-segments.csv"
        head, *rows = spread(data)
        assert head == wanted.columns
        assert len(rows) == len(wanted) > 8
        for i, row in enumerate(rows):
            for text, column in zip(row, head, strict=True):
                assert same(text, wanted[column][i]), (column, i)
        shown = details.locator(".values tbody tr")
        assert shown.count() == len(rows)
    assert tab.complaints == []


def test_every_table_can_be_had(opened, made):
    """Whatever the page holds has a button, and the button saves it."""
    tab = opened("desktop")
    tab.drawn()
    held = review_page.tables((made / "review.html").read_text(encoding="utf-8"))
    assert len(held) > 20
    assert not [name for name, table in held.items() if {"customer_id", "unit", "user_id"} & set(table)]
    # Chromium asks its user about so many files at once: they are taken where the page makes them.
    saved = tab.page.evaluate(
        """async () => {
            const make = URL.createObjectURL, click = HTMLAnchorElement.prototype.click, made = [];
            let blob = null;
            URL.createObjectURL = each => { blob = each; return 'blob:none'; };
            HTMLAnchorElement.prototype.click = function () { made.push([this.download, blob]); };
            document.querySelectorAll('button.csv[data-table]').forEach(button => button.click());
            URL.createObjectURL = make;
            HTMLAnchorElement.prototype.click = click;
            return Promise.all(made.map(async ([name, each]) => [name, [...new Uint8Array(await each.arrayBuffer())]]));
        }"""
    )
    seen = {name.removesuffix(".csv"): spread(bytes(data)) for name, data in saved}
    assert set(seen) == set(held)
    for name, (head, *rows) in seen.items():
        assert head == list(held[name])
        columns = list(held[name].values())
        assert len(rows) == len(columns[0]), name
        assert all(
            same(text, column[i]) for i, row in enumerate(rows) for text, column in zip(row, columns, strict=True)
        )
    assert tab.complaints == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_as_they_are_shown(opened, lang):
    tab = opened("desktop")
    tab.speak(lang)
    grid = tab.page.locator("#rfm .grid").first
    name, data = tab.saved(grid.locator("button.csv"))
    assert re.fullmatch(r"rfm-[a-z0-9-]+\.csv", name)
    cells = grid.locator("tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    assert spread(data) == cells
    assert bool(CHINESE.search(cells[0][0])) == (lang == "zh")
    assert "已保存" in tab.page.text_content("#said") if lang == "zh" else "Saved" in tab.page.text_content("#said")


def test_what_a_chart_shows(opened, made):
    """A chart of a table that is not in the page, being about single customers: what is seen of it."""
    tab = opened("desktop")
    tab.speak("en")
    figures = review_page.figures((made / "review.html").read_text(encoding="utf-8"))
    buttons = {
        button.get_attribute("data-figure"): button for button in tab.page.locator("button.csv[data-figure]").all()
    }
    shown = {name: [trace for trace in figures[name]["en"]["data"] if trace["type"] == "heatmap"] for name in buttons}
    name, (trace,) = next((name, traces) for name, traces in shown.items() if traces)
    details = buttons[name].locator("xpath=ancestor::details[1]")
    details.locator("summary").click()
    _, data = tab.saved(buttons[name])
    head, *rows = spread(data)
    assert head == ["series", "x", "y", "z"]
    wanted = [
        (x, y, z) for y, line in zip(trace["y"], trace["z"], strict=True) for x, z in zip(trace["x"], line, strict=True)
    ]
    assert len(rows) == len(wanted)
    for row, values in zip(rows, wanted, strict=True):
        assert all(same(text, value) for text, value in zip(row[1:], values, strict=True))
    details.locator("summary").click()


# -------------------------------------------------------------------------------------------------------------- keyboard


def test_keyboard(opened):
    tab = opened("desktop")
    tab.speak("en")
    page = tab.page
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.evaluate("getSelection().removeAllRanges(); document.body.tabIndex = -1; document.body.focus()")
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """(() => { const e = document.activeElement, style = getComputedStyle(e);
                return [e.matches('.skip') ? 'skip' : e.dataset.set || e.getAttribute('href') || e.localName,
                        style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]; })()"""
            )
        )
    order = [name for name, _ in seen]
    assert order[0] == "skip"
    assert order[1:3] == ["en", "zh"]
    assert "#lifecycle" in order and "summary" in order
    assert all(visible for _, visible in seen)
    page.locator('[data-set="zh"]').focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.lang") == "zh"
    tab.drawn()
    summary = page.locator("#lifecycle details.data summary").first
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('#lifecycle button.csv')")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    assert waiting.value.suggested_filename == "lifecycle-lifecycle.csv"
    summary.focus()
    page.keyboard.press("Enter")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_language_is_remembered(browser, made):
    tab = Opened(browser, made / "review.html", **SIZES["phone"])
    tab.speak("zh")
    tab.page.reload()
    assert tab.page.evaluate("document.documentElement.lang") == "zh-CN"
    assert tab.page.get_attribute('[data-set="zh"]', "aria-pressed") == "true"
    assert tab.complaints == []
    tab.context.close()


# ---------------------------------------------------------------------------------------------------------------- others


def test_definitions(opened):
    tab = opened("phone")
    tab.speak("zh")
    definition = tab.page.locator("#definition-retention")
    definition.locator("summary").first.click()
    assert "同期群" in definition.inner_text()
    assert definition.locator("dt").count() > 20  # its options and columns, from the registry
    definition.locator("summary").first.click()


def test_where_the_numbers_are_from(opened, made):
    tab = opened("desktop")
    tab.speak("en")
    for words in tab.page.locator("section .from").all_inner_texts():
        assert re.search(r"Computed from (\w+\.parquet|\d+ inputs \([\w, ]+\)), [\d,]+ rows", words)
    assert re.search(
        r"orders\.parquet, [\d,]+ rows, 202\d-\d\d-\d\d to 202\d-\d\d-\d\d", tab.page.inner_text("#rfm .from")
    )
    assert str(made) not in (made / "review.html").read_text(encoding="utf-8")


def test_paper(browser, made, pictures):
    tab = Opened(browser, made / "review.html", **SIZES["desktop"])
    tab.page.pdf(path=pictures / "review.pdf", format="A4", print_background=True)
    tab.page.emulate_media(media="print")
    tab.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for control in (".bar", ".skip", "button.csv", "details.data", "summary"):
        assert not tab.page.locator(control).first.is_visible()
    widths = tab.page.evaluate("[...document.querySelectorAll('.main-svg')].map(e => e.getBoundingClientRect().width)")
    assert max(widths) <= 700 and min(widths) > 600
    tab.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.complaints == []
    tab.context.close()


def test_without_javascript(browser, made):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((made / "review.html").as_uri())
    assert page.locator("#old").is_visible()
    assert page.locator('#rfm h2 [lang="en"]').is_visible() and not page.locator('#rfm h2 [lang="zh-CN"]').is_visible()
    assert page.locator("#rfm table").first.is_visible()
    context.close()


@pytest.mark.parametrize("size", SIZES)
def test_plan(browser, made, pictures, size):
    tab = Opened(browser, made / "plan.html", **SIZES[size])
    for lang in LANGUAGES:
        tab.speak(lang)
        widths = tab.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1]
        tab.page.screenshot(path=pictures / f"plan-{size}-{lang}.png", full_page=True)
    name, data = tab.saved(tab.page.locator("#plan .grid button.csv").first)
    assert name.startswith("plan-") and len(spread(data)) > 2
    assert tab.complaints == []
    tab.context.close()
