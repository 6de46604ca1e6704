"""Serialised states against docs/format.cddl, by a reader that shares nothing with the library."""

import random
import struct

import cddl
import pytest
from conftest import ROOT
from state_columns import column, journal

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
MASK = 2**64 - 1


@pytest.fixture(scope="module")
def grammar():
    return cddl.Grammar((ROOT / "docs" / "format.cddl").read_text(encoding="utf-8"))


def xxh64(data):
    """XXH64 with seed 0, from its specification."""
    p1, p2, p3, p4, p5 = (
        11400714785074694791,
        14029467366897019727,
        1609587929392839161,
        9650029242287828579,
        2870177450012600261,
    )

    def rotate(x, n):
        return (x << n | x >> (64 - n)) & MASK

    def turn(acc, lane):
        return rotate((acc + lane * p2) & MASK, 31) * p1 & MASK

    at, size = 0, len(data)
    if size >= 32:
        accs = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
        while at + 32 <= size:
            accs = [turn(acc, lane) for acc, lane in zip(accs, struct.unpack_from("<4Q", data, at), strict=True)]
            at += 32
        h = sum(rotate(acc, n) for acc, n in zip(accs, (1, 7, 12, 18), strict=True)) & MASK
        for acc in accs:
            h = ((h ^ turn(0, acc)) * p1 + p4) & MASK
    else:
        h = p5
    h = (h + size) & MASK
    while at + 8 <= size:
        h = (rotate(h ^ turn(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & MASK
        at += 8
    if at + 4 <= size:
        h = (rotate(h ^ struct.unpack_from("<I", data, at)[0] * p1 & MASK, 23) * p2 + p3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * p5 & MASK, 11) * p1 & MASK
    h = (h ^ h >> 33) * p2 & MASK
    h = (h ^ h >> 29) * p3 & MASK
    return h ^ h >> 32


def test_xxh64_itself():
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"abc") == 0x44BC2CF5AD770999


def texts(lengths, data):
    found, at = [], 0
    for length in column(lengths):
        found.append(data[at : at + length].decode())
        at += length
    assert at == len(data)
    return found


def read(grammar, state):
    data = state.to_bytes()
    assert data[:3] == b"\xd9\xd9\xf7"
    assert int.from_bytes(data[-8:], "little") == xxh64(data[:-9])
    item = cddl.decode(data)
    assert grammar.matches(item, "state"), "the bytes are not what docs/format.cddl says"
    return item.content


def lines(seed, text=False, count=400):
    """Order lines and refunds, as rows."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        customer, order = rng.randrange(40), rng.randrange(120)
        refund = rng.random() < 0.2
        rows.append({
            "customer_id": f"客{customer}" if text else customer - 20,
            "order_id": f"o{order}" if text else order,
            "time": 1_700_000_000_000_000 + rng.randrange(10**13),
            "amount": -rng.randrange(1, 500) if refund else rng.randrange(0, 5000),
            "original_order_id": (f"o{order % 7}" if text else order % 7) if refund and rng.random() < 0.5 else None,
        })
    return rows


def canonical(value):
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize("text", [False, True])
def test_rfm_by_line(pdm, grammar, text):
    rows = lines(1, text)
    state = pdm.RFM(tz="+08:00", currency="CNY", k=4, map="none").update(rows)
    magic, version, metric, _, settings, payload, _ = read(grammar, state)
    assert (magic, version, metric) == ("pdm", 2, "rfm")

    names, values = settings[0][0::2], settings[0][1::2]
    options = dict(zip(names, values, strict=True))
    assert names == list(pdm.metrics["rfm"].options)
    assert (options["currency"], options["k"], options["delta_r"]) == ("CNY", 4, 1)
    assert options["as_of"] == INT64_MIN
    assert settings[1] == [[0]] * len(pdm.metrics["rfm"].lists)
    assert settings[2][:2] == [0, 28800] and column(settings[2][2]) == column(settings[2][3]) == []

    times = [row["time"] for row in rows]
    assert payload[:5] == [len(rows), 0, min(times), max(times), sum(abs(row["amount"]) for row in rows)]
    kinds = dict(zip((column.name for column in pdm.metrics["rfm"].columns), payload[5], strict=True))
    key = 3 if text else 1
    assert kinds == {"customer_id": key, "order_id": key, "time": 0, "amount": 0, "original_order_id": key, "event_id": 0}
    units, orders, refunds, counters = payload[6]
    assert counters == []
    customers = sorted({row["customer_id"] for row in rows}, key=canonical)
    assert units[0] == (3 if text else 1)
    assert (texts(*units[1:3]) if text else column(units[1])) == customers

    expected, aimed = {}, []
    for row in rows:
        target = row["original_order_id"] if row["original_order_id"] is not None else row["order_id"]
        if row["amount"] >= 0:
            target = row["order_id"]
        key = (customers.index(row["customer_id"]), canonical(target))
        entry = expected.setdefault(key, [INT64_MAX, 0, 0])
        if row["amount"] >= 0:
            entry[:] = [min(entry[0], row["time"]), entry[1] + row["amount"], entry[2] + 1]
        else:
            aimed.append((key, row["time"], -row["amount"], int(row["original_order_id"] is not None)))
    keys = sorted(expected)
    found_keys = texts(*orders[2:4]) if text else column(orders[2])
    assert list(zip(column(orders[1]), map(canonical, found_keys), strict=True)) == keys
    fields = orders[4 if text else 3 :]
    assert list(map(list, zip(*map(column, fields), strict=True))) == [expected[key] for key in keys]
    tuples = sorted((keys.index(key), *rest) for key, *rest in aimed)
    assert list(zip(*journal(refunds), strict=True)) == tuples


def test_rfm_by_order_with_windows_days_and_lists(pdm, grammar):
    rows = [{key: row[key] for key in ("customer_id", "time", "amount")} for row in lines(2)]
    segments = {"all": [(1, 5, 1, 5, 1, 5)]}
    state = pdm.RFM(
        grain="order", f_basis="days", m_basis="net_max", tz="Europe/Berlin", week_start="sunday", segments=segments,
        windows=[("h1", "2023-01-01", "2024-01-01"), ("h2", "2024-01-01", "2025-01-01")],
    ).update(rows)
    *_, settings, payload, _ = read(grammar, state)
    lists = dict(zip(pdm.metrics["rfm"].lists, settings[1], strict=True))
    assert lists["windows"][0] == 2 and texts(*lists["windows"][1][1:]) == ["h1", "h2"]
    assert lists["windows"][4] is None and lists["tiers"] == [0]
    assert texts(*lists["segments"][1][1:]) == ["all"]
    assert settings[2][0] == 6 and len(column(settings[2][2])) == len(column(settings[2][3])) > 200
    units, days, counters = payload[6]
    assert len(units) == 2 + 2 * 6 and len(days) == 3 + 2 and len(counters) == 2 * 3
    assert column(units[1]) == sorted({row["customer_id"] for row in rows})


def test_tiers_with_unsigned_keys_and_shares(pdm, grammar):
    numpy = pytest.importorskip("numpy")
    frame = {"customer_id": numpy.array([2**63 + 5, 7, 7], "uint64"), "value": [30, 1, 2]}
    state = pdm.Tiers(tiers=[{"tier": "top", "share": 0.25}, {"tier": "rest", "share": 0.75}]).update(frame)
    *_, settings, payload, _ = read(grammar, state)
    rows, names, labels, cuts, shares = settings[1][0]
    assert (rows, labels, cuts) == (2, None, None) and texts(*names[1:]) == ["top", "rest"]
    assert [struct.unpack("<d", struct.pack("<q", word))[0] for word in column(shares[1])] == [0.25, 0.75]
    level, counters = payload[6]
    assert level[0] == 2 and column(level[1]) == [7, 2**63 + 5] and column(level[2]) == [3, 30] and counters == []


def test_rows_kept_for_dedupe(pdm, grammar):
    rows = [
        {"customer_id": f"客{c}", "order_id": -o, "time": t, "amount": a, "event_id": e}
        for c, o, t, a, e in [(1, 1, 5, 100, 9), (1, 1, -5, 100, 9), (2, 7, 6, -3, 8), (2, 7, 6, -3, 8)]
    ]
    *_, payload, _ = read(grammar, pdm.RFM(dedupe="event_id").update(rows))
    events, kept, counters = payload[6]
    assert column(events[1]) == [8, 9] and counters == []

    def as_bytes(row):
        """Time first, then customer, order, amount, and the original order that is not there."""
        name = row["customer_id"].encode()
        time, order, amount = (b"\1" + struct.pack(">Q", row[key] + 2**63) for key in ("time", "order_id", "amount"))
        return time + b"\1" + struct.pack(">I", len(name)) + name + order + amount + b"\0"

    assert column(kept[1]) == [0, 1, 1]
    lengths, data = column(kept[2]), kept[3]
    found = [data[sum(lengths[:i]) : sum(lengths[: i + 1])] for i in range(len(lengths))]
    assert found == [as_bytes(rows[2]), as_bytes(rows[1]), as_bytes(rows[0])]


GOLDEN = sorted((ROOT / "tests" / "golden").glob("format*/*.state"))


def name_of(path):
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", GOLDEN, ids=name_of)
def test_stored_states(grammar, path):
    data = path.read_bytes()
    assert int.from_bytes(data[-8:], "little") == xxh64(data[:-9])
    item = cddl.decode(data)
    assert grammar.matches(item, "state"), "the bytes are not what docs/format.cddl says"
    assert item.content[2] == path.stem.split("-")[0]


def facet(key):
    """Session, held value and breakdown value, as the grammar's comment has them."""
    found, at = [], 0
    while at < len(key):
        kind, at = key[at], at + 1
        if kind == 4:
            size, at = int.from_bytes(key[at : at + 4], "big"), at + 4
        else:
            size = key.index(0, at) - at if kind == 3 else 8 * (kind > 0)
        value, at = key[at : at + size], at + size + (kind == 3)
        assert kind <= 4 and at <= len(key)
        number = int.from_bytes(value, "big") - (2**63 if kind == 1 else 0)
        found.append(value.decode() if kind >= 3 else number if kind else None)
    return tuple(found)


@pytest.mark.parametrize("path", [path for path in GOLDEN if path.stem.startswith("funnel")], ids=name_of)
def test_stored_funnels(path):
    """Levels and journal are what the comment of the grammar says they are."""
    *_, settings, payload, _ = cddl.decode(path.read_bytes()).content
    options = dict(zip(settings[0][0::2], settings[0][1::2], strict=True))
    if options["dedupe"] != 0:
        return  # rows are kept as they came, see test_rows_kept_for_dedupe
    *levels, events, counters = payload[-1]
    by_column = (options["count"], options["sessions"]) == (2, 1)
    assert len(counters) == 1
    if by_column or options["hold_constant"] != 0 or options["attribution"] != 0:
        assert len(levels) == 2 and levels[1][0] == 4
        lengths, data = column(levels[1][2]), levels[1][3]
        keys = [data[sum(lengths[:i]) : sum(lengths[: i + 1])] for i in range(len(lengths))]
        facets = [(unit, *facet(key)) for unit, key in zip(column(levels[1][1]), keys, strict=True)]
        assert all(len(row) == 4 for row in facets) and len(set(facets)) == len(facets)
        assert all((row[1] is not None) == by_column for row in facets)
    else:
        assert len(levels) == 1
    columns = journal(events)
    assert len(columns) == (4 if options["ties"] == 2 else 3)
    entries, times, satisfies = columns[:3]
    assert entries == sorted(entries) and len(entries) > 0
    assert all(payload[2] <= time <= payload[3] for time in times)
    steps = options["step_count"] if options["step_count"] > 0 else max(column(settings[1][0][1][1]))
    exclusions = settings[1][1][0]
    assert all(word >> 32 < 2**exclusions and word % 2**32 < 2**steps for word in satisfies)


# Lists that a metric cannot do without.
NEEDED = {
    "funnel": {"steps": ["view"]},
    "experiment": {"arms": {"variant": ["a", "b"]}, "metrics": {"metric": ["buys"], "kind": ["conversion"], "role": ["goal"]}},
}


def test_empty_states_and_every_rule(pdm, grammar):
    for name, metric in pdm.metrics.items():
        needed = NEEDED.get(name, {})
        *_, payload, _ = read(grammar, getattr(pdm, metric.class_name)(**needed))
        assert payload[:5] == [0, 0, INT64_MAX, INT64_MIN, 0], name
    assert grammar.unused() == set()


def test_the_grammar_refuses(pdm, grammar):
    state = cddl.decode(pdm.Tiers().update({"customer_id": [1], "value": [2]}).to_bytes())
    assert grammar.matches(state, "state")
    for position, wrong in [(0, "pdn"), (1, 3), (2, 7), (3, -1), (5, []), (6, b"1234567")]:
        other = list(state.content)
        other[position] = wrong
        assert not grammar.matches(cddl.Tag(state.number, other), "state")
    assert not grammar.matches(cddl.Tag(1, state.content), "state")
    assert not grammar.matches([4, cddl.Tag(79, b"")], "level")
    assert not grammar.matches([2, cddl.Tag(79, b"")], "level")
