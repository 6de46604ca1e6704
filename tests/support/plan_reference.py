"""Naive references of GMV targets, in exact rational arithmetic and by the plainest road.

Units are dealt out one by one, linear systems are solved by elimination, Shapley values by all coalitions, integer
matrices by trying them all.
"""

import itertools
import math
from decimal import Decimal
from fractions import Fraction


def exact(number):
    """What a number stands for: itself, or the shortest decimal of a double."""
    return Fraction(Decimal(repr(number))) if isinstance(number, float) else Fraction(number)


# ---- allocation ----


def _first_largest(keys):
    """Index of the largest key, the lowest of equals, and whether there were equals."""
    largest = max(keys)
    return keys.index(largest), keys.count(largest) > 1


def _priority(method, weight, held):
    """How much a part deserves its next unit; parts that must be served first come with 1."""
    if method == "webster":
        return 0, weight / (2 * held + 1)
    if method == "dhondt":
        return 0, weight / (held + 1)
    if held == 0:
        return 1, weight
    return 0, weight / held if method == "adams" else weight * weight / (held * (held + 1))


def apportion(total, weights, method):
    """(amounts, whether a tie decided)."""
    weights = [exact(weight) for weight in weights]
    units, tied = abs(total), False
    if method == "largest_remainder":
        quotas = [units * weight / sum(weights) for weight in weights]
        held = [math.floor(quota) for quota in quotas]
        remainders = [quota - floor for quota, floor in zip(quotas, held, strict=True)]
        for left in range(units - sum(held), 0, -1):
            best, equals = _first_largest(remainders)
            held[best] += 1
            remainders[best] = Fraction(-1)
            tied = equals and left == 1
    else:
        held = [0] * len(weights)
        served = [i for i, weight in enumerate(weights) if weight > 0]
        for left in range(units, 0, -1):
            best, equals = _first_largest([_priority(method, weights[i], held[i]) for i in served])
            held[served[best]] += 1
            tied = equals and left == 1
    return [amount if total >= 0 else -amount for amount in held], tied


def bounded(total, parts, forward):
    """x = clamp(base + t·slope, low, high) with Σx = total, or None: pieces between breakpoints are tried one by one.

    ``parts`` are (base, slope, low or None, high or None); ``forward`` allows t ≥ 0 only.
    """
    points = {Fraction(0)}
    for base, slope, low, high in parts:
        if slope > 0:
            points |= {(bound - base) / slope for bound in (low, high) if bound is not None}
    points = sorted(point for point in points if not forward or point >= 0)
    far = 10**9
    points = ([] if forward else [points[0] - far]) + points + [points[-1] + far]

    def at(t):
        made = []
        for base, slope, low, high in parts:
            value = base + t * slope
            value = value if low is None else max(value, low)
            made.append(value if high is None else min(value, high))
        return made

    for left, right in itertools.pairwise(points):
        below, above = sum(at(left)), sum(at(right))
        if below <= total <= above:
            return at(left) if below == above else at(left + (right - left) * (total - below) / (above - below))
    return None


def whole(values, total, limits):
    """Floors, and the units left over to the largest fractions of parts below their limit."""
    amounts = [math.floor(value) for value in values]
    order = sorted(range(len(values)), key=lambda i: (amounts[i] - values[i], i))
    for i in order:
        if sum(amounts) == total:
            break
        if limits[i] is None or amounts[i] < limits[i]:
            amounts[i] += 1
    return amounts


def nested(total, levels, method):
    """Amounts of the lowest level in order; ``levels`` are functions from the path to the weights below it."""
    cells = [((), total)]
    nodes = []
    for weights_of in levels:
        below = []
        for path, amount in cells:
            weights = weights_of(path)
            parts = apportion(amount, weights, method)[0]
            below += [((*path, i), part) for i, part in enumerate(parts)]
        cells = below
        nodes += below
    return cells, nodes


def _matrices(rows, columns):
    """All matrices of non-negative integers with these sums, largest first in row-major order."""
    if len(rows) == 1:
        if rows[0] == sum(columns):
            yield list(columns)
        return

    def fill(left, caps):
        if len(caps) == 1:
            if left <= caps[0]:
                yield [left]
            return
        for first in range(min(left, caps[0]), -1, -1):
            for rest in fill(left - first, caps[1:]):
                yield [first, *rest]

    for first in fill(rows[0], columns):
        for rest in _matrices(rows[1:], [have - used for have, used in zip(columns, first, strict=True)]):
            yield first + rest


def biproportional(seed, rows, columns):
    """The matrix that maximises Π over cells and their units k of w/(k + ½): Webster's in both directions."""
    best, chosen = None, None
    for matrix in _matrices(rows, columns):
        worth = Fraction(1)
        for weight, amount in zip(seed, matrix, strict=True):
            for held in range(amount):
                worth *= Fraction(2 * weight, 2 * held + 1)
        if worth > 0 and (best is None or worth > best):
            best, chosen = worth, matrix
    return chosen


# ---- linear systems ----


def solve(matrix, right):
    """x with matrix·x = right, by Gauss–Jordan elimination."""
    size = len(matrix)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = next(i for i in range(column, size) if rows[i][column] != 0)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for i in range(size):
            if i != column and rows[i][column] != 0:
                factor = rows[i][column]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[column], strict=True)]
    return [row[size] for row in rows]


def denton(indicator, annual, season, additive):
    """The least Σ of squared changes of x/z (additive: x − z) with the year sums; periods after them keep the last."""
    z = [exact(value) for value in indicator]
    count = len(annual) * season
    # In y = x/z or x − z: Σ_t (y_t − y_{t−1})², subject to Σ a_t·y_t = b per year.
    a = [Fraction(1)] * count if additive else z[:count]
    b = [exact(value) for value in annual]
    if additive:
        b = [total - sum(z[year * season : (year + 1) * season]) for year, total in enumerate(b)]
    size = count + len(annual)
    matrix = [[Fraction(0)] * size for _ in range(size)]
    for t in range(1, count):
        for i, j, sign in ((t, t, 1), (t - 1, t - 1, 1), (t, t - 1, -1), (t - 1, t, -1)):
            matrix[i][j] += 2 * sign
    for t in range(count):
        matrix[t][count + t // season] = matrix[count + t // season][t] = a[t]
    y = solve(matrix, [Fraction(0)] * count + b)[:count]
    y += [y[-1]] * (len(z) - count)
    return [value + step if additive else value * step for value, step in zip(z, y, strict=True)]


def reconcile(parents, values, weights):
    """y − W·Cᵀ(C·W·Cᵀ)⁻¹C·y, one row of C per parent: the parent less its children."""
    count = len(values)
    rows = []
    for node in range(count):
        children = [i for i in range(count) if parents[i] == node]
        if children:
            rows.append([Fraction(1 if i == node else -1 if i in children else 0) for i in range(count)])
    if not rows:
        return [exact(value) for value in values]
    y, w = [exact(value) for value in values], [exact(weight) for weight in weights]
    gram = [[sum(a[i] * w[i] * b[i] for i in range(count)) for b in rows] for a in rows]
    multipliers = solve(gram, [sum(c * value for c, value in zip(row, y, strict=True)) for row in rows])
    return [y[i] - w[i] * sum(m * row[i] for m, row in zip(multipliers, rows, strict=True)) for i in range(count)]


# ---- formulas: ("leaf", name), ("number", n), (op, left, right) and ("^", base, n) ----


def text_of(node):
    """The formula as text."""
    if node[0] in ("leaf", "number"):
        return str(node[1])
    if node[0] in ("min", "max"):
        return f"{node[0]}({text_of(node[1])}, {text_of(node[2])})"
    right = str(node[2]) if node[0] == "^" else text_of(node[2])
    return f"({text_of(node[1])} {node[0]} {right})"


def leaves_of(node):
    """Names of the leaves, in order of appearance."""
    if node[0] == "leaf":
        return [node[1]]
    if node[0] == "number":
        return []
    return list(dict.fromkeys(leaves_of(node[1]) + ([] if node[0] == "^" else leaves_of(node[2]))))


def value_of(node, values, unsigned=False):
    """Its value; ``unsigned`` adds where it subtracts, which bounds what rounding can do."""
    if node[0] == "leaf":
        return values[node[1]]
    if node[0] == "number":
        return Fraction(node[1])
    left = value_of(node[1], values, unsigned)
    if node[0] == "^":
        return left ** node[2]
    right = value_of(node[2], values, unsigned)
    if node[0] == "-" and unsigned:
        return left + right
    return {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "min": lambda: min(left, right),
        "max": lambda: max(left, right),
    }[node[0]]()


def slope_of(node, values, name):
    """∂/∂name, forwards through the formula; at a tie of min or max the first argument's."""
    if node[0] == "leaf":
        return Fraction(int(node[1] == name))
    if node[0] == "number":
        return Fraction(0)
    left, d_left = value_of(node[1], values), slope_of(node[1], values, name)
    if node[0] == "^":
        return node[2] * left ** (node[2] - 1) * d_left
    right, d_right = value_of(node[2], values), slope_of(node[2], values, name)
    return {
        "+": lambda: d_left + d_right,
        "-": lambda: d_left - d_right,
        "*": lambda: d_left * right + left * d_right,
        "/": lambda: (d_left * right - left * d_right) / (right * right),
        "min": lambda: d_left if left <= right else d_right,
        "max": lambda: d_left if left >= right else d_right,
    }[node[0]]()


# ---- change ----


def coalitions(worth, players):
    """worth of every set of players."""
    sets = (frozenset(chosen) for size in range(len(players) + 1) for chosen in itertools.combinations(players, size))
    return {chosen: worth(chosen) for chosen in sets}


def shapley(worth, players):
    """(effects, least and largest marginal change) by all coalitions."""
    known = coalitions(worth, players)
    count = len(players)
    effects, ranges = {}, {}
    for player in players:
        changes = [(len(s), known[s | {player}] - known[s]) for s in known if player not in s]
        weight = [
            Fraction(math.factorial(k) * math.factorial(count - 1 - k), math.factorial(count)) for k in range(count)
        ]
        effects[player] = sum(weight[size] * change for size, change in changes)
        ranges[player] = min(change for _, change in changes), max(change for _, change in changes)
    return effects, ranges


def chain(worth, order):
    """Effects of players replaced one by one."""
    done, effects = frozenset(), {}
    for player in order:
        effects[player] = worth(done | {player}) - worth(done)
        done |= {player}
    return effects


# ---- roll-forward ----


def roll_forward(users, months, channels, new_churn="none"):
    """Months of the exact real run; ``channels`` are per month lists of (traffic, touch, add)."""
    found = []
    users = exact(users)
    for month, sources in zip(months, channels, strict=True):
        churn, rate, price, frequency, first_rate, first_price = (exact(value) for value in month)
        adds = [exact(traffic) * exact(touch) * exact(add) for traffic, touch, add in sources]
        new = sum(adds)
        early = new * churn / 2 if new_churn == "half" else Fraction(0)
        old = users - users * churn
        row = {"early": early, "start": users, "old": old, "lost": users * churn + early, "new": new, "end": old + new - early}
        row |= {"adds": adds, "gmv_old": old * rate * price * frequency, "gmv_new": new * first_rate * first_price}
        found.append(row)
        users = row["end"]
    return found


def roll_forward_half_even(users, months, channels, new_churn="none"):
    """Months in whole people: every flow rounded half to even, on the rounded users of the month before."""
    found = []
    for month, sources in zip(months, channels, strict=True):
        churn, rate, price, frequency, first_rate, first_price = (exact(value) for value in month)
        adds = [round(exact(traffic) * exact(touch) * exact(add)) for traffic, touch, add in sources]
        lost, new = round(users * churn), sum(adds)
        early = round(new * churn / 2) if new_churn == "half" else 0
        old = users - lost
        row = {"start": users, "old": old, "lost": lost + early, "new": new, "end": old + new - early, "adds": adds}
        row |= {"gmv_old": round(old * rate * price * frequency), "gmv_new": round(new * first_rate * first_price)}
        found.append(row)
        users = row["end"]
    return found


def roll_forward_carry(users, months, channels, new_churn="none"):
    """Months in whole people: differences of the rounded cumulative sums of the real run's flows."""
    real = roll_forward(users, months, channels, new_churn)

    def flows(values):
        sums = [round(total) for total in itertools.accumulate(values)]
        return [now - before for before, now in zip([0, *sums], sums, strict=False)]

    lost, early, gmv_old, gmv_new = (
        flows([row[key] for row in real]) for key in ("lost", "early", "gmv_old", "gmv_new")
    )
    adds = list(zip(*(flows(values) for values in zip(*(row["adds"] for row in real), strict=True)), strict=True))
    found = []
    for t in range(len(real)):
        new = sum(adds[t]) if adds else 0
        row = {"start": users, "lost": lost[t], "new": new, "end": users - lost[t] + new}
        row["old"] = users - (lost[t] - early[t])
        row |= {"adds": list(adds[t]) if adds else [], "gmv_old": gmv_old[t], "gmv_new": gmv_new[t]}
        found.append(row)
        users = row["end"]
    return found


# ---- commission, re-plan ----


def commission(amount, tiers, method, multiplier=1, cap=None):
    """(payout, uncapped, band)."""
    amount = exact(amount)
    edges = [(exact(start), exact(rate)) for start, rate in tiers]
    band = max(i for i, (start, _) in enumerate(edges) if start <= amount)
    if method == "retroactive":
        pay = amount * edges[band][1]
    else:
        ends = [start for start, _ in edges[1 : band + 1]] + [amount]
        pay = sum((end - start) * rate for (start, rate), end in zip(edges, ends, strict=False))
    pay *= exact(multiplier)
    return (pay if cap is None else min(pay, exact(cap))), pay, band


def replan(annual, actuals, remaining, method, spread=3):
    """New targets; ``remaining`` are (weight, old target, cap or None). None where the caps hold too little."""
    left = exact(annual) - sum(exact(value) for value in actuals)
    old = [exact(target) for _, target, _ in remaining]
    if method == "keep_remaining":
        return old
    if left <= 0:
        return [Fraction(0)] * len(remaining)
    if method == "keep_total":
        parts = [(Fraction(0), exact(w), Fraction(0), None if cap is None else exact(cap)) for w, _, cap in remaining]
        return bounded(left, parts, True)
    sharers = min(1 if method == "next" else spread, len(remaining))
    caps = [None if cap is None else exact(cap) for _, _, cap in remaining]
    parts = [
        (target, Fraction(1), Fraction(0), cap) if i < sharers else (target, Fraction(0), target, target)
        for i, (target, cap) in enumerate(zip(old, caps, strict=True))
    ]
    return bounded(left, parts, False)


def credit(orders, policy, role_weights):
    """Staff → credited; ``orders`` are (amount, {(role, staff), …}); roles share by weight, their staff equally."""
    credited = {}
    for amount, parts in orders:
        parts = sorted(parts)
        roles = sorted({role for role, _ in parts})
        if policy == "dedup":
            shares = [(staff, amount) for staff in {staff for _, staff in parts}]
        elif policy == "full":
            shares = [(staff, amount) for _, staff in parts]
        else:
            weights = [role_weights[role] for role in roles]
            by_role = apportion(amount, weights, "largest_remainder")[0] if any(weights) else [0] * len(roles)
            shares = []
            for role, whole in zip(roles, by_role, strict=True):
                staff = [person for other, person in parts if other == role]
                shares += zip(staff, apportion(whole, [1] * len(staff), "largest_remainder")[0], strict=True)
        for staff, share in shares:
            credited[staff] = credited.get(staff, 0) + share
    return credited
