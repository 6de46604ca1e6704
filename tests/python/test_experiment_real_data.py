"""Experiments over real rows, Cookie Cats (two arms) and Hillstrom's e-mails (three), against SciPy and statsmodels."""

import math

import numpy as np
import pytest
from experiment_reference import constrained

pd = pytest.importorskip("pandas")
stats = pytest.importorskip("scipy.stats")
proportion = pytest.importorskip("statsmodels.stats.proportion")


@pytest.fixture(scope="module")
def cats(shared):
    return pd.read_csv(shared("data", "cookie-cats", "cookie_cats.csv.gz"))


@pytest.fixture(scope="module")
def mails(shared):
    frame = pd.read_csv(shared("data", "hillstrom-email", "hillstrom.csv.gz"))
    frame["unit"] = np.arange(len(frame))
    frame["cents"] = (frame["spend"] * 100).round().astype("int64")
    frame["before"] = (frame["history"] * 100).round().astype("int64")
    return frame


def only(table, **where):
    rows = [row for row in table.to_rows() if all(row[name] == value for name, value in where.items())]
    assert len(rows) == 1, (where, len(rows))
    return rows[0]


def close(got, expected, tolerance=1e-9):
    assert math.isclose(got, expected, rel_tol=tolerance, abs_tol=1e-300), (got, expected)


def check_rates(row, x_c, n_c, x_t, n_t):
    """z and p by statsmodels; at the limits of the interval the score test has p = alpha."""
    z, p = proportion.proportions_ztest([x_t, x_c], [n_t, n_c])
    close(row["statistic"], z)
    close(row["p"], p)
    close(row["diff"], x_t / n_t - x_c / n_c)
    for name in ("low", "high"):
        delta = row[name]
        p_c, p_t = constrained(x_c, n_c, x_t, n_t, delta)
        se = math.sqrt(p_t * (1 - p_t) / n_t + p_c * (1 - p_c) / n_c)
        close(2 * stats.norm.sf(abs(x_t / n_t - x_c / n_c - delta) / se), 0.05, 1e-7)
    low, high = proportion.confint_proportions_2indep(x_t, n_t, x_c, n_c, method="score", compare="ratio", correction=False)
    close(1 + row["lift_low"], low, 1e-6)
    close(1 + row["lift_high"], high, 1e-6)


def check_welch(row, control, treatment):
    test = stats.ttest_ind(treatment, control, equal_var=False)
    interval = test.confidence_interval(0.95)
    close(row["statistic"], test.statistic)
    close(row["p"], test.pvalue, 1e-8)
    close(row["df"], test.df)
    close(row["low"], interval.low, 1e-8)
    close(row["high"], interval.high, 1e-8)
    excludes = row["lift_low"] > 0 or row["lift_high"] < 0
    assert excludes == (row["p"] < 0.05)


# ---- Cookie Cats ------------------------------------------------------------------------------------------------------

CAT_METRICS = [
    {"metric": "retention_1", "kind": "conversion"},
    {"metric": "retention_7", "kind": "conversion"},
    {"metric": "sum_gamerounds", "kind": "count"},
]


@pytest.fixture(scope="module")
def cat_result(pdm, cats):
    return pdm.experiment(cats, unit="userid", variant="version", arms={"gate_30": 1, "gate_40": 1}, metrics=CAT_METRICS)


def test_cookie_cats_retention(cats, cat_result):
    for name, z, p in (("retention_1", None, 0.0744096552969), ("retention_7", -3.164358912748, 0.001554249976)):
        row = only(cat_result.effects, metric=name)
        found = cats.groupby("version")[name].agg(["sum", "count"])
        check_rates(row, *found.loc["gate_30"].astype(int), *found.loc["gate_40"].astype(int))
        close(row["p"], p, 1e-9)
        if z is not None:
            close(row["statistic"], z, 1e-9)
            close(row["low"], -0.0132822980745, 1e-9)
            close(row["high"], -0.0031214439635, 1e-9)
            close(row["lift_low"], -0.0688908641781, 1e-9)
            close(row["lift_high"], -0.0166346786148, 1e-9)


def test_cookie_cats_rounds(cats, cat_result):
    row = only(cat_result.effects, metric="sum_gamerounds")
    rounds = cats.groupby("version")["sum_gamerounds"]
    check_welch(row, rounds.get_group("gate_30"), rounds.get_group("gate_40"))
    close(row["lift_low"], -0.0680568704643, 1e-9)
    close(row["lift_high"], 0.0279594729195, 1e-9)


def test_cookie_cats_split(cat_result):
    row = only(cat_result.srm)
    test = stats.chisquare([44700, 45489])
    close(row["chi2"], test.statistic)
    close(row["p"], test.pvalue)
    assert row["status"] == "ok"


def test_cookie_cats_winsorised(pdm, cats):
    """One player with 49 854 rounds no longer decides."""
    metrics = [{"metric": "sum_gamerounds", "kind": "count", "winsor_upper": 0.999}]
    result = pdm.experiment(cats, unit="userid", variant="version", arms={"gate_30": 1, "gate_40": 1}, metrics=metrics)
    cap = np.quantile(cats["sum_gamerounds"], 0.999)
    cut = cats.assign(rounds=cats["sum_gamerounds"].clip(upper=cap)).groupby("version")["rounds"]
    check_welch(only(result.effects), cut.get_group("gate_30"), cut.get_group("gate_40"))
    caps = result.moments.to_rows()
    for row in caps:
        close(row["cap_high"], cap)
    assert sum(row["n_capped_high"] for row in caps) == int((cats["sum_gamerounds"] > cap).sum())


def test_any_cut_gives_the_same(pdm, cats, cat_result):
    options = {"arms": {"gate_30": 1, "gate_40": 1}, "metrics": CAT_METRICS}
    columns = {"unit": "userid", "variant": "version"}
    whole = pdm.Experiment(**options, **columns).update(cats)
    parts = [pdm.Experiment(**options, **columns).update(cats.iloc[i::3]) for i in (2, 0, 1)]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    assert merged.to_bytes() == whole.to_bytes()
    assert merged.result().effects.to_rows() == cat_result.effects.to_rows()


# ---- Hillstrom --------------------------------------------------------------------------------------------------------

MAIL_ARMS = {"No E-Mail": 1, "Mens E-Mail": 1, "Womens E-Mail": 1}
MAIL_METRICS = [
    {"metric": "visit", "kind": "conversion"},
    {"metric": "conversion", "kind": "conversion"},
    {"metric": "cents", "kind": "value"},
    {"metric": "adjusted", "kind": "value", "column": "cents"},
]


@pytest.fixture(scope="module")
def mail_result(pdm, mails):
    return pdm.experiment(
        mails,
        variant="segment",
        arms=MAIL_ARMS,
        metrics=MAIL_METRICS,
        covariates=[{"metric": "adjusted", "column": "before"}],
        segment_columns=["channel"],
    )


def test_hillstrom_rates(mails, mail_result):
    for metric in ("visit", "conversion"):
        found = mails.groupby("segment")[metric].agg(["sum", "count"])
        for arm in ("Mens E-Mail", "Womens E-Mail"):
            row = only(mail_result.effects, metric=metric, variant=arm, segment_dim=None)
            check_rates(row, *found.loc["No E-Mail"].astype(int), *found.loc[arm].astype(int))
    close(only(mail_result.effects, metric="visit", variant="Mens E-Mail", segment_dim=None)["p"], 5.6851654828e-112, 1e-9)


def test_hillstrom_spend(mails, mail_result):
    spend = mails.groupby("segment")["cents"]
    for arm in ("Mens E-Mail", "Womens E-Mail"):
        row = only(mail_result.effects, metric="cents", variant=arm, segment_dim=None)
        check_welch(row, spend.get_group("No E-Mail"), spend.get_group(arm))


def test_hillstrom_cuped(mails, mail_result):
    """θ is that of a regression over both arms; the rest is Welch on what it leaves."""
    for arm, theta in (("Mens E-Mail", 0.00122289651982), ("Womens E-Mail", 0.00103465129359)):
        row = only(mail_result.effects, metric="adjusted", variant=arm, segment_dim=None)
        both = mails[mails["segment"].isin(["No E-Mail", arm])]
        slope = np.polyfit(both["before"].to_numpy(float), both["cents"].to_numpy(float), 1)[0]
        left = (both["cents"] - slope * (both["before"] - both["before"].mean())).groupby(both["segment"])
        test = stats.ttest_ind(left.get_group(arm), left.get_group("No E-Mail"), equal_var=False)
        close(row["theta"], slope, 1e-8)
        close(row["theta"], theta, 1e-9)
        close(row["statistic"], test.statistic, 1e-8)
        close(row["p"], test.pvalue, 1e-7)
        before = both.groupby("segment")["before"]
        balance = stats.ttest_ind(before.get_group(arm), before.get_group("No E-Mail"), equal_var=False)
        close(row["balance_p"], balance.pvalue, 1e-8)


def test_hillstrom_split(mail_result):
    row = only(mail_result.srm, segment_dim=None)
    close(row["chi2"], 0.20253125)
    close(row["p"], 0.9036929576, 1e-9)


def test_hillstrom_channels(mails, mail_result):
    """Every channel is an experiment of its own; over them Cochran-Mantel-Haenszel."""
    contingency = pytest.importorskip("statsmodels.stats.contingency_tables")
    tables = []
    for channel, members in mails.groupby("channel"):
        found = members.groupby("segment")["visit"].agg(["sum", "count"])
        c, t = found.loc["No E-Mail"].astype(int), found.loc["Mens E-Mail"].astype(int)
        row = only(mail_result.effects, metric="visit", variant="Mens E-Mail", segment=channel)
        check_rates(row, *c, *t)
        tables.append(np.array([[t["sum"], t["count"] - t["sum"]], [c["sum"], c["count"] - c["sum"]]]))
    over = contingency.StratifiedTable(tables)
    row = only(mail_result.heterogeneity, metric="visit", variant="Mens E-Mail")
    close(row["cmh_chi2"], over.test_null_odds(correction=False).statistic)
    close(row["cmh_p"], stats.chi2.sf(row["cmh_chi2"], 1), 1e-8)  # statsmodels has 1 − cdf, which is 0
    close(row["odds_ratio"], over.oddsratio_pooled)
    close(row["odds_low"], over.oddsratio_pooled_confint()[0], 1e-8)
    close(row["odds_high"], over.oddsratio_pooled_confint()[1], 1e-8)
