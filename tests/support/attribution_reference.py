"""Attribution by the book: a slow, exact and independent account, in fractions, of what the library does with floating point.

Journeys are built touch by touch as the pages say; chains are solved by Gauss elimination with the channel's states taken out; games are
played over all coalitions. Nothing is shared with the library but the words.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, groupby
from math import factorial

DAY = 86_400_000_000
KINDS = ("touch", "milestone", "conversion")
UNLIMITED = 2**63 - 1


@dataclass(frozen=True)
class Row:
    user: int | str
    time: int
    kind: str
    channel: str | None = None
    value: int | None = None
    seq: int = 0
    priority: int = 0
    mark: str | None = None

    @property
    def place(self):
        return self.time, self.seq, KINDS.index(self.kind)

    @property
    def order(self):
        return (*self.place, (self.channel or "").encode(), (self.mark or "").encode(), self.priority, self.value or 0)


@dataclass(frozen=True)
class Touch:
    channel: str
    time: int
    marks: frozenset = frozenset()
    times: int = 0  # under frequency

    @property
    def token(self):
        return self.channel, self.times


@dataclass(frozen=True)
class Options:
    reset: str = "none"
    lookback: int = 30 * DAY
    lookback_kind: str = "elapsed"
    priority_mode: str = "off"
    priority_lookbacks: tuple = ()
    direct: tuple = ()
    direct_mode: str = "keep"
    inherit_window: int = DAY
    transform: str = "none"
    max_touches: int = 0
    nulls: str = "trailing"
    null_window: str = "all"
    milestones: tuple = ()


@dataclass(frozen=True)
class Journey:
    user: int | str
    time: int
    touches: tuple
    conversions: int
    value: int
    cut: bool


# ---- journeys ---------------------------------------------------------------------------------------------------------------


def within(o, row, time):
    lookback = dict(o.priority_lookbacks).get(row.priority, o.lookback)
    if lookback == UNLIMITED:
        return True
    if o.lookback_kind == "calendar_days":
        return time // DAY - row.time // DAY <= lookback // DAY
    return time - row.time <= lookback


def inherited(o, row, candidates):
    """The channel that a direct touch counts for."""
    if o.direct_mode != "inherit_previous" or row.channel not in o.direct:
        return row.channel
    before = [c for c in candidates[: candidates.index(row)] if c.channel not in o.direct]
    return before[-1].channel if before and row.time - before[-1].time <= o.inherit_window else row.channel


def marks_of(rows, index, end):
    """Marks of the touch rows[index], by milestones before rows[end]."""
    found = set()
    for i, row in enumerate(rows[:end]):
        if row.kind == "milestone":
            touches = [j for j in range(i) if rows[j].kind == "touch"]
            if touches and touches[-1] == index:
                found.add(row.mark)
    return frozenset(found)


def shape(o, kept):
    """kept: [(row, touch)] → touches, whether they were cut."""
    if o.priority_mode == "highest_only" and kept:
        most = max(row.priority for row, _ in kept)
        kept = [pair for pair in kept if pair[0].priority == most]
    touches = [touch for _, touch in kept]
    plain = [touch for touch in touches if touch.channel not in o.direct]
    if o.direct_mode == "exclude" or (o.direct_mode == "exclude_unless_all" and plain):
        touches = plain
    if o.direct_mode == "strip_tail" and plain:
        while touches[-1].channel in o.direct:
            touches.pop()
    if o.transform == "exposure":
        runs = [list(run) for _, run in groupby(touches, key=lambda touch: touch.channel)]
    elif o.transform in ("first", "frequency"):
        runs = [[t for t in touches if t.channel == channel] for channel in dict.fromkeys(t.channel for t in touches)]
    else:
        runs = [[touch] for touch in touches]
    counts = o.transform == "frequency"
    touches = [
        Touch(run[0].channel, run[0].time, frozenset().union(*(t.marks for t in run)), len(run) if counts else 0) for run in runs
    ]
    most = o.max_touches or len(touches)
    return tuple(touches[len(touches) - most :] if len(touches) > most else touches), len(touches) > most


def journey(o, rows, candidates, end, time, user, conversion, everything=False):
    kept = [row for row in candidates if everything or within(o, row, time)]
    places = {id(row): i for i, row in enumerate(rows)}
    pairs = [(row, Touch(inherited(o, row, candidates), row.time, marks_of(rows, places[id(row)], end))) for row in kept]
    touches, cut = shape(o, pairs)
    value = 0 if conversion is None else conversion.value or 0
    return Journey(user, time, touches, int(conversion is not None), value, cut)


def null_runs(o, rows, touches, counted):
    """Stretches of touches that led nowhere."""
    conversions = [row for row in rows if row.kind == "conversion"]

    def after(stretch, last):
        return stretch if last is None else [t for t in stretch if t.place > last.place]

    if o.nulls == "none" or (o.nulls == "non_converters" and conversions):
        return []
    if o.nulls == "non_converters":
        return [touches]
    if o.nulls == "trailing":
        return [after(touches, counted[-1] if counted else None)]
    lookback = max([o.lookback, *(lookback for _, lookback in o.priority_lookbacks)])
    if o.lookback_kind == "calendar_days" and lookback != UNLIMITED:
        lookback += DAY
    runs = []
    for touch in touches:
        if runs and (lookback == UNLIMITED or touch.time - runs[-1][-1].time <= lookback):
            runs[-1].append(touch)
        else:
            runs.append([touch])
    found = []
    for run in runs:
        near = [c for c in counted if lookback == UNLIMITED or c.time <= run[-1].time + lookback]
        found.append(after(run, near[-1] if near else None))
    return found


def journeys(rows, o):
    """All journeys, and the conversions that reset ignores."""
    found, ignored = [], []
    for user in dict.fromkeys(row.user for row in rows):
        # each row an object of its own: equal rows are different rows
        own = [Row(**vars(row)) for row in sorted((row for row in rows if row.user == user), key=lambda row: row.order)]
        touches = [row for row in own if row.kind == "touch"]
        conversions = [row for row in own if row.kind == "conversion"]
        counted = {"first_only": conversions[:1], "last_only": conversions[-1:]}.get(o.reset, conversions)
        ignored += [row for row in conversions if not any(row is c for c in counted)]
        for number, conversion in enumerate(counted):
            end = next(i for i, row in enumerate(own) if row is conversion)
            candidates = [row for row in own[:end] if row.kind == "touch"]
            if o.reset == "after_conversion" and number:
                begin = next(i for i, row in enumerate(own) if row is counted[number - 1])
                candidates = [row for row in own[begin:end] if row.kind == "touch"]
            found.append(journey(o, own, candidates, end, conversion.time, user, conversion))
        for stretch in null_runs(o, own, touches, counted):
            if stretch:
                time = stretch[-1].time
                found.append(journey(o, own, stretch, len(own), time, user, None, everything=o.null_window == "all"))
    return found, ignored


# ---- rules ------------------------------------------------------------------------------------------------------------------


def position_based(first, middle, last, n, two_touch="renormalise"):
    first, middle, last = (Fraction(x).limit_denominator(1000) for x in (first, middle, last))
    first, middle, last = (x / (first + middle + last) for x in (first, middle, last))
    if n == 1:
        return [Fraction(1)]
    if n == 2 and two_touch == "split_middle":
        return [first + middle / 2, last + middle / 2]
    if n == 2:
        return [first / (first + last), last / (first + last)] if first + last else [Fraction(1, 2)] * 2
    return [first, *[middle / (n - 2)] * (n - 2), last]


def milestone_weights(touches, weights):
    """Weights by mark, and of first, last and rest."""
    given = {mark: Fraction(weight).limit_denominator(10_000) for mark, weight in weights.items()}
    total = [Fraction(0)] * len(touches)
    bearers = defaultdict(list)
    for i, touch in enumerate(touches):
        for mark in touch.marks:
            bearers[mark].append(i)
    bearers["first"], bearers["last"] = [0], [len(touches) - 1]
    for mark, places in bearers.items():
        for place in places:
            total[place] += given.get(mark, 0) / len(places)
    bare = [i for i, weight in enumerate(total) if weight == 0]
    for i in bare:
        total[i] += given.get("rest", 0) / len(bare)
    whole = sum(total)
    return [weight / whole if whole else Fraction(1, len(touches)) for weight in total]


def weights(model, touches, o):
    n = len(touches)
    names = [touch.channel for touch in touches]
    one = [Fraction(0)] * n
    other = [i for i, name in enumerate(names) if name not in o.direct]
    spots = {
        "first_touch": 0,
        "last_touch": n - 1,
        "first_non_direct": other[0] if other else 0,
        "last_non_direct": other[-1] if other else n - 1,
    }
    if model in spots:
        one[spots[model]] = Fraction(1)
        return one
    shapes = {"u_shaped": (0.4, 0.2, 0.4), "j_shaped": (0.2, 0.2, 0.6), "inverse_j_shaped": (0.6, 0.2, 0.2)}
    if model in shapes:
        return position_based(*shapes[model], n)
    counts = Counter(names)
    return {
        "linear": lambda: [Fraction(1, n)] * n,
        "linear_unique": lambda: [Fraction(1, len(counts) * counts[name]) for name in names],
        "participation": lambda: [Fraction(1, counts[name]) for name in names],
        "position_decay": lambda: [Fraction(2 * (i + 1), n * (n + 1)) for i in range(n)],
        "w_shaped": lambda: milestone_weights(touches, {"first": 0.3, "lead": 0.3, "opportunity": 0.3, "rest": 0.1}),
        "full_path": lambda: milestone_weights(
            touches, {"first": 0.225, "last": 0.225, "lead": 0.225, "opportunity": 0.225, "rest": 0.1}
        ),
    }[model]()


def rule(model, found, o):
    """{channel: (conversions, value)}"""
    credit = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for j in found:
        if j.conversions and j.touches:
            for touch, weight in zip(j.touches, weights(model, j.touches, o), strict=True):
                credit[touch.channel][0] += weight
                credit[touch.channel][1] += weight * j.value
    return credit


# ---- chains and games -------------------------------------------------------------------------------------------------------


def solve(matrix, right):
    """Gauss over fractions; a row of `right` for each unknown."""
    n = len(matrix)
    rows = [[*matrix[i], *right[i]] for i in range(n)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k and rows[i][k]:
                factor = rows[i][k]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def chain(found, order):
    """Moves, visits, conversions and value by state; states are tuples of tokens, () is the start."""
    moves, visits, ends, worth = Counter(), Counter(), Counter(), Counter()
    for j in found:
        tokens = tuple(touch.token for touch in j.touches)
        if not tokens:
            continue
        grams = [tokens[i : i + order] for i in range(max(1, len(tokens) - order + 1))]
        steps = [(), *(gram for i, gram in enumerate(grams) if i == 0 or gram != grams[i - 1])]
        for a, b in zip(steps, steps[1:], strict=False):
            moves[a, b] += 1
        visits.update(steps)
        ends[steps[-1]] += j.conversions
        worth[steps[-1]] += j.value
    return moves, visits, ends, worth


def expected(moves, visits, ends, worth, without=None):
    """Probability of converting and value of a journey, with a channel taken out."""
    states = [s for s in visits if s == () or all(channel != without for channel, _ in s)]
    places = {state: i for i, state in enumerate(states)}
    matrix = [[Fraction(int(i == k)) for k in range(len(states))] for i in range(len(states))]
    for (a, b), count in moves.items():
        if a in places and b in places:
            matrix[places[a]][places[b]] -= Fraction(count, visits[a])
    right = [[Fraction(ends[s], visits[s]), Fraction(worth[s], visits[s])] for s in states]
    return solve(matrix, right)[places[()]]


def removal_effects(found, order, channels):
    """{channel: (effect, effect on value)}"""
    counted = chain(found, order)
    if not counted[1]:
        return {channel: (Fraction(0), Fraction(0)) for channel in channels}
    whole = expected(*counted)
    effects = {}
    for channel in channels:
        left = expected(*counted, without=channel)
        effects[channel] = tuple(1 - a / b if b else Fraction(0) for a, b in zip(left, whole, strict=True))
    return effects


def shapley(found, channels, worth):
    """{channel: value}, by the definition."""
    sets = [(frozenset(t.channel for t in j.touches), j) for j in found if j.touches]

    def value(players):
        inside = [j for own, j in sets if own <= players]
        if worth == "conversions":
            return Fraction(sum(j.conversions for j in inside))
        if worth == "value":
            return Fraction(sum(j.value for j in inside))
        return Fraction(sum(j.conversions for j in inside), len(inside)) if inside else Fraction(0)

    n = len(channels)
    found_values = {}
    for channel in channels:
        rest = [c for c in channels if c != channel]
        total = Fraction(0)
        for size in range(n):
            share = Fraction(factorial(size) * factorial(n - size - 1), factorial(n))
            for players in combinations(rest, size):
                coalition = frozenset(players)
                total += share * (value(coalition | {channel}) - value(coalition))
        found_values[channel] = total
    return found_values
