"""GMV targets against naive references in exact rational arithmetic, on random inputs; and the laws they keep."""

import itertools
import math
import os
import random
from fractions import Fraction

import plan_reference as reference
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("PDM_EXAMPLES") or 100)
METHODS = ("largest_remainder", "webster", "dhondt", "adams", "huntington")
check = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

INT64 = st.integers(-(2**63), 2**63 - 1)
tenths = st.integers(0, 60).map(lambda n: n / 10)
weights = st.one_of(
    st.lists(st.integers(0, 6), min_size=1, max_size=8),
    st.lists(tenths, min_size=1, max_size=8),
    st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=8),
    st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.6, 1e-300, 5e300, 1e22, 5e-324, 3e-7]), min_size=1, max_size=6),
    st.lists(st.integers(0, 2**62), min_size=1, max_size=6),
).filter(any)


@pytest.fixture(scope="module")
def plan():
    return pytest.importorskip("pdmetrics.plan")


def close(actual, expected, scale=None, tolerance=1e-12):
    """Within a share of the larger of both, or of ``scale`` where terms cancel."""
    expected = float(expected)
    size = max(abs(actual), abs(expected)) if scale is None else float(scale)
    return abs(actual - expected) <= tolerance * size


# ---- apportionment ----


@pytest.mark.parametrize("method", METHODS)
@check
@given(weights=weights, total=st.integers(-60, 60))
def test_apportionment(plan, method, weights, total):
    result = plan.apportion(parts=weights, total=total, method=method)
    amounts, tied = reference.apportion(total, weights, method)
    assert result["amount"] == amounts
    assert result.summary["tie_at_cut"].value == tied
    share = [total * reference.exact(weight) / sum(map(reference.exact, weights)) for weight in weights]
    least = 2.0**-1022  # below it doubles lose digits
    assert all(close(q, s, max(abs(s), least)) for q, s in zip(result["quota"], share, strict=True))


@pytest.mark.parametrize("method", METHODS)
@check
@given(weights=weights, total=INT64)
def test_parts_add_up(plan, method, weights, total):
    result = plan.apportion(parts=weights, total=total, method=method)
    assert sum(result["amount"]) == total and result.summary["closure"].value == 0
    assert all(amount == 0 for amount, weight in zip(result["amount"], weights, strict=True) if weight == 0)
    assert all(amount * total >= 0 for amount in result["amount"])
    if method == "largest_remainder":
        assert result["amount"] == reference.apportion(total, weights, method)[0]


@check
@given(weights=weights, total=INT64)
def test_nobody_is_a_unit_off_his_quota(plan, weights, total):
    amounts = plan.apportion(parts=weights, total=total)["amount"]
    whole = sum(map(reference.exact, weights))
    assert all(
        abs(amount - total * reference.exact(weight) / whole) < 1
        for amount, weight in zip(amounts, weights, strict=True)
    )


@check
@given(weights=weights, total=st.integers(0, 2**62), more=st.integers(1, 1000))
def test_webster_takes_nothing_back(plan, weights, total, more):
    before, after = (plan.apportion(parts=weights, total=t, method="webster")["amount"] for t in (total, total + more))
    assert all(a <= b for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("method", METHODS)
@check
@given(data=st.data(), weights=weights, total=INT64)
def test_permuted_parts(plan, method, data, weights, total):
    """Equal weights take turns, so their amounts are compared as a set."""
    order = data.draw(st.permutations(range(len(weights))))
    straight = plan.apportion(parts=weights, total=total, method=method)
    mixed = plan.apportion(parts=[weights[i] for i in order], total=total, method=method)
    amounts = [0] * len(weights)
    for place, i in enumerate(order):
        amounts[i] = mixed["amount"][place]
    if straight.summary["tie_at_cut"].value:
        assert all(abs(a - b) <= 1 for a, b in zip(straight["amount"], amounts, strict=True))
    else:
        assert straight["amount"] == amounts


# ---- caps and floors ----


@st.composite
def bounded_parts(draw):
    count = draw(st.integers(1, 6))
    low = draw(st.lists(st.one_of(st.none(), st.integers(0, 20)), min_size=count, max_size=count))
    room = draw(st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=count, max_size=count))
    high = [None if more is None else (floor or 0) + more for floor, more in zip(low, room, strict=True)]
    slope = draw(st.lists(st.one_of(st.just(0), st.integers(1, 9), tenths), min_size=count, max_size=count))
    base = draw(st.lists(st.integers(-200, 600).map(lambda n: n / 10), min_size=count, max_size=count))
    return {"base": base, "slope": slope, "low": low, "high": high}


@pytest.mark.parametrize("method", ["proportional", "quadratic"])
@check
@given(parts=bounded_parts(), total=st.integers(0, 150))
def test_bounded_splits(plan, method, parts, total):
    quadratic = method == "quadratic"
    lines = [
        (
            reference.exact(base) if quadratic else Fraction(0),
            reference.exact(slope),
            None if low is None and quadratic else Fraction(low or 0),
            None if high is None else Fraction(high),
        )
        for base, slope, low, high in zip(*parts.values(), strict=True)
    ]
    exact = reference.bounded(Fraction(total), lines, forward=not quadratic)
    given_parts = {"low": parts["low"], "high": parts["high"]}
    given_parts |= {"base": parts["base"], "flex": parts["slope"]} if quadratic else {"weight": parts["slope"]}
    result = plan.allocate(parts=given_parts, total=total, method=method)
    if exact is None:
        assert result.summary["status"].value == "infeasible" and result.summary["shortfall"].value > 0
        assert set(result["amount"]) == {None}
        return
    assert result.summary["status"].value == "ok"
    assert all(close(x, y, scale=total + 100) for x, y in zip(result["amount"], exact, strict=True))
    whole = plan.allocate(parts=given_parts, total=total, method=method, exact_int=True)
    assert whole["amount_int"] == reference.whole(exact, total, parts["high"])
    rounded = plan.allocate(parts=given_parts, total=total, method=method, round_minor=True)
    assert sum(rounded["amount_int"]) == total


# ---- levels, two-way tables ----


@pytest.mark.parametrize("method", METHODS)
@check
@given(
    total=st.integers(0, 400),
    tops=st.lists(tenths, min_size=1, max_size=4).filter(any),
    below=st.lists(st.lists(tenths, min_size=3, max_size=3).filter(any), min_size=4, max_size=4),
    last=st.lists(st.integers(0, 9), min_size=1, max_size=3).filter(any),
)
def test_levels(plan, method, total, tops, below, last):
    """A common level, one with shares of its own under every parent, and a common one again."""
    shares = [("region", None, f"r{i}", w) for i, w in enumerate(tops)]
    shares += [("shop", f"r{i}", f"s{j}", w) for i in range(len(tops)) for j, w in enumerate(below[i])]
    shares += [("week", None, f"w{k}", w) for k, w in enumerate(last)]
    result = plan.nested(levels=["region", "shop", "week"], shares=shares, total=total, method=method)
    levels = [lambda path: tops, lambda path: below[path[0]], lambda path: last]
    cells, nodes = reference.nested(total, levels, method)
    assert result["amount"] == [amount for _, amount in cells]
    assert sum(result["amount"]) == total
    rows = result.nodes.to_rows()
    assert sorted(row["amount"] for row in rows) == sorted(amount for _, amount in nodes)
    children = {}
    for row in rows:
        children.setdefault(row["parent"], []).append(row["amount"])
    by_node = {row["node"]: row["amount"] for row in rows}
    for parent, amounts in children.items():
        assert sum(amounts) == by_node.get(parent, total)


def two_way(plan, seed, rows, columns, **options):
    names = [f"r{i}" for i in range(len(rows))], [f"c{j}" for j in range(len(columns))]
    cells = [(r, c, seed[i * len(columns) + j]) for i, r in enumerate(names[0]) for j, c in enumerate(names[1])]
    row_totals, column_totals = (list(zip(n, t, strict=True)) for n, t in zip(names, (rows, columns), strict=True))
    return plan.two_way(cells, row_totals=row_totals, column_totals=column_totals, **options)


@check
@given(data=st.data(), height=st.integers(1, 3), width=st.integers(1, 3), units=st.integers(0, 8))
def test_biproportional(plan, data, height, width, units):
    size = height * width
    seed = data.draw(st.lists(st.sampled_from([0, 1, 1, 2, 3, 5, 17, 40]), min_size=size, max_size=size))
    spots = data.draw(st.lists(st.integers(0, size - 1), min_size=units, max_size=units))
    rows = [sum(spot // width == i for spot in spots) for i in range(height)]
    columns = [sum(spot % width == j for spot in spots) for j in range(width)]
    result = two_way(plan, seed, rows, columns, method="biproportional")
    best = reference.biproportional(seed, rows, columns)
    if best is None:
        assert result.summary["status"].value == "infeasible"
    else:
        assert result["amount"] == best and result.summary["closure"].value == 0


@check
@given(data=st.data(), height=st.integers(1, 5), width=st.integers(1, 5))
def test_ipf(plan, data, height, width):
    size = height * width
    seed = data.draw(st.lists(st.integers(1, 100), min_size=size, max_size=size))
    target = data.draw(st.lists(st.integers(1, 100), min_size=size, max_size=size))
    rows = [sum(target[i * width : (i + 1) * width]) for i in range(height)]
    columns = [sum(target[j::width]) for j in range(width)]
    result = two_way(plan, seed, rows, columns)
    assert result.summary["status"].value == "ok"
    x = result["value"].to_list()
    for i in range(height):
        assert close(sum(x[i * width : (i + 1) * width]), rows[i], sum(rows), 1e-11)
    for j in range(width):
        assert close(sum(x[j::width]), columns[j], sum(rows), 1e-11)
    for i, j in itertools.product(range(height - 1), range(width - 1)):
        a, b, c, d = (i * width + j, (i + 1) * width + j + 1, i * width + j + 1, (i + 1) * width + j)
        assert close(x[a] * x[b] / (x[c] * x[d]), Fraction(seed[a] * seed[b], seed[c] * seed[d]), None, 1e-9)


# ---- history, seasons ----


@check
@given(data=st.data(), periods=st.integers(1, 6), units=st.integers(1, 4))
def test_shares(plan, data, periods, units):
    rows = data.draw(st.lists(st.lists(tenths, min_size=units, max_size=units), min_size=periods, max_size=periods))
    assume(any(any(row) for row in rows))
    table = [(p, u, value) for p, row in enumerate(rows) for u, value in enumerate(row)]
    exact = [[reference.exact(value) for value in row] for row in rows]
    used = [row for row in exact if sum(row) > 0]
    sums = [sum(column) for column in zip(*exact, strict=True)]
    means = [sum(row[u] / sum(row) for row in used) / len(used) for u in range(units)]
    for method, expected in (("gross_sohl_f", [s / sum(sums) for s in sums]), ("gross_sohl_a", means)):
        result = plan.shares(table, method=method)
        assert all(close(x, y) for x, y in zip(result["share"], expected, strict=True))
        assert result.summary["periods_skipped"].value == periods - len(used)


@pytest.mark.parametrize("method", ["proportional", "additive"])
@check
@given(
    years=st.lists(st.integers(1, 10_000), min_size=1, max_size=3),
    season=st.integers(2, 4),
    seed=st.integers(0, 10**6),
    more=st.integers(0, 3),
)
def test_denton(plan, method, years, season, seed, more):
    chance = random.Random(seed)
    indicator = [chance.randrange(1, 500) for _ in range(len(years) * season + more)]
    result = plan.denton(indicator, annual=years, season_length=season, method=method)
    exact = reference.denton(indicator, years, season, method == "additive")
    scale = max(map(abs, exact))
    assert all(close(x, y, scale, 1e-10) for x, y in zip(result["value"], exact, strict=True))
    for year, total in enumerate(years):
        assert close(math.fsum(result["value"][year * season : (year + 1) * season]), total, scale * season)
    assert all(abs(closure) <= 1e-12 * float(scale) * season for closure in result.years["closure"])


@check
@given(index=st.lists(tenths, min_size=1, max_size=12).filter(any), total=st.integers(0, 10**9), growth=tenths)
def test_seasonal_split(plan, index, total, growth):
    result = plan.seasonal_split(total=total, growth=growth, index=index)
    w = [reference.exact(value) * (1 + reference.exact(growth)) ** t for t, value in enumerate(index)]
    assert all(close(x, total * value / sum(w)) for x, value in zip(result["amount"], w, strict=True))
    assert sum(plan.seasonal_split(total=total, growth=growth, index=index, exact_int=True)["amount_int"]) == total


# ---- roll-forward ----

percent = st.integers(0, 100).map(lambda n: n / 100)


@st.composite
def rolls(draw):
    count, sources = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    month = st.tuples(percent, percent, st.integers(0, 5000), tenths, percent, st.integers(0, 5000))
    source = st.tuples(st.integers(0, 5000), tenths, percent)
    months = draw(st.lists(month, min_size=count, max_size=count))
    channel = st.lists(source, min_size=sources, max_size=sources)
    channels = draw(st.lists(channel, min_size=count, max_size=count))
    return draw(st.integers(0, 10**6)), months, channels


def rolled(plan, roll, **options):
    users, months, channels = roll
    names = ("churn", "conversion_rate", "order_value", "frequency", "first_conversion_rate", "first_order_value")
    rows = [{"month": t, **dict(zip(names, month, strict=True))} for t, month in enumerate(months)]
    sources = [
        {"month": t, "channel": f"c{k}", "traffic": traffic, "touch": touch, "add": add}
        for t, month in enumerate(channels)
        for k, (traffic, touch, add) in enumerate(month)
    ]
    return plan.roll_forward(users=users, months=rows, channels=sources or None, **options)


@pytest.mark.parametrize("new_churn", ["none", "half"])
@check
@given(roll=rolls())
def test_roll_forward(plan, new_churn, roll):
    result = rolled(plan, roll, new_churn=new_churn)
    exact = reference.roll_forward(*roll, new_churn)
    for row, expected in zip(result.months.to_rows(), exact, strict=True):
        scale = expected["start"] + expected["new"]
        for name in ("start", "lost", "old", "new", "end"):
            assert close(row[name], expected[name], scale), name
        for name in ("gmv_old", "gmv_new"):
            assert close(row[name], expected[name], max(expected[name], 1)), name
        assert close(row["end"] - row["start"], row["new"] - row["lost"], scale)
    adds = [value for row in exact for value in row["adds"]]
    assert all(close(x, y) for x, y in zip(result.adds["adds"], adds, strict=True))


@pytest.mark.parametrize("new_churn", ["none", "half"])
@pytest.mark.parametrize("rounding", ["half_even", "carry"])
@check
@given(roll=rolls())
def test_roll_forward_in_integers(plan, rounding, new_churn, roll):
    result = rolled(plan, roll, new_churn=new_churn, exact_int=True, rounding=rounding)
    make = reference.roll_forward_carry if rounding == "carry" else reference.roll_forward_half_even
    exact = make(*roll, new_churn)
    for row, expected in zip(result.months_int.to_rows(), exact, strict=True):
        assert {name: row[name] for name in expected if name != "adds"} == {
            name: value for name, value in expected.items() if name != "adds"
        }
        assert row["end"] - row["start"] == row["new"] - row["lost"] == row["net"]
        assert row["gmv"] == row["gmv_old"] + row["gmv_new"]
    assert result.adds_int["adds"] == [value for row in exact for value in row["adds"]]


@check
@given(roll=rolls())
def test_carry_stays_by_the_real_run(plan, roll):
    """No cumulative flow is ever more than half a unit from the real one."""
    result = rolled(plan, roll, exact_int=True, rounding="carry")
    exact = reference.roll_forward(*roll)
    for name in ("lost", "gmv_old", "gmv_new"):
        whole = itertools.accumulate(result.months_int[name])
        real = itertools.accumulate(row[name] for row in exact)
        assert all(abs(a - b) <= Fraction(1, 2) for a, b in zip(whole, real, strict=True))


# ---- reconciliation ----


@check
@given(data=st.data(), count=st.integers(2, 7))
def test_reconciliation(plan, data, count):
    parents = [None] + [data.draw(st.integers(0, i - 1)) for i in range(1, count)]
    values = data.draw(st.lists(st.integers(-30, 100), min_size=count, max_size=count))
    spread = data.draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    nodes = {"node": list(range(count)), "parent": parents, "value": values, "weight": spread}
    for option, w in (("ols", [1] * count), ("var", spread)):
        result = plan.reconcile(nodes, weights=option)
        exact = reference.reconcile(parents, values, w)
        assert all(close(x, y, 200, 1e-11) for x, y in zip(result["reconciled"], exact, strict=True))
        for node in set(parents) - {None}:
            below = [x for x, parent in zip(result["reconciled"], parents, strict=True) if parent == node]
            assert close(sum(below), result["reconciled"][node], 200)
    if min(plan.reconcile(nodes)["reconciled"]) < -1e-9:  # not a rounding of 0
        with pytest.raises(ValueError, match="bounded"):
            plan.reconcile(nodes, exact_int=True)
    whole = plan.reconcile(nodes, bounded=True, exact_int=True)
    assume(whole.summary["status"].value == "ok")
    whole = whole["reconciled_int"]
    assert min(whole) >= 0
    for node in set(parents) - {None}:
        assert sum(x for x, parent in zip(whole, parents, strict=True) if parent == node) == whole[node]


@check
@given(plans=st.lists(st.integers(1, 100), min_size=1, max_size=6), data=st.data(), gap=st.integers(1, 200))
def test_gap_split(plan, plans, data, gap):
    rooms = data.draw(st.lists(st.integers(0, 60), min_size=len(plans), max_size=len(plans)))
    units = {"plan": plans, "capacity": [p + room for p, room in zip(plans, rooms, strict=True)]}
    share = plan.gap_split(target=sum(plans) + gap, units=units)
    assert all(close(x, Fraction(gap * p, sum(plans))) for x, p in zip(share["add"], plans, strict=True))
    breaks = [Fraction(gap * p, sum(plans)) > room for p, room in zip(plans, rooms, strict=True)]
    assert share["breaks_capacity"] == breaks
    room = plan.gap_split(target=sum(plans) + gap, units=units, method="by_headroom")
    if gap > sum(rooms):
        assert room.summary["status"].value == "infeasible" and room.summary["shortfall"].value == gap - sum(rooms)
    else:
        assert all(close(x, Fraction(gap * r, sum(rooms))) for x, r in zip(room["add"], rooms, strict=True))


# ---- formulas ----

NAMES = "abcdef"
leaf = st.sampled_from(NAMES).map(lambda name: ("leaf", name))
number = st.integers(1, 9).map(lambda n: ("number", n))


def _grow(parts):
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "*", "min", "max"]), parts, parts),
        st.tuples(st.just("/"), parts, st.one_of(leaf, number)),  # divisors that do not cancel to nothing
        st.tuples(st.just("^"), parts, st.integers(2, 3)),
    )


formulas = st.recursive(st.one_of(leaf, number), _grow, max_leaves=8)
quarters = st.integers(1, 60).map(lambda n: n / 4)
points = st.fixed_dictionaries({name: quarters for name in NAMES})


@check
@given(formula=formulas, point=points)
def test_formulas(plan, formula, point):
    assume(reference.leaves_of(formula))
    values = {name: reference.exact(value) for name, value in point.items()}
    tree = plan.Tree(reference.text_of(formula))
    assert set(tree.leaves) == set(reference.leaves_of(formula))
    scale = reference.value_of(formula, values, unsigned=True)
    assert close(tree.value({name: point[name] for name in tree.leaves}), reference.value_of(formula, values), scale)


@check
@given(formula=formulas, point=points)
def test_slopes(plan, formula, point):
    """Reverse mode against forward mode."""
    assume(reference.leaves_of(formula))
    values = {name: reference.exact(value) for name, value in point.items()}
    tree = plan.Tree(reference.text_of(formula))
    rows = tree.gradient({name: point[name] for name in tree.leaves}).to_rows()
    size = reference.value_of(formula, values, unsigned=True)
    root = reference.value_of(formula, values)
    for row in rows:
        x = values[row["leaf"]]
        expected = reference.slope_of(formula, values, row["leaf"])
        if not row["kink"]:
            assert close(row["grad"], expected, 100 * size / x + 1)
            if root != 0 and abs(root) > size / 1000:
                assert close(row["elasticity"], expected * x / root, 10**6)


# ---- change ----


def worth_of(formula, before, after):
    return lambda chosen: reference.value_of(formula, {n: (after if n in chosen else before)[n] for n in before})


@check
@given(formula=formulas, before=points, after=points)
def test_shapley(plan, formula, before, after):
    names = reference.leaves_of(formula)
    assume(names)
    ends = [{name: reference.exact(point[name]) for name in names} for point in (before, after)]
    tree = plan.Tree(reference.text_of(formula))
    floats = [{name: point[name] for name in tree.leaves} for point in (before, after)]
    result = tree.decompose(*floats)
    worth = worth_of(formula, *ends)
    effects, ranges = reference.shapley(worth, names)
    scale = max(reference.value_of(formula, {n: max(e[n] for e in ends) for n in names}, unsigned=True), 1)
    scale *= max(float(max(e.values())) / float(min(e.values())) for e in ends) ** 2
    found = dict(zip(result["factor"], result["effect"], strict=True))
    assert all(close(found[name], effects[name], scale) for name in names)
    assert close(sum(found.values()), worth(frozenset(names)) - worth(frozenset()), scale)
    assert result.summary["status"].value in ("ok", "closure")
    back = tree.decompose(*floats[::-1])
    assert all(close(a, -b, scale) for a, b in zip(back["effect"], result["effect"], strict=True))
    chained = tree.decompose(*floats, method="chain", order=names)
    steps = reference.chain(worth, names)
    assert all(close(row["effect"], steps[row["factor"]], scale) for row in chained.to_rows())
    for row in tree.decompose(*floats, method="order_range").to_rows():
        low, high = ranges[row["factor"]]
        assert close(row["low"], low, scale) and close(row["high"], high, scale)


@check
@given(data=st.data(), count=st.integers(1, 8))
def test_shapley_of_products(plan, data, count):
    """What the quadrature is exact for, with zeros and signs: eight factors, and players that move together."""
    names = [f"x{i}" for i in range(count)]
    value = st.integers(-20, 40).map(lambda n: n / 4)
    before, after = ({name: data.draw(value) for name in names} for _ in range(2))
    players = {name: data.draw(st.sampled_from([name, name, "group"])) for name in names}
    tree = plan.Tree("*".join(names) + " + 2*x0")
    result = tree.decompose(before, after, players=players)
    ends = [{name: reference.exact(x) for name, x in end.items()} for end in (before, after)]

    def worth(chosen):
        x = [ends[players[name] in chosen][name] for name in names]
        return math.prod(x) + 2 * x[0]

    effects, _ = reference.shapley(worth, list(dict.fromkeys(players.values())))
    scale = math.prod(max(abs(end[name]) for end in ends) for name in names) + 100
    assert all(close(row["effect"], effects[row["factor"]], scale) for row in result.to_rows())
    total = worth(set(players.values())) - worth(set())
    assert close(sum(result["effect"]), total, scale)
    assert abs(result.summary["closure"].value) <= 1e-12 * float(scale)


@pytest.mark.parametrize("method", ["lmdi1", "lmdi2"])
@check
@given(data=st.data(), segments=st.integers(1, 4), factors=st.integers(1, 4))
def test_lmdi(plan, method, data, segments, factors):
    """Effects add up, multipliers multiply up, and time runs both ways."""
    size = segments * factors
    x0, x1 = (data.draw(st.lists(quarters, min_size=size, max_size=size)) for _ in range(2))
    names = [(f"f{i % factors}", f"s{i // factors}") for i in range(size)]
    forth = plan.lmdi([(f, a, b, s) for (f, s), a, b in zip(names, x0, x1, strict=True)], method=method)
    back = plan.lmdi([(f, b, a, s) for (f, s), a, b in zip(names, x0, x1, strict=True)], method=method)
    v0, v1 = (
        sum(math.prod(reference.exact(x) for x in xs[i : i + factors]) for i in range(0, size, factors))
        for xs in (x0, x1)
    )
    summary = forth.summary.to_rows()[0]
    assert close(summary["v0"], v0) and close(summary["v1"], v1) and close(summary["total"], v1 - v0, v0 + v1)
    assert close(sum(forth["effect"]), v1 - v0, v0 + v1)
    assert close(math.prod(forth["multiplier"]), v1 / v0, None, 1e-11)
    for a, b in zip(forth.to_rows(), back.to_rows(), strict=True):
        assert close(a["effect"], -b["effect"], v0 + v1) and close(a["multiplier"] * b["multiplier"], 1)


@check
@given(data=st.data(), count=st.integers(1, 5))
def test_price_volume_mix(plan, data, count):
    quantity = st.lists(st.integers(0, 50), min_size=count, max_size=count).filter(any)
    price = st.lists(st.integers(1, 500).map(lambda n: n / 10), min_size=count, max_size=count)
    p0, p1, q0, q1 = data.draw(price), data.draw(price), data.draw(quantity), data.draw(quantity)
    old, new = (sum(reference.exact(p) * q for p, q in zip(*pair, strict=True)) for pair in ((p0, q0), (p1, q1)))
    products = {"price0": p0, "quantity0": q0, "price1": p1, "quantity1": q1}
    for method in ("closing", "old_qty", "midpoint"):
        result = plan.pvm(products, method=method)
        parts = [
            sum(row[name] or 0 for name in ("price", "volume", "mix", "cross", "new", "lost"))
            for row in result.products.to_rows()
        ]
        assert close(sum(parts), new - old, new + old)
        for part, a, b, c, d in zip(parts, p0, q0, p1, q1, strict=True):
            assert close(part, reference.exact(c) * d - reference.exact(a) * b, new + old)
        assert result.summary["status"].value in ("ok", "zero_change")


@pytest.mark.parametrize("by", ["old_mean", "new_mean", "none", "symmetric"])
@check
@given(data=st.data(), count=st.integers(1, 5))
def test_rate_and_mix(plan, by, data, count):
    parts = st.lists(st.integers(0, 50), min_size=count, max_size=count)
    n0, n1 = data.draw(parts), data.draw(parts)
    d0, d1 = data.draw(parts.filter(any)), data.draw(parts.filter(any))
    n0, n1 = ([n if d else 0 for n, d in zip(*pair, strict=True)] for pair in ((n0, d0), (n1, d1)))
    groups = {"numerator0": n0, "denominator0": d0, "numerator1": n1, "denominator1": d1}
    result = plan.rate_mix(groups, reference=by)
    change = Fraction(sum(n1), sum(d1)) - Fraction(sum(n0), sum(d0))
    effects = [row[name] or 0 for row in result.groups.to_rows() for name in ("inner", "mix", "new", "lost")]
    assert close(sum(effects), change, 100) and close(result.summary["total"].value, change, 100)


# ---- re-plan, cost, staff ----


@st.composite
def plans(draw):
    count = draw(st.integers(1, 5))
    cap = st.one_of(st.none(), st.integers(0, 400))
    row = st.tuples(st.integers(0, 9), st.integers(0, 300), cap)
    rows = draw(st.lists(row, min_size=count, max_size=count).filter(lambda rows: any(w for w, _, _ in rows)))
    return draw(st.integers(0, 1500)), draw(st.lists(st.integers(0, 300), max_size=4)), rows


@pytest.mark.parametrize("method", ["keep_total", "keep_remaining", "next", "spread"])
@check
@given(case=plans(), spread=st.integers(1, 4))
def test_replan(plan, method, case, spread):
    annual, actuals, rows = case
    remaining = {
        name: list(values)
        for name, values in zip(("weight", "old_target", "high"), zip(*rows, strict=True), strict=True)
    }
    given_ = {"plan": annual, "actuals": actuals or None, "remaining": remaining, "method": method, "spread": spread}
    result, whole = plan.replan(**given_), plan.replan(**given_, exact_int=True)
    exact = reference.replan(annual, actuals, rows, method, spread)
    left = annual - sum(actuals)
    assert result.summary["remaining"].value == left
    if exact is None:
        assert result.summary["status"].value == whole.summary["status"].value == "infeasible"
        assert result.summary["shortfall"].value > 0 and set(result["new_target"]) == {None}
        return
    assert all(close(x, y, abs(annual) + 300 * len(rows)) for x, y in zip(result["new_target"], exact, strict=True))
    assert all(
        close(change, new - old, abs(annual) + 300)
        for change, new, (_, old, _) in zip(result["change"], result["new_target"], rows, strict=True)
    )
    if method == "keep_remaining":
        assert whole["new_target_int"] == exact
        return
    if left <= 0:
        assert result.summary["status"].value == "met"
        return
    assert sum(whole["new_target_int"]) == left
    assert all(abs(x - y) <= 1 for x, y in zip(whole["new_target_int"], exact, strict=True))
    if method == "keep_total" and all(cap is None for _, _, cap in rows):
        weights = [weight for weight, _, _ in rows]
        assert whole["new_target_int"] == reference.apportion(left, weights, "largest_remainder")[0]
    elif method == "keep_total":
        assert whole["new_target_int"] == reference.whole(exact, left, [cap for _, _, cap in rows])


@check
@given(cost=st.integers(0, 10**12), salvage=st.integers(0, 10**6), months=st.integers(1, 60))
def test_amortise(plan, cost, salvage, months):
    assume(salvage <= cost)
    amounts = plan.amortise([{"cost": cost, "salvage": salvage, "months": months}])["amount"]
    assert amounts == reference.apportion(cost - salvage, [1] * months, "largest_remainder")[0]
    assert sum(amounts) == cost - salvage and amounts.to_list() == sorted(amounts, reverse=True)


@st.composite
def scales(draw):
    starts = sorted(draw(st.sets(st.integers(1, 10**6), max_size=4)))
    rate = st.integers(0, 400).map(lambda n: n / 1000)
    return [(start, draw(rate)) for start in [0, *starts]]


@pytest.mark.parametrize("method", ["progressive", "retroactive"])
@check
@given(
    amount=st.integers(0, 2 * 10**6),
    tiers=scales(),
    multiplier=st.sampled_from([1.0, 1.25, 0.5, 0.333]),
    cap=st.sampled_from([None, 10_000, 33_333.3]),
)
def test_commission(plan, method, amount, tiers, multiplier, cap):
    options = {"method": method, "multiplier": multiplier, "cap": cap or 0.0}
    row, whole = (
        plan.commission([amount], tiers=tiers, exact_int=exact, **options).payouts.to_rows()[0]
        for exact in (False, True)
    )
    pay, uncapped, band = reference.commission(amount, tiers, method, multiplier, cap)
    assert close(row["payout"], pay) and close(row["uncapped"], uncapped)
    assert row["capped"] == (pay < uncapped)
    assert row["rate"] == tiers[band][1]
    assert whole["payout_int"] == round(pay)


@st.composite
def sales(draw):
    part = st.tuples(st.sampled_from(["agent", "clerk", "live"]), st.sampled_from(["p", "q", "r", "s"]))
    return draw(st.lists(st.tuples(st.integers(0, 1000), st.sets(part, max_size=5)), min_size=1, max_size=6))


@pytest.mark.parametrize("policy", ["dedup", "full", "split"])
@check
@given(orders=sales(), agent=tenths, clerk=st.integers(0, 3), live=tenths)
def test_credit(pdm, policy, orders, agent, clerk, live):
    """A row metric, whose split is that of apportionment."""
    roles = {"agent": agent, "clerk": clerk, "live": live}
    assume(any(roles.values()))
    rows = {"order_id": [], "amount": [], "staff_id": [], "role": []}
    for i, (amount, parts) in enumerate(orders):
        for role, staff in parts or [("agent", None)]:
            for name, value in zip(rows, (i, amount, staff, role), strict=True):
                rows[name].append(value)
    result = pdm.credit(rows, policy=policy, roles=roles)
    credited = reference.credit(orders, policy, roles)
    assert dict(zip(result["staff_id"], result["credited"], strict=True)) == credited
    totals = result.totals.to_rows()[0]
    assert totals["company_total"] == sum(amount for amount, _ in orders)
    assert totals["credited_total"] == sum(credited.values())
    if policy == "split":
        assert totals["credited_total"] + totals["uncredited"] == totals["company_total"]


@check
@given(data=st.data(), count=st.integers(1, 6))
def test_rank(plan, data, count):
    values = data.draw(st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=count, max_size=count))
    volumes = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    shown = [v for v, n in zip(values, volumes, strict=True) if v is not None and n >= 2]
    for ties in ("min", "dense", "ordinal"):
        result = plan.rank({"value": values, "volume": volumes}, ties=ties, min_volume=2)
        expected = []
        for i, (v, n) in enumerate(zip(values, volumes, strict=True)):
            if v is None or n < 2:
                expected.append(None)
                continue
            larger = [x for x in shown if x > v]
            before = [x for x, m in zip(values[:i], volumes[:i], strict=True) if x == v and m >= 2]
            places = {"min": len(larger), "dense": len(set(larger)), "ordinal": len(larger) + len(before)}
            expected.append(1 + places[ties])
        assert result["rank"] == expected


# ---- tracking ----


@check
@given(actual=st.integers(-1000, 1000), target=st.integers(-1000, 1000), previous=st.integers(-1000, 1000))
def test_attainment(plan, actual, target, previous):
    row = plan.track([{"actual": actual, "target": target, "previous": previous}]).rows.to_rows()[0]
    assert row["gap"] == actual - target and row["met"] == (actual >= target)
    if target == 0:
        assert row["attainment"] is None and row["status"] == "zero_target"
    else:
        assert close(row["attainment"], 1 + Fraction(actual - target, abs(target)), 1 + abs(actual - target))
    if target > 0:
        assert close(row["attainment"], Fraction(actual, target), 1 + abs(actual - target))
    if previous == 0:
        assert row["mom"] is None
    else:
        assert close(row["mom"], Fraction(actual - previous, abs(previous)))
        assert close(row["mom_index"], Fraction(actual, previous))
    down = plan.track([{"actual": actual, "target": target, "direction": "lower"}]).rows.to_rows()[0]
    assert down["met"] == (actual <= target)
    if target != 0:
        assert close(down["attainment"], 1 - Fraction(actual - target, abs(target)), 1 + abs(actual - target))


@check
@given(actual=st.integers(0, 10**6), target=st.integers(1, 10**6), days=st.integers(1, 40), data=st.data())
def test_equal_days_are_linear_pace(plan, actual, target, days, data):
    elapsed = data.draw(st.integers(1, days))
    given_ = {"actual": actual, "target": target, "elapsed": elapsed, "total_days": days}
    plain, equal = plan.pace(**given_), plan.pace(**given_, days=[0.1] * days)
    for name in ("planned_progress", "expected_to_date", "pace_index", "weighted_forecast"):
        assert close(plain[name].value, equal[name].value)
    assert close(plain["planned_progress"].value, Fraction(elapsed, days))
    assert close(plain["weighted_forecast"].value, Fraction(actual * days, elapsed))
    assert close(plain["pace_index"].value, Fraction(actual * days, target * elapsed))
    assert close(plain["linear_forecast"].value, plain["weighted_forecast"].value)
    weights = data.draw(st.lists(st.integers(1, 9), min_size=days, max_size=days))
    uneven = plan.pace(**given_, days=weights)
    assert close(uneven["planned_progress"].value, Fraction(sum(weights[:elapsed]), sum(weights)))
    if elapsed < days:
        assert close(sum(uneven.remaining["required"]), target - actual, target + actual)
