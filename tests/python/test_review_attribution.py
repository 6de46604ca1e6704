"""Attribution in a review: journeys of touches and orders, models side by side, what channels cost and brought."""

from datetime import datetime, timedelta

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

START = datetime(2025, 3, 1)


def told(inputs, **arguments):
    from pdmetrics import review

    made = review.build(inputs, only=["attribution"], **arguments)
    (part,) = made.sections
    return part, review.summary(made, "en"), review.summary(made, "zh")


def cells(part, caption):
    """Rows of a grid by their first cell, each by its head."""
    grid = next(grid for grid in part.grids if grid.caption.en == caption)
    head = [cell.en for cell in grid.head]
    assert all(len(row) == len(head) for row in grid.rows)
    return {row[0].en: dict(zip(head, (cell.en for cell in row), strict=True)) for row in grid.rows}


def at(days):
    return START + timedelta(days=days)


@pytest.fixture
def touches():
    """Eight customers see an article, then a text message; two come by the message alone; one sees it and does not buy."""
    rows = []
    for customer in range(8):
        rows += [
            (customer, at(0), "touch", "article", 0),
            (customer, at(1), "touch", "sms", 0),
        ]
        rows.append((customer, at(2), "conversion", None, 10_000))
    for customer in (8, 9):
        rows += [
            (customer, at(1), "touch", "sms", 0),
            (customer, at(2), "conversion", None, 5_000),
        ]
    rows.append((10, at(1), "touch", "sms", 0))
    names = ("customer_id", "time", "kind", "channel", "value")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def test_models_assists_and_paths(touches):
    part, english, chinese = told({"touches": touches})
    models = cells(part, "Models side by side")
    assert models["article"]["first touch"] == "80.0%" and models["article"]["last touch"] == "0.0%"
    assert models["article"]["linear"] == "40.0%" and models["sms"]["linear"] == "60.0%"
    assert {"Markov", "Shapley", "time decay"} <= set(models["sms"])
    assists = cells(part, "Assists")
    assert assists["article"]["share of conversions"] == "80.0%" and assists["article"]["assisted only"] == "8"
    assert assists["article"]["part"] == "assists, opens journeys" and assists["sms"]["part"] == "closes"
    assert (
        "article assists and rarely closes: it is in 80.0% of the paths that convert, and the last touch of 0.0%"
        in english
    )
    assert "article是助攻渠道：出现在 80.0% 的转化路径中，但仅 0.0% 的末次触点" in chinese
    paths = cells(part, "Most frequent paths")
    assert paths["article → sms"]["conversions"] == "8" and paths["sms"]["did not convert"] == "1"
    assert "From the first touch to the conversion it takes 1.8 d on average." in english


def test_orders_are_the_conversions(touches):
    """Touches alone, with the orders beside them: lines of an order once, refunds and samples are no conversions."""
    plain = {name: values for name, values in touches.items() if name not in ("kind", "value")}
    kept = [i for i, channel in enumerate(plain["channel"]) if channel is not None]
    plain = {name: [values[i] for i in kept] for name, values in plain.items()}
    rows = [(c, c, at(2), amount) for c in range(8) for amount in (4_000, 6_000)]
    rows += [
        (8, 8, at(2), 5_000),
        (9, 9, at(2), 5_000),
        (8, 88, at(5), -5_000),
        (9, 99, at(6), 0),
    ]
    orders = dict(
        zip(
            ("customer_id", "order_id", "time", "amount"),
            map(list, zip(*rows, strict=True)),
            strict=True,
        )
    )
    whole, english, _ = told({"touches": touches})
    part, other, _ = told({"touches": plain, "orders": orders})
    assert [grid.rows for grid in part.grids] == [grid.rows for grid in whole.grids] and other == english


def test_spend(touches):
    spend = {"channel": ["sms", "article", "sms"], "spend": [300.0, 1000.0, 100.0]}
    part, english, chinese = told({"touches": touches, "spend": spend}, currency_exponent=2)
    rows = cells(part, "Spend and what it brought")
    sms = rows["sms"]
    assert sms["spend"] == "400.00" and sms["of all spend"] == "28.6%"
    assert sms["cost per conversion, last touch"] == "40.00" and sms["ROAS, last touch"] == "2.2"  # 900 of 400
    assert rows["article"]["ROAS, last touch"] == "0.0" and rows["article"]["ROI, last touch"] == "-1.0"
    assert "article takes 71.4% of the spend" in english and "article占花费 71.4%" in chinese
    numbers = {name.en: value for name, value in part.numbers}
    assert numbers["spend"] == ("1,400.00", "1,400.00") and numbers["cost per conversion"] == "140.00"
    without, english, _ = told({"touches": touches})
    assert "Spend and what it brought" not in [grid.caption.en for grid in without.grids]
    assert "--input spend=" in english


def test_spend_in_whole_yuan(touches):
    """Sales with decimals: spend without any is in the same unit."""
    decimal = {**touches, "value": [value / 100 for value in touches["value"]]}
    spend = {"channel": ["sms", "article"], "cost": [400, 1000]}
    part, _, _ = told({"touches": decimal, "spend": spend}, currency_exponent=2)
    assert cells(part, "Spend and what it brought")["sms"]["ROAS, last touch"] == "2.2"
    assert not any("minor units" in note.en for note in part.notes)
    part, english, chinese = told(
        {"touches": touches, "spend": spend}, currency_exponent=2
    )  # sales in fen: so is spend
    assert cells(part, "Spend and what it brought")["sms"]["ROAS, last touch"] == "225.0"
    assert "write 1200.00 for currency" in english and "请写作 1200.00" in chinese
    _, english, _ = told({"touches": touches, "spend": {"medium": ["sms"], "spend": [4]}})
    assert "The input spend is not used" in english


def test_what_is_no_journey(pdm, touches):
    from pdmetrics import review

    nothing = {
        name: [v for v, kind in zip(values, touches["kind"], strict=True) if kind == "touch"]
        for name, values in touches.items()
    }
    for inputs, why in (
        ({"touches": nothing}, "touches without a conversion or an order"),
        (
            {
                "orders": {
                    "customer_id": [1],
                    "time": [at(0)],
                    "amount": [5],
                    "channel": ["a"],
                }
            },
            "needs touches",
        ),
        (
            {
                "events": {
                    "customer_id": [1],
                    "time": [at(0)],
                    "event": ["view"],
                    "channel": ["a"],
                }
            },
            "needs touches",
        ),
    ):
        with pytest.raises(pdm.ArgumentError, match=why):
            review.build(inputs, only=["attribution"])


def test_models_by_name_in_the_figure(touches):
    pytest.importorskip("plotly")
    part, _, _ = told({"touches": touches})
    result, kind = part.figures_of[0]
    assert [trace.name for trace in result.plot(kind, lang="zh").data][:2] == ["首次触点", "末次触点"]
    assert [trace.name for trace in result.plot(kind, lang="en").data][:2] == ["first_touch", "last_touch"]
