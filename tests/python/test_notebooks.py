"""The notebooks: they run from nothing, what they tell in the end is right, and they are committed with what they show."""

import json
import re
from collections import defaultdict
from datetime import timedelta
from functools import cache

import pytest
from conftest import ROOT

FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CHINESE = re.compile("[\u4e00-\u9fff]")
PLACES = re.compile(r"(?<![\w.<])/(home|root|tmp|usr|opt|var|work|mnt|Users|private)/|[A-Z]:\\\\|site-packages|ipykernel_\d")
ZONE = "Asia/Shanghai"


@cache
def table(pdm, customers, name):
    return pdm.datasets.private_domain(customers=customers, seed=1).tables[name].to_pandas()


def paid(pdm, customers):
    """Lines sold, with local times."""
    rows = table(pdm, customers, "orders")
    rows = rows[rows["amount"] > 0]
    return rows.assign(time=rows["time"].dt.tz_convert(ZONE))


# ---- what the notebooks should tell, reckoned without the library -----------------------------------------------------------


def quickstart(pdm):
    """Who came back, and half of them how soon."""
    orders = paid(pdm, 600).groupby(["customer_id", "order_id"])["time"].min()
    gaps = []
    buyers = orders.groupby("customer_id")
    for _, times in buyers:
        if len(times) > 1:
            first, second = sorted(times)[:2]
            gaps.append((second - first).total_seconds())
    gaps.sort()
    n = len(gaps)
    half = timedelta(seconds=(gaps[(n - 1) // 2] + gaps[n // 2]) / 2)
    return [f"{n} of {len(buyers)} buyers came back: {n / len(buyers):.1%}, half of them within {half.days} days"]


def retention(pdm):
    """The cohort of a livestream that does not come back, and the step where carts are lost."""
    sales = paid(pdm, 4_000)
    sales = sales.assign(month=sales["time"].dt.year * 12 + sales["time"].dt.month)
    first = sales.sort_values("time", kind="stable").groupby("customer_id").first()
    cohort = first[(first["channel"] == "livestream") & (first["month"] == 2025 * 12 + 3)]
    later = sales[sales["month"].between(2025 * 12 + 4, 2025 * 12 + 6)]["customer_id"]
    back = cohort.index.isin(later.unique()).sum()
    events = table(pdm, 4_000, "events")
    events = events[events["channel"] == "miniprogram"]
    cart, order = (events[events["event"] == step]["session_id"].nunique() for step in ("cart", "order"))
    return [
        f"2025-03 livestream: {back} of {len(cohort)} came back in three months",
        f"miniprogram: {order / cart:.1%} of carts become an order, 40% was planted",
    ]


def attribution(pdm):
    """Credit of moments in fractions, and the budget that follows."""
    import attribution_reference as reference

    touches = table(pdm, 4_000, "touches")
    touches = touches[touches["time"] >= "2025-01-01T00:00+08:00"]
    rows = defaultdict(list)
    for customer, time, kind, channel, value in touches[["customer_id", "time", "kind", "channel", "value"]].itertuples(
        index=False
    ):
        touch = kind == "touch"
        at = time.value // 1000
        rows[customer].append(reference.Row(customer, at, kind, channel if touch else None, None if touch else int(value)))
    options = reference.Options(reset="after_conversion")
    found = [journey for own in rows.values() for journey in reference.journeys(own, options)[0]]
    channels = sorted({touch.channel for journey in found for touch in journey.touches})
    effects = reference.removal_effects(found, 1, channels)
    last = reference.rule("last_touch", found, options)
    by_last = {channel: float(last[channel][1]) for channel in channels}
    by_chain = {channel: float(effects[channel][1]) for channel in channels}
    shares = [
        last["moments"][0] / sum(conversions for conversions, _ in last.values()),
        effects["moments"][0] / sum(effect for effect, _ in effects.values()),
    ]
    moments = [budget(by_last)["moments"], budget(by_chain)["moments"]]
    return [
        f"moments: {float(shares[0]):.1%} of the credit by last touch, {float(shares[1]):.1%} by Markov",
        f"its budget: {moments[0]:,.0f} or {moments[1]:,.0f} 元 of 800,000",
    ]


def budget(weights):
    """800 000 in proportion to weights, within two thirds and three halves of the year before, by bisection."""
    spent = dict(moments=60, official_account=50, qr_code=120, group=110, miniprogram_push=40, livestream=260, sms=60)
    low = {channel: round(thousands * 1000 * 2 / 3) for channel, thousands in spent.items()} | {"livestream": 200_000}

    def at(factor):
        return {c: min(max(factor * weights[c], low[c]), spent[c] * 1500) for c in spent}

    least, most = 0.0, 1e9
    for _ in range(200):
        middle = (least + most) / 2
        least, most = (middle, most) if sum(at(middle).values()) < 800_000 else (least, middle)
    return at(most)


def planning(pdm):
    """The year's target, and what is left of it at the end of July."""
    sales = paid(pdm, 2_000)
    base = int(sales[sales["time"].dt.year == 2024]["amount"].sum())
    done = int(sales[(sales["time"].dt.year == 2025) & (sales["time"].dt.month <= 7)]["amount"].sum())
    left = f"{(2 * base - done) / 100:,.2f}"
    return [
        f"the year: {2 * base / 100:,.2f} 元, twice {base / 100:,.2f}",
        f"from August on: {left}, which is what is left: {left}",
    ]


SHOULD_TELL = {"quickstart": quickstart, "retention": retention, "attribution": attribution, "planning": planning}
FIGURES = {"quickstart": 4, "retention": 14, "attribution": 4, "planning": 16}


# ---- tests ------------------------------------------------------------------------------------------------------------------


def codes(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_are_all_here():
    assert {path.stem for path in NOTEBOOKS} == set(SHOULD_TELL)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(pdm, path):
    for needed in ("pandas", "plotly", "nbclient", "ipykernel"):
        pytest.importorskip(needed)
    import notebook

    made = notebook.run(path)
    for cell in codes(made):
        assert all(output["output_type"] != "error" for output in cell["outputs"])
    figures = notebook.figures(made)
    assert len(figures) == FIGURES[path.stem]
    assert all(figure["data"] and figure["layout"]["title"]["text"] for figure in figures)

    told = [notebook.printed(cell) for cell in codes(made) if "key-number" in cell["metadata"].get("tags", [])]
    assert len(told) == 1
    assert told[0].splitlines() == SHOULD_TELL[path.stem](pdm)
    assert ("infeasible" in json.dumps(made["cells"])) == (path.stem == "planning")

    committed = json.loads(path.read_text(encoding="utf-8"))
    for mine, theirs in zip(codes(made), codes(committed), strict=True):
        assert notebook.printed(mine) == notebook.printed(theirs), f"run tests/support/notebook.py {path.name} again"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_committed_as_it_ran(path):
    assert path.stat().st_size < 500_000
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["nbformat"] == 4
    assert all(cell["id"] for cell in told["cells"])
    assert [cell["execution_count"] for cell in codes(told)] == list(range(1, len(codes(told)) + 1))
    outputs = [output for cell in codes(told) for output in cell["outputs"]]
    assert all(output["output_type"] != "error" for output in outputs)
    drawings = ["".join(output["data"]["image/svg+xml"]) for output in outputs if "image/svg+xml" in output.get("data", {})]
    assert len(drawings) == FIGURES[path.stem]
    assert all(drawing.startswith("<svg") and drawing.rstrip().endswith("</svg>") for drawing in drawings)
    place = PLACES.search(json.dumps(outputs, ensure_ascii=False))
    assert place is None, f"a path of a machine: {place}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_teaches_in_both_languages(path):
    texts = [
        "".join(cell["source"])
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "markdown"
    ]
    heads = [line for text in texts for line in text.splitlines() if line.startswith("#")]
    assert len(heads) > 8
    assert all(CHINESE.search(head) for head in heads)
    assert "中文摘要" in texts[0]
    assert sum("**Look at**" in text for text in texts) >= 6
    assert sum("**Decide" in text for text in texts) >= 6
    links = [link for text in texts for link in re.findall(r"\]\(([^)]+)\)", text)]
    assert links
    assert all((FOLDER / link).exists() for link in links)
