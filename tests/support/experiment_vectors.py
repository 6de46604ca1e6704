"""Conformance vectors of A/B significance, asked of pdmetrics.stats.

    for vector in vectors().values():
        assert not differences(vector, answer(stats, vector))

A function takes a vector's input and gives every value it expects under the same key. A number below the double range
is a pair: the number, and its logarithm.
"""

import json
import math
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("PDM_SHARED") or ROOT.parent / "shared") / "vectors" / "experiment"
FILES = (
    "bayesian",
    "distributions",
    "hash_bucketing",
    "means_ratio_cuped",
    "multiplicity",
    "noninferiority_tost",
    "power",
    "proportion_ci",
    "proportions",
    "segments_robust",
    "sequential",
    "sequential_bernoulli",
    "srm",
)

_LATER = "of a later release"
_LATER_IN_PYTHON = "of a later release; C has it already: "
_INSIDE = "a step inside of assign(), reached from C"
# What pdmetrics.stats does not answer, and why. (file, function) or the id of a case.
NOT_ANSWERED = {
    ("hash_bucketing", "gb_choose_variation"): _INSIDE,
    ("hash_bucketing", "fnv1a32"): _INSIDE,
    ("hash_bucketing", "fnv1a32_encodings"): _INSIDE,
    ("hash_bucketing", "eppo_shard"): _LATER,
    ("hash_bucketing", "md5_hex"): _LATER,
    ("means_ratio_cuped", "poststrat_mean"): _LATER,
    ("means_ratio_cuped", "poststrat_ratio"): _LATER,
    ("proportions", "prop2_boschloo"): _LATER,
    (
        "proportions",
        "tea_prop_norm",
    ): "another product's convention: an interval of the pooled test",
    ("segments_robust", "quantile_rank_interval"): _LATER_IN_PYTHON + "pdm_quantile_ranks()",
    ("segments_robust", "novelty_trend_wls"): _LATER,
    ("sequential", "quantile_ab_always_valid_p"): _LATER,
    ("sequential_bernoulli", "bernoulli_cs"): _LATER_IN_PYTHON + "pdm_rate_sequence()",
    ("sequential_bernoulli", "poly_stitching_bound"): _LATER_IN_PYTHON + "pdm_stitched_bound()",
}
_RATIO_COVARIATE = "a ratio as covariate of a ratio: from C (pdm_covariate_from_ratios) and from rows"
_ATTRIBUTE = "a filter on another attribute of the unit: from C (pdm_bucket_filter.value)"
_NO_VARIATIONS = "no variations: nothing to ask"


def vectors():
    """All vectors by file and id; none where there are no shared files."""
    found = {}
    for name in FILES:
        path = VECTORS / f"{name}.json"
        if not path.exists():
            continue
        file = json.loads(path.read_text(encoding="utf-8"))
        for vector in file["cases"]:
            key = f"{name}/{vector['id']}"
            assert key not in found, key
            found[key] = {"tol": file["default_tol"], **vector, "file": name}
    return found


def not_answered(vector):
    """Why a vector is not asked, or None."""
    reason = NOT_ANSWERED.get((vector["file"], vector["fn"]))
    if reason is not None:
        return reason
    control = vector["in"].get("control")
    if isinstance(control, dict) and control.get("type") == "cuped_ratio":
        return _RATIO_COVARIATE
    if any("attribute" in f for f in vector["in"].get("filters", ())):
        return _ATTRIBUTE
    return _NO_VARIATIONS if vector["fn"] == "gb_equal_weights" and vector["in"]["n"] == 0 else None


# ---------------------------------------------------------------------------------------------------------- comparison


def differences(vector, answered):
    """What of a vector's `out` is not met, as lines."""
    relative, absolute = (float(vector["tol"].get(kind, 0)) for kind in ("rel", "abs"))
    found = []

    def near(a, b):
        return a == b or abs(a - b) <= absolute or abs(a - b) <= relative * max(abs(a), abs(b))

    def compare(key, expected, got):
        if isinstance(expected, list):
            if not isinstance(got, (list, tuple)) or len(expected) != len(got):
                found.append(f"{key}: {expected} expected, {got} came")
                return
            for i, (left, right) in enumerate(zip(expected, got, strict=True)):
                compare(f"{key}[{i}]", left, right)
            return
        number, logarithm = got if isinstance(got, tuple) else (got, None)
        if isinstance(expected, dict):
            right = logarithm is not None and near(expected["ln"], logarithm) and expected["sign"] > 0
        elif expected == "null":
            right = number is None
        elif expected in ("inf", "-inf"):
            right = number == float(expected)
        elif isinstance(expected, (str, bool)):
            right = number == expected
        else:
            right = isinstance(number, (int, float)) and not math.isnan(number) and near(expected, number)
        if not right:
            found.append(f"{key}: {expected!r} expected, {got!r} came")

    for key, expected in vector["out"].items():
        if key in answered:
            compare(key, expected, answered[key])
        else:
            found.append(f"{key}: not answered")
    return found


# ----------------------------------------------------------------------------------------------------------- answering


def answer(stats, vector):
    """What the library says to a vector's input, under the keys that are asked for."""
    return _FUNCTIONS[vector["fn"]](stats, vector["in"], vector["out"])


def _first(result):
    """The first row of the main table, and of those of the same length: a mapping."""
    return result.main.to_rows()[0]


def _with_log(row, key):
    return row[key], row[f"log_{key}"]


def _level(alpha):
    return round(1 - alpha, 15)


# ---- distributions


def _distribution(family, x, *parameters):
    """A function that asks a distribution about the input called x."""

    def ask(stats, given, out):
        names = dict(zip("ab", (float(given[key]) for key in parameters), strict=False))
        row = _first(stats.distribution(x=float(given[x]), family=family, **names))
        twice = None if row["sf"] is None else (2 * row["sf"], math.log(2) + row["log_sf"])
        return {
            "cdf": _with_log(row, "cdf"),
            "sf": _with_log(row, "sf"),
            "log_sf": row["log_sf"],
            "log_cdf": row["log_cdf"],
            "two_sided_p": twice,
        }

    return ask


def _quantile(family, column, out_key, *parameters):
    def ask(stats, given, out):
        names = dict(zip("ab", (float(given[key]) for key in parameters), strict=False))
        return {out_key: _first(stats.distribution(x=float(given["p"]), family=family, **names))[column]}

    return ask


def _binomial_tail(stats, given, out):
    row = _first(stats.distribution(x=float(given["k"] - 1), a=given["n"], b=given["p"], family="binomial"))
    return {"p_ge": _with_log(row, "sf"), "p_lt": _with_log(row, "cdf")}


def _clopper_pearson(stats, given, out):
    """By its definition: an alpha of so many digits has no level 1 − alpha among the doubles."""
    x, n, half = given["count"], given["nobs"], given["alpha"] / 2

    def quantile(a, b, column):
        return _first(stats.distribution(x=half, a=float(a), b=float(b), family="beta"))[column]

    return {
        "low": quantile(x, n - x + 1, "quantile") if x > 0 else 0,
        "high": quantile(x + 1, n - x, "isf") if x < n else 1,
    }


# ---- split


def _srm(method):
    def ask(stats, given, out):
        units, weights = given.get("observed"), given.get("weights")
        if units is None:
            units, weights = (
                [given["k"], given["n"] - given["k"]],
                [given["p"], 1 - given["p"]],
            )
        row = _first(
            stats.srm(
                units=units,
                weight=weights,
                method=method,
                concentration=given.get("concentration"),
            )
        )
        p = _with_log(row, "p")
        return {
            "chi2": row["chi2"],
            "df": row["df"],
            "p": p,
            "p_always_valid": p,
            "log_bayes_factor": row["log_bayes_factor"],
        }

    return ask


# ---- two rates


def _counts(given):
    return {
        "x_control": given["xc"],
        "n_control": given["nc"],
        "x_treatment": given["xt"],
        "n_treatment": given["nt"],
    }


def _rates(stats, given, **options):
    return _first(stats.proportion_test(**_counts(given), **options))


def _z_pooled(stats, given, out):
    two = _rates(stats, given)
    corrected = _rates(stats, given, test="pooled_cc")
    z = two["statistic"]
    return {
        "status": two["status"],
        "z": z,
        "se": two["se"],
        "chi2": z * z,
        "p_two_sided": _with_log(two, "p"),
        "p_greater": _with_log(_rates(stats, given, alternative="greater"), "p"),
        "p_less": _with_log(_rates(stats, given, alternative="less"), "p"),
        "z_cc": corrected["statistic"],
        "p_two_sided_cc": _with_log(corrected, "p"),
    }


def _z_unpooled(stats, given, out):
    row = _rates(stats, given, test="unpooled")
    return {"z": row["statistic"], "se": row["se"], "p_two_sided": _with_log(row, "p")}


def _chi2(test, key):
    def ask(stats, given, out):
        row = _rates(stats, given, test=test)
        return {key: row["statistic"], "p": _with_log(row, "p")}

    return ask


def _fisher(stats, given, out):
    sides = {
        side: _with_log(_rates(stats, given, test="fisher", alternative=side), "p") for side in ("greater", "less")
    }
    return {
        **sides,
        "two_sided": _with_log(_rates(stats, given, test="fisher"), "p"),
        "mid_p_two_sided": _with_log(_rates(stats, given, test="midp"), "p"),
    }


def _difference(stats, given, out):
    row = _rates(stats, given, difference=given["method"], conf_level=given["conf"])
    return {"low": row["low"], "high": row["high"]}


def _ratio(stats, given, out):
    row = _rates(stats, given, ratio=given["method"], conf_level=given["conf"])
    return {"low": row["lift_low"] + 1, "high": row["lift_high"] + 1}


def _lift_of_rates(method):
    def ask(stats, given, out):
        row = _rates(stats, given, ratio=method, conf_level=given["conf"])
        unbounded = row["lift_status"] if row["lift_status"] == "unbounded" else None
        return {
            "g": row["g"],
            "lift": row["lift"],
            "se": row["lift_se"],
            "low": unbounded or row["lift_low"],
            "high": unbounded or row["lift_high"],
        }

    return ask


def _spotify(stats, given, out):
    row = _rates(stats, given, difference="wald", conf_level=given["conf"])
    return {"p": row["p"], "low": row["low"], "high": row["high"], "diff": row["diff"]}


def _rate(stats, given, out):
    row = _first(
        stats.proportion_interval(
            successes=given["x"],
            trials=given["n"],
            method=given["method"],
            conf_level=given["conf"],
        )
    )
    return {"low": row["low"], "high": row["high"]}


def _margins(stats, given, out):
    found = {}
    for prefix, method in (
        ("fm", "score"),
        ("mn", "miettinen_nurminen"),
        ("wald", "wald"),
    ):

        def ask(question, direction="higher", method=method):
            return _first(
                stats.proportion_margin_test(
                    **_counts(given),
                    margin=given["margin"],
                    method=method,
                    question=question,
                    direction=direction,
                    scale="diff",
                )
            )

        below, above, both = (
            ask("noninferiority"),
            ask("noninferiority", "lower"),
            ask("equivalence"),
        )
        found[f"{prefix}_z_lower"] = below["statistic"]
        found[f"{prefix}_p_noninferior"] = below["p"]
        found[f"{prefix}_p_not_superior_by_margin"] = above["p"]
        found[f"{prefix}_p_tost"] = both["p"]
    return found


# ---- means


def _covariance(n, product, x, y):
    return (product - x * y / n) / (n - 1)


def _moments(part):
    """n, mean and variance of a statistic of one column."""
    n, total = part["n"], part["sum"]
    mean = total / n
    if part["type"] == "proportion":
        return n, mean, mean * (1 - mean)
    return n, mean, _covariance(n, part["sumsq"], total, total)


def _arm(part, arm):
    """A statistic as columns of mean_test or ratio_test; True if it is a ratio."""
    if part["type"] == "ratio":
        n, mean, variance = _moments(part["num"])
        _, base, spread = _moments(part["den"])
        return True, {
            f"n_{arm}": n,
            f"numerator_mean_{arm}": mean,
            f"denominator_mean_{arm}": base,
            f"numerator_variance_{arm}": variance,
            f"denominator_variance_{arm}": spread,
            f"covariance_{arm}": _covariance(n, part["sum_num_den"], part["num"]["sum"], part["den"]["sum"]),
        }
    if part["type"] == "cuped":
        n, mean, variance = _moments(part["post"])
        _, before, spread = _moments(part["pre"])
        return False, {
            f"n_{arm}": n,
            f"mean_{arm}": mean,
            f"variance_{arm}": variance,
            f"covariate_mean_{arm}": before,
            f"covariate_variance_{arm}": spread,
            f"covariance_{arm}": _covariance(n, part["sum_post_pre"], part["post"]["sum"], part["pre"]["sum"]),
        }
    if part["type"] == "quantile":  # the estimate, with the unit variance its rank interval implies
        w = (part["quantile_upper"] - part["quantile_lower"]) / (2 * 1.959963984540054)
        variance = part["n"] / part["n_star"] * (part["n"] - 1) * w * w * (part["n_star"] / part["n"])
        return False, {
            f"n_{arm}": part["n"],
            f"mean_{arm}": part["quantile_hat"],
            f"variance_{arm}": variance,
        }
    n, mean, variance = _moments(part)
    return False, {f"n_{arm}": n, f"mean_{arm}": mean, f"variance_{arm}": variance}


def _compare(stats, given, **options):
    ratio, control = _arm(given["control"], "control")
    _, treatment = _arm(given["treatment"], "treatment")
    ask = stats.ratio_test if ratio else stats.mean_test
    return _first(ask(**control, **treatment, unchecked=True, lift="delta", **options))


_SIDES = {"two-sided": "two_sided", "greater": "greater", "less": "less"}


def _effect(stats, given, out):
    row = _compare(
        stats,
        given,
        alternative=_SIDES[given.get("alternative", "two-sided")],
        conf_level=_level(given["alpha"]),
    )
    if given["relative"]:
        effect, se, p = row["lift"], row["lift_se"], (row["lift_p"], row["lift_log_p"])
        low, high = row["lift_low"], row["lift_high"]
    else:
        effect, se, p = row["diff"], row["se"], _with_log(row, "p")
        low, high = row["low"], row["high"]
    return {
        "effect": effect,
        "se": se,
        "t": effect / se if se else None,
        "df": row["df"],
        "p": p,
        "low": low,
        "high": high,
        "theta": row["theta"],
    }


def _tea_covariance(arm, a, b):
    pairs = arm["cov"]
    return pairs[f"{a}|{b}"] if f"{a}|{b}" in pairs else pairs[f"{b}|{a}"]


def _tea_arm(given, arm):
    source, numerator, denominator = given[arm], given["numer"], given["denom"]
    n, mean, variance = source["n"], source["mean"], source["var"]
    if denominator is None:
        return False, {
            f"n_{arm}": n,
            f"mean_{arm}": mean[numerator],
            f"variance_{arm}": variance[numerator],
        }
    return True, {
        f"n_{arm}": n,
        f"numerator_mean_{arm}": mean[numerator],
        f"denominator_mean_{arm}": mean[denominator],
        f"numerator_variance_{arm}": variance[numerator],
        f"denominator_variance_{arm}": variance[denominator],
        f"covariance_{arm}": _tea_covariance(source, numerator, denominator),
    }


def _tea(stats, given, out):
    columns, ratio = {}, False
    for arm in ("control", "treatment"):
        ratio, found = _tea_arm(given, arm)
        columns |= found
        x = given["numer_cov"]
        if x is not None:
            columns[f"covariate_mean_{arm}"] = given[arm]["mean"][x]
            columns[f"covariate_variance_{arm}"] = given[arm]["var"][x]
            columns[f"covariance_{arm}"] = _tea_covariance(given[arm], given["numer"], x)
    row = _first(
        (stats.ratio_test if ratio else stats.mean_test)(
            **columns,
            alternative=_SIDES[given["alternative"]],
            conf_level=given["conf"],
            equal_var=given["equal_var"],
            normal=not given["use_t"],
            lift="log",
        )
    )
    shift = row["diff"] - (row["treatment_value"] - row["control_value"])  # the file gives adjusted means
    share = given["treatment"]["n"] / (given["control"]["n"] + given["treatment"]["n"])
    return {
        "control": row["control_value"] - shift * share,
        "treatment": row["treatment_value"] + shift * (1 - share),
        "effect": row["diff"],
        "low": row["low"],
        "high": row["high"],
        "p": row["p"],
        "statistic": row["statistic"],
        "theta": row["theta"],
        "rel": row["lift"],
        "rel_low": row["lift_low"],
        "rel_high": row["lift_high"],
    }


def _two_moments(given):
    return {
        "n_control": given["n_c"],
        "mean_control": given["mean_c"],
        "variance_control": given["sd_c"] ** 2,
        "n_treatment": given["n_t"],
        "mean_treatment": given["mean_t"],
        "variance_treatment": given["sd_t"] ** 2,
    }


def _lift_limits(stats, given, out):
    found = {}
    for method in ("fieller", "delta", "log"):
        row = _first(
            stats.mean_test(
                **_two_moments(given),
                normal=True,
                lift=method,
                conf_level=given["conf"],
            )
        )
        found[f"{method}_low"], found[f"{method}_high"] = (
            row["lift_low"],
            row["lift_high"],
        )
        if method == "fieller":
            found["g"], found["fieller_status"] = row["g"], row["lift_status"]
    return found


def _t_test(row):
    return {
        "t": row["statistic"],
        "df": row["df"],
        "p": row["p"],
        "low": row["low"],
        "high": row["high"],
    }


def _samples(equal_var):
    def ask(stats, given, out):
        columns = {}
        for arm, values in (("control", given["x"]), ("treatment", given["y"])):
            n, mean = len(values), math.fsum(values) / len(values)
            columns[f"n_{arm}"], columns[f"mean_{arm}"] = n, mean
            columns[f"variance_{arm}"] = math.fsum((v - mean) ** 2 for v in values) / (n - 1)
        return _t_test(_first(stats.mean_test(**columns, conf_level=given["conf"], equal_var=equal_var)))

    return ask


def _welch_moments(stats, given, out):
    return _t_test(_first(stats.mean_test(**_two_moments(given), conf_level=given.get("conf", 0.95))))


def _tost(stats, given, out):
    assert given["low"] == -given["high"]
    columns = {**_two_moments(given), "margin": given["high"], "scale": "diff"}
    below = _first(stats.mean_margin_test(**columns))
    above = _first(stats.mean_margin_test(**columns, direction="lower"))
    both = _first(stats.mean_margin_test(**columns, question="equivalence"))
    return {
        "df": below["df"],
        "t_lower": below["statistic"],
        "t_upper": above["statistic"],
        "p_lower": below["p"],
        "p_upper": above["p"],
        "p": both["p"],
    }


# ---- segments


def _cmh(stats, given, out):
    strata = [
        dict(zip(("x_treatment", "n_treatment", "x_control", "n_control"), s, strict=True)) for s in given["strata"]
    ]
    row = _first(stats.cochran_mantel_haenszel(strata))
    return {
        "chi2": row["chi2"],
        "p": _with_log(row, "p"),
        "chi2_cc": row["chi2_cc"],
        "p_cc": _with_log(row, "p_cc"),
        "mh_odds_ratio": row["odds_ratio"],
        "or_low": row["odds_low"],
        "or_high": row["odds_high"],
        "mh_risk_ratio": row["risk_ratio"],
        "mh_risk_difference": row["risk_difference"],
    }


def _heterogeneity(stats, given, out):
    row = _first(stats.heterogeneity(effect=given["effects"], se=given["se"]))
    return {**row, "p": _with_log(row, "p"), "tau2_dl": row["tau2"]}


def _interaction(stats, given, out):
    row = _first(
        stats.heterogeneity(
            effect=[given["effect_1"], given["effect_2"]],
            se=[given["se_1"], given["se_2"]],
        )
    )
    return {"z": row["z"], "p": _with_log(row, "p")}


# ---- families


def _adjust(stats, given, out):
    return {"adjusted": stats.p_adjust(p=given["p"], method=given["method"])["p_adjusted"].to_list()}


def _bh_alpha(stats, given, out):
    return {"alpha": stats.p_adjust(p=given["p"], method="bh", alpha=given["alpha"])["alpha_adjusted"][0]}


def _weighted(stats, given, out):
    row = _first(
        stats.weighted_alphas(
            primary_share=given["gamma"],
            treatments=given["variants"],
            metrics=given["metrics"],
            alpha=given["alpha"],
        )
    )
    return {"alpha_primary": row["alpha_primary"], "alpha_other": row["alpha_other"]}


def _dunnett(stats, given, out):
    k = given["treatments"]
    options = {} if given["df"] == "inf" else {"df": given["df"]}
    if "alpha_two_sided" in given:
        options["alpha"] = given["alpha_two_sided"]
    columns = {
        "statistic": [float(given.get("t", 2.0))] * k,
        "lambda": [math.sqrt(given["rho"])] * k,
    }
    result = stats.dunnett(columns, **options)
    return {"p": result["p_adjusted"][0], "c": result.tables["summary"]["critical"][0]}


# ---- looks


def _asymptotic(stats, given, out):
    row = _compare(stats, given)
    estimate, se = (row["lift"], row["lift_se"]) if given["relative"] else (row["diff"], row["se"])
    look = _first(
        stats.always_valid(
            estimate=estimate,
            se=se,
            n_total=given["control"]["n"] + given["treatment"]["n"],
            n_tune=given["n_tune"],
            alternative=_SIDES[given["alternative"]],
            conf_level=_level(given["alpha"]),
        )
    )
    p = _with_log(look, "p")
    return {
        "effect": estimate,
        "se": se,
        "rho": look["rho"],
        "half_width": look["multiplier"] * se,
        "low": look["low"],
        "high": look["high"],
        "p_always_valid": p,
        "p_closed_form": p,
        "log_e_value": look["log_e_value"],
    }


def _multiplier(stats, given, out):
    look = _first(
        stats.always_valid(
            estimate=0.0,
            se=1.0,
            n_total=given["n_total"],
            n_tune=given["n_tune"],
            conf_level=given["conf"],
        )
    )
    return {
        "multiplier": look["multiplier"],
        "rho": 1 / look["rho"] ** 2,
    }  # in the source's parameters


def _mixture(exact):
    def ask(stats, given, out):
        row = _first(
            stats.normal_mixture(
                v=given.get("v", given["v_opt"]),
                s=10.0,
                v_opt=given["v_opt"],
                alpha=given["alpha"],
                alternative="two_sided" if given.get("two_sided", True) else "greater",
                exact=exact,
            )
        )
        return {
            "rho": row["rho"],
            "gbstats_rho": 1 / math.sqrt(row["rho"]),
            "bound": row["bound"],
            "log_mixture_at_10": row["log_e_value"],
        }

    return ask


def _msprt(stats, given, out):
    se = math.sqrt(given["V"] / given["n_pairs"])
    look = _first(
        stats.always_valid(
            estimate=given["delta"],
            se=se,
            method="msprt",
            tau2=given["tau2"],
            conf_level=_level(given["alpha"]),
        )
    )
    return {
        "log_lambda": look["log_e_value"],
        "p_always_valid": _with_log(look, "p"),
        "ci_half_width": look["multiplier"] * se,
    }


def _tau2(stats, given, out):
    row = _first(stats.msprt_tau2(sigma=given["sigma"], pairs=given["truncation"], alpha=given["alpha"]))
    return {"tau2": row["tau2"]}


def _bounds(result):
    z = result["bound"].to_list()
    return {
        "constant": z[-1],
        "z": z,
        "alpha_spent_one_sided": result["alpha_spent"].to_list(),
    }


def _equal_looks(k):
    return [(i + 1) / k for i in range(k)]


def _classic(stats, given, out):
    return _bounds(
        stats.group_sequential(
            info=_equal_looks(given["looks"]),
            classic=given["type"],
            alpha=given["alpha_two_sided"],
        )
    )


def _inflation(stats, given, out):
    return {
        kind: stats.group_sequential(
            info=_equal_looks(given["looks"]),
            classic=kind,
            alpha=given["alpha_two_sided"],
            power=given["power"],
        ).tables["summary"]["inflation"][0]
        for kind in ("pocock", "obrien_fleming")
    }


def _spending(stats, given, out):
    kind, *exponent = given["spending"].split("power_")
    return _bounds(
        stats.group_sequential(
            info=given["info"],
            spending="power" if exponent else kind,
            exponent=float(exponent[0]) if exponent else None,
            alternative="two_sided" if given["symmetric"] else "greater",
            alpha=given["alpha_two_sided" if given["symmetric"] else "alpha_one_sided"],
        )
    )


def _total_spending(stats, given, out):
    result = stats.group_sequential(info=given["info"], alpha=given["alpha"], spend_scale="total")
    return {"alpha_spent": [2 * one_side for one_side in result["alpha_spent"].to_list()]}


# ---- Bayes


def _normal(row):
    return {
        **row,
        "post_mean": row["mean"],
        "post_sd": row["sd"],
        "chance_to_win": _with_log(row, "chance_to_win"),
        "chance_to_lose": (
            math.exp(row["log_chance_to_lose"]),
            row["log_chance_to_lose"],
        ),
        "risk_control": _with_log(row, "risk_control"),
        "risk_treatment": _with_log(row, "risk_treatment"),
    }


def _quantile_of_values(stats, given, out):
    return {key: _first(stats.quantile(value=given["x"], p=given["p"], type=key))["quantile"] for key in out}


def _winsor(stats, given, out):
    kind = f"type{given['type']}"
    row = _first(stats.winsorise(value=given["x"], upper=given["p"], ignore_zeros=given["ignore_zeros"], type=kind))
    return {"cap": row["cap_high"], "n_capped": row["n_capped_high"], "mean": row["mean"], "variance": row["variance"]}


def _stability(stats, given, out):
    off = math.sqrt(given["var_rule"])
    values = [given["mean"] + (-off if i % 2 else off) for i in range(given["n"])]
    return {"sample_variance": _first(stats.winsorise(value=values))["variance"]}


def _normal_posterior(stats, given, out):
    prior, effect = given["prior"], _compare(stats, given)
    relative = given["relative"]
    proper = {"prior_mean": prior["mean"], "prior_sd": math.sqrt(prior["variance"])} if prior["proper"] else {}
    return _normal(
        _first(
            stats.normal_posterior(
                estimate=effect["lift"] if relative else effect["diff"],
                se=effect["lift_se"] if relative else effect["se"],
                control=effect["control_value"],
                scale="lift" if relative else "diff",
                prior_scale="lift" if prior["scale"] == "relative" else "diff",
                direction="lower" if given["inverse"] else "higher",
                conf_level=_level(given["alpha"]),
                **proper,
            )
        )
    )


def _normal_risk(stats, given, out):
    return _normal(_first(stats.normal_posterior(estimate=given["mean"], se=given["sd"])))


def _posterior(row):
    return {
        "prob_treatment_better": _with_log(row, "prob_better"),
        "prob_control_better": _with_log(row, "prob_worse"),
        "loss_if_treatment": _with_log(row, "loss_if_treatment"),
        "loss_if_control": _with_log(row, "loss_if_control"),
        "post_mean_c": row["mean_control"],
        "post_mean_t": row["mean_treatment"],
        "ci95_c": [row["low_control"], row["high_control"]],
        "ci95_t": [row["low_treatment"], row["high_treatment"]],
        "low": row.get("low"),
        "high": row.get("high"),
    }


def _beta(stats, given, out):
    return _posterior(
        _first(
            stats.beta_posterior(
                **_counts(given),
                prior_a=given["prior_a"],
                prior_b=given["prior_b"],
                conf_level=given.get("conf", 0.95),
                skip_difference="low" not in out,
            )
        )
    )


def _beta_best(stats, given, out):
    arms = given["arms"]
    result = stats.beta_best(
        x=[arm["x"] for arm in arms],
        n=[arm["n"] for arm in arms],
        prior_a=given["prior_a"],
        prior_b=given["prior_b"],
    )
    return {"prob_best": result["prob_best"].to_list()}


def _gamma(stats, given, out):
    return _posterior(
        _first(
            stats.gamma_posterior(
                events_control=given["events_c"],
                exposure_control=given["exposure_c"],
                events_treatment=given["events_t"],
                exposure_treatment=given["exposure_t"],
                prior_shape=given["prior_shape"],
                prior_rate=given["prior_rate"],
            )
        )
    )


# ---- planning

_KINDS = ("pooled", "unpooled", "evan_miller", "fleiss_cc", "arcsine")


def _design(given, **more):
    options = {key: given[key] for key in ("alpha", "power", "ratio") if key in given}
    return {**options, "one_sided": given.get("sides", 2) == 1, **more}


def _without_power(options):
    return {key: value for key, value in options.items() if key != "power"}


def _n_proportions(stats, given, out):
    return {
        kind: stats.sample_size(p_control=given["p1"], p_treatment=given["p2"], kind=kind, **_design(given))["exact"][0]
        for kind in _KINDS
        if kind in out
    }


def _power_proportions(stats, given, out):
    options = _without_power(_design(given))
    return {
        f"{kind}{suffix}": stats.power(
            p_control=given["p1"],
            p_treatment=given["p2"],
            n_control=given["n_per_arm"],
            kind=kind,
            far_tail=suffix != "",
            **options,
        )["power"][0]
        for kind in _KINDS
        for suffix in ("", "_strict")
        if f"{kind}{suffix}" in out
    }


def _mde_proportions(stats, given, out):
    return {
        f"p2_up_{kind}": stats.mde(
            p_control=given["p1"],
            n_control=given["n_per_arm"],
            kind=kind,
            **_design(given),
        )["p_treatment"][0]
        for kind in ("pooled", "unpooled")
    }


def _n_means(stats, given, out):
    means = {
        "delta": given["delta"],
        "sd_control": given["sd_c"],
        "sd_treatment": given["sd_t"],
    }
    options = _design(given, normal=True)
    n = stats.sample_size(**means, **options)["exact"][0]
    power = stats.power(**means, n_control=n, **_without_power(options))["power"][0]
    return {"n_control": n, "power_at_n_one_tail": power}


def _power_t(stats, given, out):
    n = given.get("n_per_arm", given.get("n_control"))
    options = _design(given, ratio=given.get("n_treatment", n) / n)
    return {
        key: stats.power(
            delta=given["delta"],
            sd_control=given["sd"],
            n_control=n,
            far_tail=key != "power",
            **options,
        )["power"][0]
        for key in ("power", "power_strict")
    }


def _n_t(stats, given, out):
    return {"n_per_arm": stats.sample_size(delta=given["delta"], sd_control=given["sd"], **_design(given))["exact"][0]}


def _gpower(stats, given, out):
    if given.get("p"):
        columns = {"p_control": given["p"], "p_treatment": given["p"] + given["mde"]}
    else:
        columns = {"delta": given["mde"], "sd_control": math.sqrt(given["variance"])}
    return {"n_total": 2 * stats.sample_size(**columns, **_design(given))["exact"][0]}


def _stretch(stats, given, n):
    """By how much watching all the time stretches an interval of N = 2n units."""
    tune = given.get("sequential_n_tune")
    if not tune:
        return 1.0
    level = _level(given["alpha"])
    look = _first(stats.always_valid(estimate=0.0, se=1.0, n_total=2 * n, n_tune=tune, conf_level=level))
    z = _first(stats.distribution(x=given["alpha"] / 2))["isf"]
    return look["multiplier"] / z


def _relative(stats, given, out):
    n = given["n_total"] / given["n_variations"]
    design = {
        "mean": given["mean"],
        "variance": given["variance"] * _stretch(stats, given, n) ** 2,
        "n": n,
    }
    alpha = given.get("alpha", 0.05)
    found = {}
    if "power" in out:
        found["power"] = stats.power_lift(**design, effect=given["effect_rel"], alpha=alpha)["power"][0]
    effect = stats.mde_lift(**design, alpha=alpha, power=given.get("power", 0.8))["effect"][0]
    return {**found, "mde_rel": effect, "mde_rel_80": effect}


def _n_ratio(stats, given, out):
    ratio = given["mean_num"] / given["mean_den"]
    unit = (given["var_num"] - 2 * ratio * given["cov"] + ratio**2 * given["var_den"]) / given["mean_den"] ** 2
    unit *= 1 - given["cuped_rho"] ** 2
    n = stats.sample_size(delta=given["mde_rel"] * ratio, sd_control=math.sqrt(unit), **_design(given))["exact"][0]
    return {"unit_variance": unit, "n_per_arm": n}


def _more_traffic(stats, given, out):
    arms = {}
    for side, arm in (("c", "control"), ("t", "treatment")):
        part = {
            "type": "mean",
            "n": given[f"n_{side}"],
            "sum": given[f"sum_{side}"],
            "sumsq": given[f"sumsq_{side}"],
        }
        arms |= _arm(part, arm)[1]
    row = _first(stats.mean_test(**arms, lift="delta"))
    answered = stats.more_traffic(
        effect=given["target_mde_rel"],
        se=row["lift_se"],
        alpha=given["alpha"],
        power=given["target_power"],
    )
    return {"scaling_factor": answered["factor"][0]}


def _variance(stats, given, out):
    sides = {f"sd_{side}": math.sqrt(given[f"var_{side}"]) for side in "ct"}
    row = _first(stats.mean_test(**_two_moments({**given, **sides}), lift="delta"))
    return {"absolute": row["se"] ** 2, "relative": row["lift_se"] ** 2}


def _n_noninferiority(stats, given, out):
    result = stats.sample_size(
        p_control=given["p_control"],
        p_treatment=given["p_treatment"],
        margin=given["margin"],
        question="noninferiority",
        alpha=given["alpha_one_sided"],
        power=given["power"],
    )
    return {"n_per_arm": result["exact"][0]}


def _tost_design(given):
    return {
        "p_control": given["p1"],
        "p_treatment": given["p2"],
        "margin": given["margin"],
        "question": "equivalence",
    }


def _power_tost(stats, given, out):
    return {"power": stats.power(**_tost_design(given), n_control=given["n_per_arm"], alpha=given["alpha"])["power"][0]}


def _n_tost(stats, given, out):
    return {
        "n_per_arm": stats.sample_size(**_tost_design(given), alpha=given["alpha"], power=given["power"])["exact"][0]
    }


def _clusters(stats, given, out):
    columns = {
        "size": given["mean_cluster_size"],
        "icc": given["icc"],
        "n": given["n_per_arm_individual"],
    }
    equal, varied = (stats.design_effect(**columns, cv=cv) for cv in (0.0, given["cv"]))
    units = varied["exact"][0]
    return {
        "deff_equal": equal["factor"][0],
        "deff_cv": varied["factor"][0],
        "n_units": units,
        "n_clusters": units / given["mean_cluster_size"],
    }


# ---- assignment

_VERSIONS = {1: "v1", 2: "v2"}
_USERS = [f"user_{i}" for i in range(100_000)]


def _bucket(stats, given, encoding="utf16"):
    version = given["version"]
    if version not in _VERSIONS:
        return None  # refused as an option: tests/python/test_stats.py
    return stats.assign([given["value"]], seed=given["seed"], hash=_VERSIONS[version], encoding=encoding)["n"][0]


def _hash(stats, given, out):
    return {"n": _bucket(stats, given)}


def _hash_encodings(stats, given, out):
    keys = {"utf16_units": "utf16", "utf8_bytes": "utf8", "code_points": "codepoint"}
    return {key: _bucket(stats, given, encoding) for key, encoding in keys.items()}


def _variations(given, count):
    """Variations as GrowthBook's SDKs take them: weights of another number than variations are equal ones."""
    weights = given.get("weights")
    if isinstance(given.get("ranges"), list):
        low, high = zip(*given["ranges"], strict=True)
        return {
            "variant": [str(i) for i in range(len(low))],
            "low": list(low),
            "high": list(high),
        }
    names = [str(i) for i in range(count)]
    if not isinstance(weights, list) or len(weights) != count:
        return {"variant": names}
    return {"variant": names, "weight": weights}


def _ranges(stats, given, out):
    result = stats.assign(
        ["1"],
        seed="s",
        coverage=given["coverage"],
        variations=_variations(given, given["n_variations"]),
        growthbook_compat=True,
    ).tables["variations"]
    pairs = zip(result["low"].to_list(), result["high"].to_list(), strict=True)
    return {"ranges": [end for pair in pairs for end in pair]}


def _equal_weights(stats, given, out):
    result = stats.assign(["1"], seed="s", variations=_variations({}, given["n"])).tables["variations"]
    return {"weights": [h - l for l, h in zip(result["low"].to_list(), result["high"].to_list(), strict=True)]}  # noqa: E741


def _in_namespace(stats, given, out):
    name, low, high = given["namespace"]
    result = stats.assign([given["id"]], seed="s", namespace=name, namespace_low=low, namespace_high=high)
    return {"in": result["reason"][0] != "not_in_namespace"}


def _assign(stats, given, out):
    traffic = {"seed": given["seed"]}
    if "coverage" in given:
        traffic["coverage"] = given["coverage"]
    if "namespace" in given:
        traffic |= dict(
            zip(
                ("namespace", "namespace_low", "namespace_high"),
                given["namespace"],
                strict=True,
            )
        )
    filters = [
        {
            "seed": f["seed"],
            "low": low,
            "high": high,
            "hash": _VERSIONS[f.get("hash_version", 2)],
            "filter": number,
        }
        for number, f in enumerate(given.get("filters", ()))
        for low, high in f["ranges"]
    ]
    result = stats.assign(
        [given["id"]],
        **traffic,
        variations=_variations(given, given["n_variations"]),
        filters=filters or None,
        hash=_VERSIONS[given["hash_version"]],
        growthbook_compat=True,
    )
    return {"variation": result["variation"][0]}


def _assign_counts(stats, given, out):
    result = stats.assign(
        _USERS,
        seed=given["seed"],
        hash=_VERSIONS[given["version"]],
        variations={
            "variant": [str(i) for i in range(len(given["weights"]))],
            "weight": given["weights"],
        },
    )
    counts = result.tables["variations"]["units"].to_list()
    return {"counts": counts, "unassigned": len(_USERS) - sum(counts)}


def _crosstab(stats, given, out):
    first, second = (
        stats.assign(_USERS, seed=seed, hash=_VERSIONS[given["version"]])["variation"].to_list()
        for seed in given["seeds"]
    )
    table = [0] * 4
    for a, b in zip(first, second, strict=True):
        table[2 * a + b] += 1
    return {"table": table}


_FUNCTIONS = {
    "norm": _distribution("normal", "x"),
    "norm_isf": _quantile("normal", "isf", "x"),
    "norm_ppf": _quantile("normal", "quantile", "x"),
    "t": _distribution("t", "t", "df"),
    "t_isf": _quantile("t", "isf", "t", "df"),
    "chi2": _distribution("chi2", "x", "df"),
    "chi2_isf": _quantile("chi2", "isf", "x", "df"),
    "f": _distribution("f", "x", "d1", "d2"),
    "ibeta": _distribution("beta", "x", "a", "b"),
    "beta_ppf": _quantile("beta", "quantile", "x", "a", "b"),
    "clopper_pearson": _clopper_pearson,
    "nct": _distribution("noncentral_t", "t", "df", "nc"),
    "binom_sf_ge": _binomial_tail,
    "srm_chi2": _srm("chi2"),
    "srm_binom": _srm("exact"),
    "srm_z": _srm("z_cc"),
    "srm_sequential_dirichlet": _srm("sequential"),
    "prop2_z_pooled": _z_pooled,
    "prop2_z_unpooled": _z_unpooled,
    "prop2_chi2_yates": _chi2("chi2_yates", "chi2"),
    "prop2_g": _chi2("g", "g"),
    "prop2_fisher": _fisher,
    "prop2_diff_ci": _difference,
    "prop2_ratio_ci": _ratio,
    "prop2_lift_fieller": _lift_of_rates("fieller"),
    "prop2_lift_delta": _lift_of_rates("delta"),
    "spotify_chi2": _spotify,
    "prop_ci": _rate,
    "prop_ni_tost": _margins,
    "effect_ttest": _effect,
    "tea_mean": _tea,
    "lift_ci": _lift_limits,
    "welch": _samples(False),
    "pooled_t": _samples(True),
    "welch_moments": _welch_moments,
    "mean_tost_welch": _tost,
    "cmh": _cmh,
    "heterogeneity": _heterogeneity,
    "segment_interaction": _interaction,
    "p_adjust": _adjust,
    "bh_corrected_alpha": _bh_alpha,
    "preferential_bonferroni": _weighted,
    "dunnett_critical": _dunnett,
    "dunnett_p": _dunnett,
    "asymp_cs": _asymptotic,
    "eppo_sequential_multiplier": _multiplier,
    "normal_mixture_rho": _mixture(False),
    "normal_mixture_rho_exact": _mixture(True),
    "normal_mixture_bound": _mixture(False),
    "msprt": _msprt,
    "msprt_tau2": _tau2,
    "group_sequential_classic": _classic,
    "group_sequential_inflation": _inflation,
    "group_sequential_spending": _spending,
    "expan_obf_spending": _total_spending,
    "quantile": _quantile_of_values,
    "winsor_upper": _winsor,
    "moments_stability": _stability,
    "normal_posterior": _normal_posterior,
    "normal_risk": _normal_risk,
    "beta_binomial": _beta,
    "beta_binomial_diff_ci": _beta,
    "beta_binomial_multi": _beta_best,
    "gamma_poisson": _gamma,
    "n_proportions": _n_proportions,
    "power_proportions": _power_proportions,
    "mde_proportions": _mde_proportions,
    "n_means_z": _n_means,
    "power_t_two_sample": _power_t,
    "n_t_two_sample": _n_t,
    "gpower_total_n": _gpower,
    "gb_power": _relative,
    "gb_mde": _relative,
    "gb_power_week": _relative,
    "gb_midexperiment_scaling": _more_traffic,
    "gb_frequentist_variance": _variance,
    "n_noninferiority_prop": _n_noninferiority,
    "power_tost_prop": _power_tost,
    "n_tost_prop": _n_tost,
    "n_ratio_metric": _n_ratio,
    "cluster_design_effect": _clusters,
    "gb_hash": _hash,
    "gb_hash_encodings": _hash_encodings,
    "gb_bucket_ranges": _ranges,
    "gb_equal_weights": _equal_weights,
    "gb_in_namespace": _in_namespace,
    "gb_assign": _assign,
    "gb_assign_counts": _assign_counts,
    "gb_layer_crosstab": _crosstab,
}
