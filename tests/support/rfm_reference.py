"""RFM written naively from its specification, to test the library against.

Plain Python on purpose: dicts, integers and fractions, one pass per question, no sharing of work. It knows nothing of the
library; options have the library's names and lower-case enumerators. Tables come out as lists of dicts, one per row.

    tables = rfm(rows, tz="+08:00", windows=[("A", 0, 10)], refund_policy="gross")
    tables["rfm"][0]["monetary"]

Rows are dicts with customer_id, order_id, time (µs UTC), amount (minor units) and, if wanted, original_order_id and event_id.
"""

from collections import Counter
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

DAY = 86_400_000_000
DIMENSIONS = ("r", "f", "m")
EPOCH = datetime(1970, 1, 1)

DEFAULTS = {
    "null_rows": "error",
    "dedupe": "none",
    "zero_denominator": "null",
    "grain": "line",
    "refund_policy": "net_in_M_keep_F",
    "refund_cutoff": "as_of",
    "count_zero_orders": False,
    "r_base": "as_of_day",
    "f_basis": "orders",
    "m_basis": "net_sum",
    "policy": None,
    "policy_r": None,
    "policy_f": None,
    "policy_m": None,
    "base": "midrank",
    "k": None,
    "k_r": None,
    "k_f": None,
    "k_m": None,
    "ties": "avg",
    "duplicates": "error",
    "split_by": "mean",
    "split_by_r": None,
    "split_by_f": None,
    "split_by_m": None,
    "split_on": "raw",
    "compare": "gt",
    "map": None,
    "cn8_convention": "recent_high",
    "cn8_names": "standard",
    "ordered": False,
    "thresholds": "per_window",
    "absent_detail": False,
    "tiers": "none",
    "tier_value": "net",
    "as_of": 0,
    "delta_r": 1,
    "delta_f": 1,
    "delta_m": 1,
    "split_r": 0,
    "split_f": 0,
    "split_m": 0,
    "other_name": "Other",
    # lists and the calendar
    "tz": "UTC",
    "windows": None,
    "segments": None,
    "cuts": None,  # the list `thresholds`: {"r": [...], "f": [...], "m": [...]}
    "tiers_list": None,
}


class Refused(ValueError):
    """What the library answers with an error of the same code."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


# ---- time -------------------------------------------------------------------------------------------------------------------


def _zone(tz):
    if tz[0] in "+-":
        sign = -1 if tz[0] == "-" else 1
        hours, minutes = tz[1:].split(":")
        return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    return ZoneInfo(tz)


def local_day(time, tz):
    """Civil day number of an instant: 0 is 1970-01-01."""
    utc = EPOCH.replace(tzinfo=timezone.utc) + timedelta(microseconds=time)
    local = utc.astimezone(_zone(tz)).replace(tzinfo=None)
    return (local - EPOCH).days


def day_start(day, tz):
    """The instant of local midnight that begins a day."""
    midnight = (EPOCH + timedelta(days=day)).replace(tzinfo=_zone(tz))
    since = midnight.astimezone(timezone.utc).replace(tzinfo=None) - EPOCH
    return since // timedelta(microseconds=1)


# ---- rows -------------------------------------------------------------------------------------------------------------------


def id_order(key):
    """Integers by value, text by its bytes; a missing one first."""
    if key is None:
        return (0, 0)
    return (1, key) if isinstance(key, int) else (1, key.encode("utf-8"))


def _row_order(row):
    names = ("customer_id", "order_id", "time", "amount", "original_order_id")
    return tuple(id_order(row.get(name)) for name in names)


def usable_rows(rows, options):
    """Rows without nulls and without repeated events, and how many rows had nulls."""
    kept, nulls = [], 0
    for number, row in enumerate(rows):
        if any(row.get(name) is None for name in ("customer_id", "time", "amount")):
            if options["null_rows"] == "error":
                raise Refused("null_value", f"row {number}")
            nulls += 1
        else:
            kept.append(row)
    if options["dedupe"] == "event_id":
        least = {}
        for row in kept:
            event = row["event_id"]
            if event not in least or _row_order(row) < _row_order(least[event]):
                least[event] = row
        kept = list(least.values())
    return kept, nulls


def gather_orders(rows, options):
    """(customer, order) → its sale rows. With grain = order every sale row is an order of its own."""
    orders = {}
    for number, row in enumerate(rows):
        if row["amount"] >= 0:
            name = number if options["grain"] == "order" else row["order_id"]
            orders.setdefault((row["customer_id"], name), []).append(row)
    return orders


def aim(row, orders, options):
    """The order that a refund row lowers (None: unlinked), and whether it named one that nobody knows."""
    if options["grain"] == "order":
        return None, False
    if row.get("original_order_id") is not None:
        key = (row["customer_id"], row["original_order_id"])
        return (key, False) if key in orders else (None, True)
    key = (row["customer_id"], row["order_id"])
    return (key, False) if key in orders else (None, False)


# ---- one window -------------------------------------------------------------------------------------------------------------


def resolve_windows(rows, options):
    """[(name, from, to, as_of)]; from = None is the beginning of time."""
    if options["windows"] is None:
        as_of = options["as_of"]
        if not as_of and rows:
            as_of = day_start(local_day(max(row["time"] for row in rows), options["tz"]) + 1, options["tz"])
        return [("all", None, as_of, as_of)]
    windows = []
    for name, begin, end, *rest in options["windows"]:
        as_of = (rest[0] if rest else None) or options["as_of"] or end
        if not (begin < end <= as_of):
            raise Refused("bad_option", f"window {name}: from < to <= as_of")
        windows.append((name, begin, end, as_of))
    return windows


def in_window(time, window):
    _, begin, end, _ = window
    return (begin is None or begin <= time) and time < end


def is_late(row, window, options):
    return options["refund_cutoff"] == "as_of" and row["time"] >= window[3]


def order_facts(rows, window, options):
    """Every order of the state, wherever it lies, as it is known at the window's as_of."""
    orders = gather_orders(rows, options)
    facts = {}
    for key, sales in orders.items():
        facts[key] = {
            "time": min(row["time"] for row in sales),
            "sale": sum(row["amount"] for row in sales),
            "rows": len(sales),
            "refund": 0,
        }
    for row in rows:
        if row["amount"] < 0 and not is_late(row, window, options):
            key, _ = aim(row, orders, options)
            if key is not None:
                facts[key]["refund"] += -row["amount"]
    for fact in facts.values():
        if options["refund_policy"] == "gross":
            fact["refund"] = 0
        fact["net"] = fact["sale"] - fact["refund"]
        fact["counted"] = is_counted(fact, options)
    return facts


def is_counted(fact, options):
    if fact["sale"] == 0:
        return bool(options["count_zero_orders"])
    return options["refund_policy"] != "drop_fully_refunded" or fact["net"] > 0


def half_even(numerator, denominator):
    return round(Fraction(numerator, denominator))  # Python rounds fractions half to even


def customer_facts(rows, window, options):
    """(customers with a counted order in the window, all others that the state has seen, with their money in it)."""
    tz = options["tz"]
    facts = order_facts(rows, window, options)
    orders = gather_orders(rows, options)
    mine, unlinked = {row["customer_id"]: [] for row in rows}, Counter()
    for (customer, _), fact in facts.items():
        if in_window(fact["time"], window):
            mine[customer].append(fact)
    for row in rows:
        if row["amount"] < 0 and not is_late(row, window, options) and in_window(row["time"], window):
            if aim(row, orders, options)[0] is None:
                unlinked[row["customer_id"]] += 0 if options["refund_policy"] == "gross" else -row["amount"]
    as_of = window[3]
    today = local_day(as_of if options["r_base"] == "as_of_day" else as_of - 1, tz) if mine else None
    table, without = {}, {}
    for customer, all_orders in mine.items():
        counted = [fact for fact in all_orders if fact["counted"]]
        net = sum(fact["net"] for fact in all_orders) - unlinked[customer]
        if not counted:
            without[customer] = net
            continue
        frequency = {
            "orders": len(counted),
            "days": len({local_day(fact["time"], tz) for fact in counted}),
            "rows": sum(fact["rows"] for fact in counted),
            "repeat": len(counted) - 1,
        }[options["f_basis"]]
        gmv = sum(fact["sale"] for fact in counted)
        last = max(fact["time"] for fact in counted)
        if options["m_basis"] == "net_sum":
            monetary = net
        elif options["m_basis"] == "gross_sum":
            monetary = gmv
        elif options["m_basis"] == "net_mean":
            monetary = half_even(net, frequency)
        else:
            monetary = max(fact["net"] for fact in counted)
        table[customer] = {
            "recency_days": today - local_day(last, tz),
            "frequency": frequency,
            "monetary": monetary,
            "first_time": min(fact["time"] for fact in counted),
            "last_time": last,
            "orders": len(counted),
            "gmv": gmv,
            "refunds": sum(fact["refund"] for fact in all_orders) + unlinked[customer],
            "net": net,
        }
    return table, without


def window_stats(rows, nulls, total, window, options):
    orders = gather_orders(rows, options)
    stats = Counter({name: 0 for name in STATS})
    stats["rows"] = total
    stats["rows_null"] = nulls
    times = {key: min(sale["time"] for sale in sales) for key, sales in orders.items()}
    for number, row in enumerate(rows):
        if row["amount"] >= 0:
            name = number if options["grain"] == "order" else row["order_id"]
            if not in_window(times[(row["customer_id"], name)], window):
                stats["rows_outside"] += 1
            continue
        key, unmatched = aim(row, orders, options)
        if is_late(row, window, options):
            stats["refund_rows_late"] += 1
        elif key is not None:
            if in_window(times[key], window):
                stats["refund_rows_linked"] += 1
            else:
                stats["rows_outside"] += 1
        elif in_window(row["time"], window):
            stats["refund_rows_unlinked"] += 1
            stats["refunds_unmatched"] += unmatched
        else:
            stats["rows_outside"] += 1
    return stats


STATS = (
    "rows",
    "rows_null",
    "rows_outside",
    "refund_rows_linked",
    "refund_rows_unlinked",
    "refunds_unmatched",
    "refund_rows_late",
    "customers",
    "customers_without_order",
    "money_without_order",
)


# ---- scores -----------------------------------------------------------------------------------------------------------------


def quantile7(ordered, i, k):
    """Type-7 quantile at i/k of values in rising order, exactly."""
    h = Fraction((len(ordered) - 1) * i, k)
    j = h.numerator // h.denominator
    upper = ordered[min(j + 1, len(ordered) - 1)]
    return ordered[j] + (h - j) * (upper - ordered[j])


def ceil(fraction):
    return -((-fraction.numerator) // fraction.denominator)


def mean(values):
    return Fraction(sum(values), len(values))


def median(values):
    ordered, n = sorted(values), len(values)
    return Fraction(ordered[(n - 1) // 2] + ordered[n // 2], 2)


def classify(values, rule):
    """(class 1… of each value, by rising value; number of classes). Values come in ascending customer order."""
    n, k, policy = len(values), rule["k"], rule["policy"]
    ordered = sorted(values)
    if policy == "fixed":
        return [1 + sum(1 for cut in rule["cuts"] if cut <= v) for v in values], k
    if n == 0:
        return [], k
    if policy in ("midrank", "pct_rank"):
        smaller, position = {}, 0
        equal = Counter(ordered)
        for value in sorted(equal):
            smaller[value] = position
            position += equal[value]
        out = []
        for v in values:
            less, same = smaller[v], equal[v]
            if policy == "midrank":
                out.append(k * (2 * less + same) // (2 * n) + 1)
                continue
            rank = {"avg": less + Fraction(same + 1, 2), "min": Fraction(less + 1), "max": Fraction(less + same)}
            out.append(ceil(k * rank[rule["ties"]] / n))
        return out, k
    if policy in ("ntile", "rank_first"):
        out = [0] * n
        for p, index in enumerate(sorted(range(n), key=lambda index: (values[index], index))):
            out[index] = ntile(p, n, k) if policy == "ntile" else rank_first(p, n, k)
        return out, k
    if policy == "quantile_right":
        edges = [quantile7(ordered, i, k) for i in range(k + 1)]
        distinct = sorted(set(edges))
        if len(distinct) < len(edges):
            if rule["duplicates"] == "error":
                raise Refused("duplicate_edges", rule["name"])
            if len(distinct) == 1:
                return [None] * n, 0
        return [1 + sum(1 for edge in distinct[1:-1] if edge < v) for v in values], len(distinct) - 1
    if policy == "quantile_rfm_r":
        inner = [quantile7(ordered, i, k) + rule["delta"] for i in range(1, k)]
        return [1 + sum(1 for edge in inner if edge <= v) for v in values], k
    raise Refused("bad_option", f"policy {policy}")


def ntile(p, n, k):
    q, m = divmod(n, k)
    if p < m * (q + 1):
        return p // (q + 1) + 1
    return m + (p - m * (q + 1)) // q + 1


def rank_first(p, n, k):
    return 1 if n == 1 else max(1, ceil(Fraction(k * p, n - 1)))


def split_point(values, rule):
    if "at" in rule:  # frozen
        return rule["at"]
    if rule["split_by"] == "value":
        return Fraction(rule["split_value"])
    if not values:
        return None
    return mean(values) if rule["split_by"] == "mean" else median(values)


def classify_split(values, rule, low_is_good):
    """Class 2 = the larger values. On which side a value on the split falls depends on which side is good."""
    at = split_point(values, rule)
    out = []
    for v in values:
        if low_is_good:
            good = v <= at if rule["compare"] == "ge" else v < at
            out.append(1 if good else 2)
        else:
            high = v >= at if rule["compare"] == "ge" else v > at
            out.append(2 if high else 1)
    return out, 2, at


def score(values, rule, low_is_good=False):
    """Scores of values given in ascending customer order, the classes behind them, and the split if there is one."""
    at = None
    if rule["policy"] == "unknown":  # frozen from a window that had nobody, or no class
        classes, count = [None] * len(values), 0
    elif rule["policy"] == "split":
        classes, count, at = classify_split(values, rule, low_is_good)
    else:
        classes, count = classify(values, rule)
    points = [None if c is None else (count + 1 - c if low_is_good else c) for c in classes]
    table = []
    for number in range(1, count + 1):
        inside = [v for v, c in zip(values, classes) if c == number]
        above = [v for v, c in zip(values, classes) if c >= number]
        cut = None
        if number > 1 and values:
            cut = min(above) if above else max(values) + 1
        table.append(
            {
                "class": number,
                "score": count + 1 - number if low_is_good else number,
                "customers": len(inside),
                "value_min": min(inside, default=None),
                "value_max": max(inside, default=None),
                "cut": cut,
                "split": at if values else None,
            }
        )
    return points, table, at


def frozen_rule(rule, table, at, name):
    """The rule that scores a later window as this one was scored."""
    if rule["policy"] == "split":
        return {**rule, "at": at} if at is not None else {"policy": "unknown", "k": 2, "name": name}
    if rule["policy"] == "fixed":
        return rule
    cuts = [row["cut"] for row in table[1:]]
    if not table or None in cuts or sum(row["customers"] for row in table) == 0:
        return {"policy": "unknown", "k": rule["k"], "name": name}
    return {"policy": "fixed", "k": len(table), "cuts": cuts, "name": name}


# ---- options of scores ------------------------------------------------------------------------------------------------------

MAP_K = {"en11": 5, "en10_rf": 5, "cn8": 2, "rfm_r10": 5, "pymc5": 4}


def resolve_map(options):
    if options["segments"] is not None:
        return "user"
    return options["map"] or "en11"


def resolve_rules(options):
    """Per dimension: the rule, and the rule of the scores underneath if those are split."""
    chosen = resolve_map(options)
    policy = options["policy"] or ("split" if chosen == "cn8" else "midrank")
    whole_k = options["k"] or (4 if chosen == "pymc5" else 5)
    rules = {}
    for d in DIMENSIONS:
        own = options["policy_" + d] or policy
        rule = {
            "name": d,
            "policy": own,
            "k": options["k_" + d] or whole_k,
            "ties": options["ties"],
            "duplicates": options["duplicates"],
            "split_by": options["split_by_" + d] or options["split_by"],
            "split_value": options["split_" + d],
            "compare": options["compare"],
            "delta": options["delta_" + d],
            "cuts": (options["cuts"] or {}).get(d),
        }
        rules[d] = rule
        if own == "split":
            if options["split_on"] == "score":
                rule["under"] = {**rule, "policy": options["base"]}
            rule["k"] = 2
        if own == "nested":
            rule["policy"] = options["base"]
        if (options["base"] if own == "nested" or "under" in rule else own) == "fixed":
            check_fixed(rule)
    return rules, policy == "nested"


def check_fixed(rule):
    cuts = rule["cuts"]
    k = rule.get("under", rule)["k"]
    if cuts is None or len(cuts) != k - 1 or any(a > b for a, b in zip(cuts, cuts[1:])):
        raise Refused("bad_option", f"thresholds of {rule['name']}: {k - 1} of them, non-decreasing")


def check_options(options, rules, nested):
    if any(not 2 <= rule["k"] <= 10 for rule in rules.values()):
        raise Refused("bad_option", "k is 2 to 10")
    refuse = []
    refuse.append(options["m_basis"] == "net_mean" and options["f_basis"] == "repeat")
    refuse.append(options["refund_policy"] == "drop_fully_refunded" and options["grain"] == "order")
    splits_ties = nested or any(
        rule.get("under", rule)["policy"] in ("ntile", "rank_first") or rule["policy"] in ("ntile", "rank_first")
        for rule in rules.values()
    )
    refuse.append(options["thresholds"] == "frozen" and splits_ties)
    refuse.append(nested and options["base"] == "quantile_right" and options["duplicates"] == "drop")
    days_high = options["cn8_convention"] == "days_high"
    refuse.append(days_high and resolve_map(options) == "cn8" and options["split_on"] == "score")
    if any(refuse):
        raise Refused("unsupported_combination", "these options do not go together")


# ---- maps -------------------------------------------------------------------------------------------------------------------

EN11 = """
Champions|冠军客户|555 554 544 545 454 455 445
Loyal Customers|忠诚客户|543 444 435 355 354 345 344 335
Potential Loyalist|潜在忠诚|553 551 552 541 542 533 532 531 452 451 442 441 431 453 433 432 423 353 352 351 342 341 333 323
New Customers|新客户|512 511 422 421 412 411 311
Promising|有潜力|525 524 523 522 521 515 514 513 425 424 413 414 415 315 314 313
Need Attention|需关注|535 534 443 434 343 334 325 324
About To Sleep|即将沉睡|331 321 312 221 213 231 241 251
At Risk|有流失风险|255 254 245 244 253 252 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124
Cannot Lose Them|不能流失|155 154 144 214 215 115 114 113
Hibernating Customers|沉睡客户|332 322 233 232 223 222 132 123 122 212 211
Lost Customers|已流失|111 112 121 131 141 151
"""
EN10_RF = """
Champions||54 55
Loyal Customers||34 35 44 45
Potential Loyalists||42 43 52 53
New Customers||51
Promising||41
Need Attention||33
About To Sleep||31 32
At Risk||13 14 23 24
Can't Lose||15 25
Hibernating||11 12 21 22
"""
PYMC5 = """
Premium Customer||444 443 434 433 344 343 334 333
Repeat Customer||332 244 243 234 233 232 143
Top Spender||424 423 414 413 324 323 314 313 224 144 134 133 124
At Risk Customer||422 412 322 312 223 222 214 212 132 123 122
Inactive Customer||411 311 211 114 113 112 111
"""
RFM_R10 = """
Champions|5-5 5-5 5-5
Potential Loyalist|3-5 3-5 2-5
Loyal Customers|2-4 2-4 2-4
Promising|3-4 1-3 3-5
New Customers|4-5 1-3 1-5
Can't Lose Them|1-2 3-4 4-5
At Risk|1-2 2-5 4-5
Need Attention|1-3 3-5 3-5
About To Sleep|2-3 1-3 1-4
Lost|1-1 1-5 1-5
"""
RFM_R10_RANK = (
    "Champions",
    "Loyal Customers",
    "Potential Loyalist",
    "New Customers",
    "Promising",
    "Need Attention",
    "About To Sleep",
    "At Risk",
    "Can't Lose Them",
    "Lost",
    "Others",
)
CN8 = """
重要价值客户 111 111 重要价值客户
重要发展客户 101 001 重要深耕客户
重要保持客户 011 011 重要唤回客户
重要挽留客户 001 101 重要挽留客户
一般价值客户 110 110 潜力客户
一般发展客户 100 000 新客户
一般保持客户 010 010 一般维持客户
一般挽留客户 000 100 流失客户
"""


class SegmentMap:
    """Which segment a code (r, f, m) belongs to. Ids are 1… in the order of `names`."""

    def __init__(self, names, segment_of, zh=None, ranks=None, bits=False, other=None):
        self.names = list(names)
        self.other = other  # of codes and customers that belong nowhere
        self.segment_of = segment_of
        self.zh = zh or {}
        self.ranks = ranks or {name: rank for rank, name in enumerate(self.names, 1)}
        self.bits = bits
        self.coverage = None
        self.unreachable = None


def _code_lists(text, other=None):
    names, zh, owner = [], {}, {}
    for line in text.strip().splitlines():
        name, chinese, codes = line.split("|")
        names.append(name)
        if chinese:
            zh[name] = chinese
        for code in codes.split():
            assert code not in owner
            owner[code] = name
    if other:
        names.append(other)
    return names, zh, owner


def all_codes(k):
    return [(r, f, m) for r in range(1, k[0] + 1) for f in range(1, k[1] + 1) for m in range(1, k[2] + 1)]


def code_text(code, k, bits=False):
    if bits:
        return "".join(str(digit - 1) for digit in code)
    return ("-" if 10 in k else "").join(str(digit) for digit in code)


def segment_map_of(options, rules):
    """The map, with a place for customers without a score where there can be such."""
    made = make_map(options, [rules[d]["k"] for d in DIMENSIONS])
    dropped = any(rule.get("under", rule)["policy"] == "quantile_right" for rule in rules.values())
    if made and made.other is None and dropped and options["duplicates"] == "drop":
        made.other = options["other_name"]
        if made.other not in made.names:
            made.names.append(made.other)
            made.ranks[made.other] = len(made.names)
    return made


def make_map(options, k):
    chosen = resolve_map(options)
    if chosen == "none":
        return None
    if chosen != "user" and any(width != MAP_K[chosen] for width in k):
        raise Refused("bad_option", f"map {chosen} is made for k = {MAP_K[chosen]}")
    if chosen == "en11":
        names, zh, owner = _code_lists(EN11)
        return SegmentMap(names, {c: owner[code_text(c, k)] for c in all_codes(k)}, zh)
    if chosen == "en10_rf":
        names, zh, owner = _code_lists(EN10_RF)
        return SegmentMap(names, {c: owner[code_text(c, k)[:2]] for c in all_codes(k)}, zh)
    if chosen == "pymc5":
        names, zh, owner = _code_lists(PYMC5, "Other")
        return SegmentMap(names, {c: owner.get(code_text(c, k), "Other") for c in all_codes(k)}, zh, other="Other")
    if chosen == "cn8":
        return cn8_map(options)
    if chosen == "rfm_r10":
        boxes = []
        for line in RFM_R10.strip().splitlines():
            name, ranges = line.split("|")
            boxes.append((name, *[int(end) for span in ranges.split() for end in span.split("-")]))
        made = boxes_map(boxes, k, True, "Others")
        made.ranks = {name: rank for rank, name in enumerate(RFM_R10_RANK, 1)}
        return made
    return user_map(options, k)


def cn8_map(options):
    """The standard names say themselves what they are called under either convention; the others go by what is recent."""
    names, owner = [], {}
    for line in CN8.split("\n")[1:-1]:
        label, recent, days, alt = line.split(" ")
        name, bits = label, recent
        if options["cn8_names"] == "alt":
            name = alt
        if options["cn8_convention"] == "days_high":
            far = "1" if recent[0] == "0" else "0"
            bits = far + recent[1:] if options["cn8_names"] == "alt" else days
        names.append(name)
        owner[tuple(int(bit) + 1 for bit in bits)] = name
    return SegmentMap(names, owner, {name: name for name in names}, bits=True)


def boxes_map(boxes, k, ordered, other_name):
    """boxes: (segment, r_lo, r_hi, f_lo, f_hi, m_lo, m_hi). Boxes of one name are one segment."""
    names = []
    for name, *bounds in boxes:
        for d in range(3):
            if not 1 <= bounds[2 * d] <= bounds[2 * d + 1] <= k[d]:
                raise Refused("bad_option", f"segment {name}: {bounds}")
        if name not in names:
            names.append(name)
    owner, coverage, overlaps = {}, [], []
    for code in all_codes(k):
        matching = []
        for name, r_lo, r_hi, f_lo, f_hi, m_lo, m_hi in boxes:
            inside = r_lo <= code[0] <= r_hi and f_lo <= code[1] <= f_hi and m_lo <= code[2] <= m_hi
            if inside and name not in matching:
                matching.append(name)
        text = code_text(code, k)
        if len(matching) > 1:
            overlaps.append(text)
        owner[code] = matching[0] if matching else other_name
        status = "unassigned" if not matching else "ok" if len(matching) == 1 else "overlap"
        in_order = sorted(matching, key=names.index)
        coverage.append({"code": text, "segment": owner[code], "status": status, "all_matching": in_order})
    if overlaps and not ordered:
        raised = Refused("segment_overlap", " ".join(overlaps))
        raised.codes = overlaps
        raise raised
    reached = set(owner.values())
    unreachable = [name for name in names if name not in reached]
    if other_name in reached and other_name not in names:
        names.append(other_name)
    made = SegmentMap(names, owner, other=other_name if other_name in names else None)
    made.coverage, made.unreachable = coverage, unreachable
    return made


def user_map(options, k):
    segments = options["segments"]
    ranks, zh, boxes = {}, {}, []
    if isinstance(segments, dict):
        for name, codes in segments.items():
            if len(set(codes)) < len(codes):
                raise Refused("bad_option", f"segment {name}: a code twice")
            for code in codes:
                digits = [int(digit) for digit in (code.split("-") if 10 in k else code)]
                boxes.append((name, *[digit for digit in digits for _ in range(2)]))
    else:
        for row in segments:
            bounds = ("r_lo", "r_hi", "f_lo", "f_hi", "m_lo", "m_hi")
            boxes.append((row["segment"], *[row[name] for name in bounds]))
            if row.get("rank") is not None:
                ranks[row["segment"]] = row["rank"]
            if row.get("label_zh") is not None:
                zh[row["segment"]] = row["label_zh"]
    made = boxes_map(boxes, k, options["ordered"], options["other_name"])
    if ranks:
        made.ranks.update(ranks)
    made.zh = zh
    return made


# ---- scoring a window -------------------------------------------------------------------------------------------------------


def score_window(table, options, frozen=None):
    """Adds r_score, f_score, m_score to each customer. Returns the rows of `thresholds` and the rules that freeze them."""
    rules, nested = resolve_rules(options)
    days_high = options["cn8_convention"] == "days_high" and resolve_map(options) == "cn8"
    customers = sorted(table, key=id_order)
    columns = {"r": "recency_days", "f": "frequency", "m": "monetary"}
    thresholds, keep = [], {}
    if nested:
        return nested_scores(table, customers, columns, rules), None
    for d in DIMENSIONS:
        values = [table[customer][columns[d]] for customer in customers]
        low_is_good = d == "r" and not days_high
        rule = frozen[d] if frozen else rules[d]
        dimension = d
        if "under" in rule:
            under, under_table, under_at = score(values, rule["under"], low_is_good)
            keep_under = frozen_rule(rule["under"], under_table, under_at, d)
            thresholds.extend({"dimension": d, "within_r": None, "within_f": None, **row} for row in under_table)
            dimension, values, low_is_good = d + "_score", under, False
        points, classes, at = score(values, rule, low_is_good)
        keep[d] = frozen_rule(rule, classes, at, d)
        if "under" in rule and keep[d]["policy"] != "unknown":
            keep[d]["under"] = keep_under
        for customer, point in zip(customers, points):
            table[customer][d + "_score"] = point
        for row in classes:
            thresholds.append({"dimension": dimension, "within_r": None, "within_f": None, **row})
    return thresholds, keep


def nested_scores(table, customers, columns, rules):
    thresholds = []
    for depth, d in enumerate(DIMENSIONS):
        groups = {} if depth else {(): []}
        for customer in customers:
            path = tuple(table[customer][outer + "_score"] for outer in DIMENSIONS[:depth])
            groups.setdefault(path, []).append(customer)
        for path in sorted(groups):
            members = groups[path]
            values = [table[customer][columns[d]] for customer in members]
            points, classes, _ = score(values, rules[d], d == "r")
            for customer, point in zip(members, points):
                table[customer][d + "_score"] = point
            within = dict(zip(("within_r", "within_f"), (*path, None, None)))
            thresholds.extend({"dimension": d, **within, **row} for row in classes)
    return thresholds


def assign_segments(table, segment_map, k):
    for fact in table.values():
        code = tuple(fact[d + "_score"] for d in DIMENSIONS)
        if None in code:
            fact["code"] = None
            fact["segment"] = segment_map.other if segment_map else None
        else:
            fact["code"] = code_text(code, k, bool(segment_map and segment_map.bits))
            fact["segment"] = segment_map.segment_of[code] if segment_map else None
        fact["segment_id"] = segment_map.names.index(fact["segment"]) + 1 if segment_map else None


# ---- tables -----------------------------------------------------------------------------------------------------------------


def ratio(numerator, denominator, options):
    if denominator == 0:
        return 0.0 if options["zero_denominator"] == "zero" else None
    return float(Fraction(numerator, denominator))


def summary_row(name, members, everybody, options):
    """An empty segment has shares of 0 even where nobody or nothing is there to share."""

    def total(rows, column):
        return sum(row[column] for row in rows)

    def share(part, whole):
        return 0.0 if not members and name != "total" else ratio(part, whole, options)

    n, gmv, orders = len(members), total(members, "gmv"), total(members, "orders")
    repeat = sum(1 for row in members if row["orders"] >= 2)
    row = {
        "segment": name,
        "customers": n,
        "share": share(n, len(everybody)),
        "orders": orders,
        "gmv": gmv,
        "gmv_share": share(gmv, total(everybody, "gmv")),
        "net": total(members, "net"),
        "aov": ratio(gmv, orders, options),
        "per_customer": ratio(gmv, n, options),
        "repeat_customers": repeat,
        "repeat_rate": ratio(repeat, n, options),
    }
    for column in ("recency_days", "frequency", "monetary"):
        row["mean_" + column] = ratio(total(members, column), n, options)
        row["min_" + column] = min((member[column] for member in members), default=None)
        row["max_" + column] = max((member[column] for member in members), default=None)
    return row


def segment_summary(table, names, options, column="segment"):
    everybody = list(table.values())
    rows = []
    for number, name in enumerate(names, 1):
        members = [row for row in everybody if row[column] == name]
        rows.append({"segment_id": number, **summary_row(name, members, everybody, options)})
    rows.append({"segment_id": None, **summary_row("total", everybody, everybody, options)})
    return rows


def migration(before, after, segment_map, options, known_before):
    """before, after: customer → segment. known_before: customers with a counted order before the later window."""
    detail = options["absent_detail"]
    cells = Counter()
    for customer in set(before) | set(after):
        source = before.get(customer)
        if source is None:
            source = ("dormant" if customer in known_before else "new") if detail else "absent"
        target = after.get(customer) or ("lost" if detail else "absent")
        cells[source, target] += 1
    sources = segment_map.names + (["new", "dormant"] if detail else ["absent"])
    targets = segment_map.names + (["lost"] if detail else ["absent"])
    rows = []
    for source in sources:
        for target in targets:
            here = cells[source, target]
            real = source in segment_map.names and target in segment_map.names
            rows.append(
                {
                    "from_segment": source,
                    "to_segment": target,
                    "customers": here,
                    "row_share": ratio(here, sum(cells[source, other] for other in targets), options),
                    "col_share": ratio(here, sum(cells[other, target] for other in sources), options),
                    "rank_change": segment_map.ranks[source] - segment_map.ranks[target] if real else None,
                }
            )
    both = [(segment_map.ranks[before[c]], segment_map.ranks[after[c]]) for c in set(before) & set(after)]
    upgraded = sum(1 for old, new in both if new < old)
    downgraded = sum(1 for old, new in both if new > old)
    lost, joined = len(set(before) - set(after)), len(set(after) - set(before))
    summary = {
        "in_both": len(both),
        "upgraded": upgraded,
        "unchanged": len(both) - upgraded - downgraded,
        "downgraded": downgraded,
        "upgrade_rate": ratio(upgraded, len(both), options),
        "downgrade_rate": ratio(downgraded, len(both), options),
        "lost": lost,
        "lost_rate": ratio(lost, len(before), options),
        "joined": joined,
        "joined_share": ratio(joined, len(after), options),
    }
    return rows, summary


# ---- tiers ------------------------------------------------------------------------------------------------------------------

TIER_SHARES = (("gold", "0.2"), ("silver", "0.3"), ("bronze", "0.5"))


def tier_by_cuts(values, cuts, names):
    """customer → tier. names, from the lowest, are one more than the strictly rising cuts."""
    if len(names) != len(cuts) + 1 or any(a >= b for a, b in zip(cuts, cuts[1:])):
        raise Refused("bad_option", "cuts rise strictly, one name more")
    return {customer: names[sum(1 for cut in cuts if cut <= value)] for customer, value in values.items()}


def tier_by_shares(values, shares=TIER_SHARES):
    """customer → tier. shares, from the top, are read as decimals and sum to 1."""
    exact = [(name, Fraction(str(share))) for name, share in shares]
    if sum(share for _, share in exact) != 1 or any(share <= 0 for _, share in exact):
        raise Refused("bad_option", "shares sum to 1")
    tiers, n = {}, len(values)
    count = Counter(values.values())
    for customer, value in values.items():
        greater = sum(times for other, times in count.items() if other > value)
        place, reached = Fraction(2 * greater + count[value], 2 * n), 0
        for name, share in exact:
            reached += share
            if reached > place:
                tiers[customer] = name
                break
    return tiers


def tier_customers(values, method, tiers_list=None):
    """tiers_list: dicts of tier and cut (None for the lowest) or share."""
    if method == "cut":
        ladder = sorted(tiers_list, key=lambda row: (row.get("cut") is not None, row.get("cut") or 0))
        return tier_by_cuts(values, [row["cut"] for row in ladder[1:]], [row["tier"] for row in ladder])
    shares = [(row["tier"], row["share"]) for row in tiers_list] if tiers_list else TIER_SHARES
    return tier_by_shares(values, shares)


def tier_names(method, tiers_list=None):
    """Names from the lowest tier to the highest."""
    if method == "cut":
        return [row["tier"] for row in tiers_list]
    names = [row["tier"] for row in tiers_list] if tiers_list else [name for name, _ in TIER_SHARES]
    return names[::-1]


# ---- all together -----------------------------------------------------------------------------------------------------------


def resolve_options(given):
    unknown = set(given) - set(DEFAULTS)
    if unknown:
        raise TypeError(f"unknown options {sorted(unknown)}")
    options = dict(DEFAULTS)
    options.update({name: value for name, value in given.items() if value is not None})
    return options


def rfm(rows, **given):
    """All tables: name → list of rows."""
    options = resolve_options(given)
    rules, nested = resolve_rules(options)
    check_options(options, rules, nested)
    k = [rules[d]["k"] for d in DIMENSIONS]
    segment_map = segment_map_of(options, rules)
    total = len(rows)
    rows, nulls = usable_rows(rows, options)
    windows = resolve_windows(rows, options)
    names = ("rfm", "segments", "thresholds", "stats", "migration", "migration_summary", "tiers", "tier_segments")
    tables = {name: [] for name in names}
    scored, frozen = [], None
    for window in windows:
        table, without = customer_facts(rows, window, options)
        thresholds, keep = score_window(table, options, frozen)
        if options["thresholds"] == "frozen" and frozen is None:
            frozen = keep
        assign_segments(table, segment_map, k)
        scored.append((window, table, without, thresholds))
    for window, table, without, thresholds in scored:
        here = {"window": window[0]}
        stats = window_stats(rows, nulls, total, window, options)
        stats["customers"] = len(table)
        stats["customers_without_order"] = len(without)
        stats["money_without_order"] = sum(without.values())
        tables["stats"].append({**here, **stats})
        tables["thresholds"].extend({**here, **row} for row in thresholds)
        for customer in sorted(table, key=id_order):
            tables["rfm"].append({**here, "customer_id": customer, **table[customer]})
        if segment_map:
            tables["segments"].extend({**here, **row} for row in segment_summary(table, segment_map.names, options))
        if options["tiers"] != "none":
            add_tiers(tables, here, table, options)
    if segment_map:
        tables["coverage"] = segment_map.coverage if resolve_map(options) == "user" else None
        tables["unreachable"] = segment_map.unreachable
        tables["segment_zh"] = segment_map.zh
        tables["ranks"] = segment_map.ranks
        for earlier, later in zip(scored, scored[1:]):
            pair = {"from_window": earlier[0][0], "to_window": later[0][0]}
            cells, summary = migration(
                {customer: fact["segment"] for customer, fact in earlier[1].items()},
                {customer: fact["segment"] for customer, fact in later[1].items()},
                segment_map,
                options,
                seen_before(rows, later[0], options),
            )
            tables["migration"].extend({**pair, **cell} for cell in cells)
            tables["migration_summary"].append({**pair, **summary})
    return tables


def seen_before(rows, window, options):
    return {
        customer
        for (customer, _), fact in order_facts(rows, window, options).items()
        if fact["counted"] and window[1] is not None and fact["time"] < window[1]
    }


def add_tiers(tables, here, table, options):
    values = {customer: fact[options["tier_value"]] for customer, fact in table.items()}
    tiers = tier_customers(values, options["tiers"], options["tiers_list"])
    for customer in sorted(table, key=id_order):
        table[customer]["tier"] = tiers[customer]
    names = tier_names(options["tiers"], options["tiers_list"])
    for customer in sorted(table, key=id_order):
        tier = tiers[customer]
        row = {"customer_id": customer, "value": values[customer], "tier_id": names.index(tier) + 1, "tier": tier}
        tables["tiers"].append({**here, **row})
    for row in segment_summary(table, names, options, "tier"):
        row["tier_id"], row["tier"] = row.pop("segment_id"), row.pop("segment")
        tables["tier_segments"].append({**here, **row})


# ---- asking the library the same question, and comparing --------------------------------------------------------------------

COLUMNS = ("customer_id", "order_id", "time", "amount", "original_order_id", "event_id")


def columns_of(rows):
    """Rows as a dict of lists; columns that no row has, or original orders that no row names, are left out."""
    present = [
        name
        for name in COLUMNS
        if any(row.get(name) is not None for row in rows)
        or (name != "original_order_id" and any(name in row for row in rows))
        or not rows
    ]
    return {name: [row.get(name) for row in rows] for name in present}


def package_options(options):
    """The names of this file to those of the package: the list `cuts` is called thresholds there, like the option."""
    given = {name: value for name, value in options.items() if value is not None}
    if "cuts" in given:
        given["thresholds_list" if "thresholds" in given else "thresholds"] = given.pop("cuts")
    return given


def plain(value):
    """A cell as plain Python: times as µs, no foreign numbers."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return (aware - EPOCH.replace(tzinfo=timezone.utc)) // timedelta(microseconds=1)
    return value.item() if hasattr(value, "item") else value


def rows_of(table):
    """A table of the library as a list of dicts."""
    columns = table.to_dict()
    names = list(columns)
    return [dict(zip(names, map(plain, cells))) for cells in zip(*columns.values())]


def package_tables(result):
    """Every table of a result of the library, in the shape of rfm()."""
    return {name: rows_of(result[name]) for name in result.tables}


def same_cell(expected, got):
    if expected is None or got is None:
        return expected is None and got is None
    if isinstance(expected, Fraction):
        expected = float(expected)
    if isinstance(expected, float) or isinstance(got, float):
        return abs(got - expected) <= 1e-12 * abs(expected)
    return expected == got


def differences(expected, got, key, ignore=()):
    """Lines that say where two tables differ. Columns that only `got` has do not matter; the order of rows does."""
    out = []
    keys = [tuple(row[name] for name in key) for row in expected]
    got_keys = [tuple(row[name] for name in key) for row in got]
    if keys != got_keys:
        missing = [item for item in keys if item not in got_keys]
        extra = [item for item in got_keys if item not in keys]
        return [f"rows: missing {missing[:5]}, extra {extra[:5]}, or another order: {got_keys[:9]} for {keys[:9]}"]
    for row, other in zip(expected, got):
        for name, cell in row.items():
            if name in ignore:
                continue
            if name not in other:
                return [f"no column {name}"]
            if not same_cell(cell, other[name]):
                where = ", ".join(f"{part}={row[part]}" for part in key)
                out.append(f"{where}: {name} is {other[name]!r}, expected {cell!r}")
    return out


def assert_same(expected, got, key, ignore=()):
    found = differences(expected, got, key, ignore)
    if found:
        raise AssertionError("\n".join(found[:12]))
