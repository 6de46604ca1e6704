"""A review of little or odd data says what it can, and nothing that is not so: no crash, no nonsense."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

pytest.importorskip("duckdb")
pyarrow = pytest.importorskip("pyarrow")

DAY = datetime(2025, 5, 20, 9)


def table(names, rows):
    return dict(zip(names.split(), map(list, zip(*rows, strict=True)), strict=True))


def orders(rows):
    """Rows of customer, order, time, amount."""
    return table("customer_id order_id time amount channel", [(*row, "wecom") for row in rows])


def at(days, hours=0):
    return DAY + timedelta(days=days, hours=hours)


def told(inputs, **arguments):
    """The whole review; every text, table and figure of it must be sound."""
    from pdmetrics import review

    made = review.build(inputs, tz="Asia/Shanghai", **arguments)
    for part in made.sections:
        texts = [part.title, *part.findings, *part.notes, *(name for name, _ in part.numbers)]
        cells = [cell for grid in part.grids for row in (grid.head, *grid.rows) for cell in row]
        for grid in part.grids:
            assert all(len(row) == len(grid.head) for row in grid.rows), (part.metric, grid.caption.en)
        for text in (*texts, *cells):
            for said in text:
                assert not re.search(r"\b(nan|inf|None|NULL)\b|Text\(|\d%%|-0\.0%", said), (part.metric, said)
        assert all(text.en and text.zh for text in texts), part.metric
        for _, value in part.numbers:
            assert all(review.spoken(value)) and not re.search(r"\b(nan|inf|None)\b", str(value)), (
                part.metric,
                part.numbers,
            )
        draw_all(part)
    for name, why in made.skipped:
        assert why.en and why.zh and name in review.parts()
    return {part.metric: part for part in made.sections}, made


def draw_all(part):
    pytest.importorskip("plotly")
    from pdmetrics.plot import draw

    for item in part.figures_of:
        for lang in ("en", "zh"):
            made = draw(item[0], item[1], lang=lang) if isinstance(item, tuple) else item.draw(lang)
            assert "nan" not in (made.layout.title.text or "").lower()


CASES = {
    "one customer, one order": {"orders": orders([(1, 1, DAY, 5000)])},
    "one customer, every month": {"orders": orders([(1, i, at(30 * i), 5000 + i) for i in range(14)])},
    "one day": {"orders": orders([(i, i, at(0, i % 10), 100 + i) for i in range(60)])},
    "no refunds": {"orders": orders([(i % 20, i, at(i), 1000) for i in range(120)])},
    "refunds alone": {"orders": orders([(i, i, at(i), -1000) for i in range(5)])},
    "free samples alone": {"orders": orders([(i, i, at(i), 0) for i in range(5)])},
    "everything paid back": {
        "orders": orders([(i, 2 * i + k, at(i, k), 1000 * (1 - 2 * k)) for i in range(90) for k in (0, 1)])
    },
    "a month without orders": {"orders": orders([(i, i, at(i + (0 if i < 40 else 70)), 1000) for i in range(90)])},
    "amounts with decimals": {
        "orders": orders([(f"c{i % 9}", f"o{i}", at(i), Decimal("12.50")) for i in range(70)]),
        "friends": table("customer_id time kind", [(f"c{i}", at(i), "add") for i in range(12)]),
    },
    "friends without staff and source": {
        "friends": table("customer_id time kind", [(i % 7, at(i), ("add", "delete")[i % 2]) for i in range(40)])
    },
    "deletions alone": {"friends": table("customer_id time kind", [(i, at(i), "delete") for i in range(5)])},
    "strangers": {
        "orders": orders([(i, i, at(i), 1000) for i in range(40)]),
        "friends": table("customer_id time kind staff source", [(i + 100, at(i), "add", "a", "q") for i in range(40)]),
        "invitations": table("inviter_id invitee_id", [(900 + i, 800 + i) for i in range(4)]),
    },
    "everybody invited": {
        "orders": orders([(i, i, at(i), 1000) for i in range(40)]),
        "invitations": table("inviter_id invitee_id", [(99, i) for i in range(40)]),
    },
    "touches after everything": {
        "orders": orders([(i, i, at(0), 1000) for i in range(9)]),
        "touches": table("customer_id time channel", [(i, at(3), "sms") for i in range(9)]),
    },
    "an experiment of one customer": {
        "orders": orders([(i, i, at(i), 1000) for i in range(9)]),
        "assignments": table("customer_id variant converted", [(1, "control", True)]),
    },
    "targets of other months": {
        "orders": orders([(i, i, at(i), 1000) for i in range(9)]),
        "targets": table("month target_gmv", [("2019-01", 5), ("2019-02", 0)]),
    },
    "an event": {"events": table("customer_id time event channel", [(1, DAY, "view", "a")])},
    "unnamed channels": {
        "orders": {**orders([(i % 9, i, at(i), 1000) for i in range(60)]), "channel": [None, "a", ""] * 20},
        "events": table("customer_id time event channel", [(i, at(i), "view", None) for i in range(20)]),
    },
}


@pytest.mark.parametrize("inputs", CASES.values(), ids=list(CASES))
def test_little_or_odd(inputs):
    parts, _ = told(inputs)
    assert "quality" in parts


def test_orders_without_numbers():
    """Every row is an order then, in all sections alike."""
    rows = [(i % 20, i, at(i % 120), 1000) for i in range(240)]
    with_numbers, _ = told({"orders": orders(rows)})
    without, _ = told({"orders": {name: v for name, v in orders(rows).items() if name != "order_id"}})
    assert {"overview", "repurchase", "rhythm", "rfm"} <= set(without)
    for name in ("overview", "repurchase", "rhythm", "rfm"):
        assert [text.en for text in without[name].findings] == [text.en for text in with_numbers[name].findings]


def test_no_rows_at_all():
    names = {"customer_id": "int64", "order_id": "int64", "amount": "int64", "channel": "string"}
    schema = pyarrow.schema([*names.items(), ("time", pyarrow.timestamp("us", "UTC"))])
    empty = schema.empty_table()
    parts, _ = told({"orders": empty, "friends": empty.append_column("kind", pyarrow.array([], "string"))})
    assert "orders: there are no rows." in [finding.en for finding in parts["quality"].findings]


def test_what_would_enable_a_section():
    _, made = told({"orders": orders([(1, 1, DAY, 5000)])})
    why = {name: reason for name, reason in made.skipped}
    assert why["targets"].en == "needs --input targets=FILE with month, target_gmv"
    assert "--input touches=FILE" in why["attribution"].en and "touches=文件" in why["attribution"].zh
    assert "28 days" in why["rhythm"].en and "two complete" in why["overview"].en
    assert "variant" in why["experiment"].en and "event" in why["funnel"].en


# --------------------------------------------------------------------------------------------------------- data quality


def findings(inputs, **arguments):
    parts, _ = told(inputs, **arguments)
    return [finding.en for finding in parts["quality"].findings], parts["quality"]


def test_sound_data_have_no_findings():
    found, part = findings({"orders": orders([(i % 9, i, at(i % 30), 1000) for i in range(60)])})
    assert found == ["No rows are repeated, no keys are empty, no times are impossible."]
    (grid,) = part.grids
    assert [cell.en for cell in grid.rows[0]] == ["orders", "60", "2025-05-20", "2025-06-18", "0", "0", "0"]


def test_repeated_empty_and_impossible():
    rows = [(i % 9 + 1, i, at(i % 30), 1000) for i in range(58)]
    rows += [
        rows[0],
        rows[1],
        (None, 900, at(3), 70),
        (3, 901, datetime(2999, 1, 1), 80),
        (4, 902, datetime(1970, 1, 1), 90),
    ]
    rows += [(1, 903, at(2), 1000), (2, 903, at(2), 500)]
    found, part = findings({"orders": orders(rows)})
    assert "orders: 2 (3.1%) rows repeat another one in every column: was a file loaded twice?" in found
    assert "orders: customer_id is empty in 1 (1.5%) rows." in found
    assert "orders: 1 (1.5%) rows lie in the future." in found and "orders: 1 (1.5%) rows lie before 2000." in found
    assert any("are in no other section" in note.en for note in part.notes)
    assert "orders: 1 order numbers belong to more than one customer." in found
    left = next(grid for grid in part.grids if grid.caption.en == "Left out by the metrics")
    assert [cell.en for cell in left.rows[0][:3]] == ["orders", "without a key, a time or an amount", "1"]
    assert "RFM segments" in left.rows[0][3].en and left.rows[0][3].zh


def test_contradictions():
    rows = [(i, i, at(i % 20), 1000, None) for i in range(300)]
    rows += [
        (1, 1001, at(30), -600, 1),
        (1, 1002, at(31), -700, 1),
        (2, 1003, at(32), -10, 7777),
        (3, 1004, at(33), 0, None),
    ]
    inputs = {"orders": table("customer_id order_id time amount original_order_id", rows)}
    inputs["events"] = table("customer_id time event", [(1, at(1), "view"), (2, at(9), "view")])
    inputs["friends"] = table("customer_id time kind", [(i, at(0), "add") for i in range(290)])
    found, part = findings(inputs)
    assert "orders: of 1 orders more was refunded than paid." in found
    assert any(each.startswith("orders: 1 lines have an amount of 0") for each in found)
    assert any(each.startswith("friends end on 2025-05-20, orders on 2025-06-22") for each in found)
    assert (
        "10 (3.3%) of the buyers are in no list of friends: they bought elsewhere, or the numbers of customers differ."
        in found
    )
    left = next(grid for grid in part.grids if grid.caption.en == "Left out by the metrics")
    assert ["orders", "refunds of orders that are not there", "1"] in [
        [cell.en for cell in row[:3]] for row in left.rows
    ]


def test_days_without_orders():
    rows = [(i, i, at(i % 30 + (5 if i % 30 > 14 else 0)), 1000) for i in range(600)]
    found, _ = findings({"orders": orders(rows)})
    assert "orders: on 5 days there is not a single row, where 20 are usual: was an import missed?" in found


@pytest.mark.parametrize(("value", "reading"), [(1000, "+0.0%"), (1100, "+10.0%")])
def test_every_order_has_the_same_value(value, reading):
    """No variance at all: what changed changed for sure, and rounding makes nothing of it."""
    rows = [(i % 20, i, at(i % 120), value if i % 120 >= 73 else 1000) for i in range(960)]
    parts, _ = told({"orders": orders(rows)})
    (grid,) = parts["overview"].grids
    cells = next([cell.en for cell in row] for row in grid.rows if row[0].en == "order value (AOV)")
    assert cells[3] == reading and cells[4].startswith(reading.rstrip("%")) and ("better" in cells[5]) == (value > 1000)
