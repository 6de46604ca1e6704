"""The review finds what was planted in the sample data, and says it: the right group in a sentence, with a number near it.

Where the truth is a probability, the number may differ by chance: by what the documentation grants a world of 40 000
customers, and more in this smaller one. Exact and counted truths must be met as far as the digits go.
"""

import re

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

CUSTOMERS = 10_000
SEEDS = (2, 11)
INPUTS = ("orders", "events", "touches", "friends", "invitations", "assignments", "targets")
MORE = 2  # chance in a world a quarter of the size


@pytest.fixture(scope="module", params=SEEDS)
def world(request, pdm):
    return pdm.datasets.private_domain(CUSTOMERS, seed=request.param)


@pytest.fixture(scope="module")
def truths(world):
    return {row["name"]: row["value"] for row in world.truths.to_rows()}


@pytest.fixture(scope="module")
def told(world):
    from pdmetrics import review

    made = review.build({name: world.tables[name] for name in INPUTS}, tz="Asia/Shanghai")
    return {part.metric: part for part in made.sections}


def sentence(told, section, start, *words):
    """The one finding of a section that has these words, in English; the Chinese one says the same shares."""
    found = [each for each in told[section].findings if start in each.en and all(word in each.en for word in words)]
    assert len(found) == 1, (start, [each.en for each in told[section].findings])
    assert re.search("[\u4e00-\u9fff]", found[0].zh) and sorted(rates(found[0].zh)) == sorted(rates(found[0].en))
    return found[0]


def rates(text):
    """Shares of a text, in order: 12.5% is 0.125."""
    return [float(number) / 100 for number in re.findall(r"([+-]?\d+(?:\.\d+)?)%", text)]


def after(text, words):
    """The first share after some words."""
    return rates(text.split(words, 1)[1])[0]


def test_rfm(told, truths):
    found = sentence(told, "rfm", "By orders and recency")
    names = {
        "loyal": "loyal core",
        "lapsed_vip": "lapsed VIPs",
        "one_time": "one-time buyers",
        "new": "newcomers",
        "regular": "regulars",
        "silent": "friends who never bought",
    }
    for key, name in names.items():
        share, customers = truths[f"{key}_share"], int(truths[f"{key}_customers"])
        assert f"{name} {share:.1%} ({customers:,})" in found.en
        assert f"{share:.1%}（{customers:,} 人）" in found.zh
    assert f"{int(truths['lapsed_vip_customers']):,} lapsed VIPs" in sentence(told, "rfm", "Win back first").en
    silent = sentence(told, "acquisition", "have never bought")
    assert f"{int(truths['silent_customers']):,} friends ({truths['silent_share']:.1%} of {CUSTOMERS:,})" in silent.en


def test_the_cohort_that_does_not_come_back(told, truths):
    month = f"{truths['bad_cohort_month']:.0f}"
    name = f"{month[:4]}-{month[4:]} · livestream"
    sentence(told, "retention", f"The cohort {name} does not come back")
    again = sentence(told, "repurchase", f"first bought in {name}")
    assert f"{month[:4]}-{month[4:]} · 直播间" in again.zh
    # The planted rates are of all time, those said of 180 days.
    assert after(again.en, "only") == pytest.approx(truths["bad_cohort_repeat_rate"], abs=0.025)
    assert after(again.en, "elsewhere") == pytest.approx(truths["other_repeat_rate"], abs=0.08)


def test_funnel(told, truths):
    leak = sentence(told, "funnel", "miniprogram leaks", "from cart to order")
    assert "小程序商城存在流失点：加购 → 下单" in leak.zh
    assert after(leak.en, "only") == pytest.approx(truths["miniprogram_cart_to_order"], abs=0.01 * MORE)
    assert after(leak.en, "elsewhere") == pytest.approx(truths["other_cart_to_order"], abs=0.01 * MORE)
    assert after(leak.en, "view → cart") == pytest.approx(truths["miniprogram_view_to_cart"], abs=0.01 * MORE)
    steps = sentence(told, "funnel", "Step by step")
    assert after(steps.en, "order → pay") == pytest.approx(truths["order_to_pay"], abs=0.005 * MORE)
    sentence(told, "funnel", "The largest loss is from cart to order")


def test_the_channel_that_assists(told, truths):
    found = sentence(told, "attribution", "moments assists and rarely closes")
    assert "朋友圈是助攻渠道" in found.zh
    assert after(found.en, "it is in") == pytest.approx(truths["moments_path_share"], abs=0.01 * MORE)
    assert after(found.en, "the last touch of") == pytest.approx(truths["moments_last_share"], abs=0.003 * MORE)


def test_experiments(told, truths):
    coupon = next(each for each in told["experiment"].findings if "welcome_coupon, treatment: converted" in each.en)
    lift, low, high = rates(coupon.en)[2:5]
    assert low <= truths["welcome_coupon_lift"] <= high and lift == pytest.approx(
        truths["welcome_coupon_lift"], abs=0.05 * MORE
    )
    decision = next(each for each in told["experiment"].findings if each.en.startswith("welcome_coupon, treatment:"))
    assert decision.en.startswith("welcome_coupon, treatment: keep") and "保留" in decision.zh
    assert re.search(r"became better: at least \+\d\.\d pp\.", decision.en) and "个百分点。" in decision.zh
    check = next(each for each in told["experiment"].findings if "aa_check, treatment: converted" in each.en)
    lift, low, high = rates(check.en)[2:5]
    assert low <= truths["aa_check_lift"] <= high and abs(lift) <= 0.05 * MORE and "go unnoticed" in check.en
    split = sentence(told, "experiment", "live_reminder: review", "split is broken")
    assert rates(split.en)[1] == pytest.approx(truths["live_reminder_treatment_share"], abs=0.01 * MORE)
    assert "分流异常" in split.zh


def test_rhythm(told, truths):
    weekend = sentence(told, "rhythm", "A Saturday or Sunday has")
    times, low, high = (float(number) for number in re.findall(r"\d+\.\d+", weekend.en)[:3])
    assert times == pytest.approx(truths["weekend_weight"], abs=0.03 * MORE) and low <= truths["weekend_weight"] <= high
    peaks = sentence(told, "rhythm", "Peaks of the last year")
    for day, name in (("2025-11-11", "peak_1111_weight"), ("2025-06-18", "peak_618_weight")):
        times, low, high = (float(number) for number in re.findall(r"\d+\.\d+", peaks.en.split(f"{day} with")[1])[:3])
        assert low - 0.5 <= truths[name] <= high + 0.5 and times == pytest.approx(truths[name], abs=1.2)
        assert f"{day} 有" in peaks.zh


def test_refunds(told, truths):
    found = sentence(told, "refunds", "device (category) comes back far more")
    assert "美容仪器（品类）退款明显偏高" in found.zh
    assert rates(found.en)[0] == pytest.approx(truths["device_refund_rate"], abs=0.012 * MORE)
    assert after(found.en, "elsewhere") == pytest.approx(truths["other_refund_rate"], abs=0.003 * MORE)
    loose = sentence(told, "refunds", "do not say which order")
    assert rates(loose.en)[0] == pytest.approx(truths["unlinked_refund_share"], abs=0.02 * MORE)


def test_who_loses_friends(told, truths):
    found = sentence(told, "acquisition", "loses friends")
    assert "Staff staff_07 loses friends" in found.en and "员工 staff_07" in found.zh
    assert rates(found.en)[0] == pytest.approx(truths["staff_07_delete_rate"], abs=0.03 * MORE)
    assert after(found.en, "elsewhere") == pytest.approx(truths["other_delete_rate"], abs=0.005 * MORE)


def test_referral(told, truths):
    found = sentence(told, "acquisition", "were invited by another one")
    assert rates(found.en)[0] == pytest.approx(truths["referred_share"], abs=0.00051)
    times, low, high = (float(number) for number in re.findall(r"\d+\.\d\d", found.en)[:3])
    assert times == pytest.approx(truths["referred_value_ratio"], abs=0.005) and 1 < low < times < high
    assert "friends from referral bring most" in sentence(told, "acquisition", "In their first 90 days").en


def test_targets(told, truths):
    month = f"{truths['shortfall_month']:.0f}"
    month = f"{month[:4]}-{month[4:]}"
    missed = sentence(told, "targets", "1 of 24 months missed", f"furthest below is {month}")
    assert after(missed.en, month) == pytest.approx(truths["shortfall_gmv_ratio"], abs=0.001)
    why = sentence(told, "targets", f"{month}: ", "below target", "order value (AOV)")
    assert 1 + after(why.en, "(AOV)") == pytest.approx(truths["shortfall_aov_ratio"], abs=0.001)
    assert after(why.en, "explains") == pytest.approx(1, abs=0.002)
    assert "客单价" in why.zh


def test_no_truth_is_left_out(truths):
    """Every planted truth is looked for above."""
    with open(__file__, encoding="utf-8") as source:
        text = source.read()
    for name in truths:
        group = re.sub("_(share|customers)$", "", name)
        assert re.search(f"[\"']({name}|{group})[\"']", text), name
