"""The library as an engine of the funnel: a question in the reference's words, put to pdm.funnel(), answered in its words.

    tables = engine(rows, options)                  # rows of funnel_reference.Row, options of funnel_reference.make_options()
    tables = engine(rows, options, form="events")   # the same funnel, its steps told apart in another way
    tables = engine(rows, options, parts=3)         # … in states that are merged, stored and restored
    tables = engine(rows, options, cuts=[5, 9])     # … in segments of time that are sealed before they are merged

What the library refuses is raised as funnel_reference.Refused with the library's code.
"""

from funnel_reference import Refused
from funnel_reference_tables import OTHER

FORMS = ("mask", "events", "codes", "columns")
SWITCHES = {True: "on", False: "off"}
IN_LISTS = ("steps", "names", "optional_steps", "step_windows", "exclusions", "edges", "mode")


# ---- the question -----------------------------------------------------------------------------------------------------------


def options_of(o):
    """Keyword arguments for pdm.funnel(): what was asked for, not what it was resolved to."""
    asked = {name: value for name, value in o.given.items() if name not in IN_LISTS}
    for name in ("collapse_ties", "strict_repeat"):
        if name in asked:
            asked[name] = SWITCHES[asked[name]]
    if "window" in asked and asked["window"] is None:
        asked["window"] = "unlimited"
    if o.given.get("mode"):
        asked["mode"] = list(o.given["mode"])
    if o.given.get("edges") is not None:
        asked["edges"] = list(o.given["edges"])
    optional = ("as_of", "time_from", "time_to", "histogram_to", "trend_to", "bins")
    asked = {name: value for name, value in asked.items() if not (name in optional and value is None)}
    if asked.get("breakdown_limit") == 0:
        del asked["breakdown_limit"]
    return {**asked, "list_units": True}


def event_name(kind, mask, exclude, form):
    return (mask << 32 | exclude) * 3 + kind if form == "codes" else f"{kind}:{mask:x}:{exclude:x}"


def bits_of(word, count):
    return [bit for bit in range(count) if word is not None and word >> bit & 1]


def conditions(rows, o, form):
    """(conditions of each step, of each exclusion): rows of the library's lists without their numbers."""
    steps = [[] for _ in range(o.steps)]
    exclusions = [[] for _ in o.exclusions]
    if form == "mask":
        return [[{}] for _ in steps], [[{}] for _ in exclusions]
    if form == "columns":
        return (
            [[{"column": f"does {j}"}] for j in range(o.steps)],
            [[{"column": f"excludes {e}"}] for e in range(len(exclusions))],
        )
    for mask, exclude in sorted({(row.mask or 0, row.exclude or 0) for row in rows}):
        named = {"event": event_name(1, mask, exclude, form)}
        for j in bits_of(mask, o.steps):
            steps[j].append(named)
        for e in bits_of(exclude, len(exclusions)):
            exclusions[e].append(named)
    never = [{"event": event_name(2, 0, 0, form)}]
    return [found or never for found in steps], [found or never for found in exclusions]


def lists_of(rows, o, form):
    """Arguments `steps` and `exclusions`, in the library's own form."""
    of_steps, of_exclusions = conditions(rows, o, form)
    steps = []
    for j, found in enumerate(of_steps, 1):
        more = {"step": j, "name": o.names[j - 1] if o.names else str(j)}
        if j in o.optional_steps:
            more["optional"] = 1
        if o.step_windows and j > 1 and o.step_windows[j - 2] is not None:
            more["window"] = o.step_windows[j - 2]
        if o.hold_constant == "steps":
            more["hold"] = f"hold {j}"
        steps += [{**more, **condition} for condition in found]
    exclusions = []
    for (a, b, effect), found in zip(o.given.get("exclusions", ()), of_exclusions):
        more = {"from": a, "to": b, **({"effect": effect} if effect else {})}
        exclusions += [{**more, **condition} for condition in found]
    return {"steps": steps, **({"exclusions": exclusions} if exclusions else {})}


def frame_of(rows, o, form):
    """Columns of the rows; those that nothing asks for are left out."""
    frame = {"unit": [row.unit for row in rows], "time": [row.time for row in rows]}
    if form == "mask":
        frame["steps"] = [row.mask for row in rows]
        frame["exclude"] = [row.exclude for row in rows]
    elif form == "columns":
        for j in range(o.steps):
            frame[f"does {j}"] = [None if row.mask is None else bool(row.mask >> j & 1) for row in rows]
        for e in range(len(o.exclusions)):
            frame[f"excludes {e}"] = [None if row.exclude is None else row.exclude >> e & 1 for row in rows]
    else:
        frame["event"] = [event_name(1, row.mask or 0, row.exclude or 0, form) for row in rows]
    if any(row.seq is not None for row in rows) or (o.ties == "row_order" and not rows):
        frame["seq"] = [row.seq or 0 for row in rows]
    if o.count == "sessions" and o.sessions == "column":
        frame["session"] = [row.session for row in rows]
    if o.dedupe == "event_id":
        frame["event_id"] = [row.event_id for row in rows]
    if o.attribution != "none":
        frame["breakdown"] = [row.value for row in rows]
    if o.hold_constant == "column":
        frame["hold"] = [row.holds[0] if row.holds else None for row in rows]
    if o.hold_constant == "steps":
        for j in range(o.steps):
            frame[f"hold {j + 1}"] = [None if not row.holds else row.holds[min(j, len(row.holds) - 1)] for row in rows]
    return frame


# ---- the answer -------------------------------------------------------------------------------------------------------------


def raw(column):
    """Values of a column; times as the µs they are."""
    if column.dtype != "datetime":
        return column.to_list()
    missing = column.nulls()
    ticks = column.to_numpy().astype("int64").tolist()
    return ticks if missing is None else [None if gone else tick for tick, gone in zip(ticks, missing)]


def rows_of(table):
    values = {name: raw(table[name]) for name in table.columns}
    return [dict(zip(values, row)) for row in zip(*values.values())]


def reader(values):
    """Groups and held values are shown as text; the reference shows them as they are."""
    whole = any(isinstance(value, int) for value in values)
    return lambda text: text if text is None or text == OTHER or not whole else int(text)


def tables_of(result, rows, o):
    tables = {name: rows_of(table) for name, table in result.tables.items()}
    group = reader(row.value for row in rows)
    hold = reader(value for row in rows for value in row.holds or ())
    by_gap = o.count == "sessions" and o.sessions == "gap"
    session = reader([1] if by_gap else [row.session for row in rows])
    for table in tables.values():
        for row in table:
            if "group" in row:
                row["group"] = group(row["group"])
    for row in tables["units"]:
        row["session"], row["hold"] = session(row["session"]), hold(row["hold"])
    for row in tables.setdefault("trend", []):
        del row["period"]
    return tables


def in_segments(pdm, rows, o, form, cuts, asked):
    """A sealed state of each stretch between the cuts, merged from the last to the first."""
    bounds = [None, *sorted(set(cuts)), None]
    states = []
    for low, high in zip(bounds, bounds[1:]):
        ends = {name: value for name, value in (("segment_from", low), ("segment_to", high)) if value is not None}
        inside = [row for row in rows if (low is None or row.time >= low) and (high is None or row.time < high)]
        states.append(pdm.Funnel(**asked, **ends))
        if inside:
            states[-1].update(frame_of(inside, o, form))
        states[-1].seal()
    whole = states.pop()
    for state in reversed(states):
        whole.merge(pdm.Funnel.from_bytes(state.to_bytes(), tz=o.tz))
    return whole


def engine(rows, o, form="mask", parts=0, cuts=None, threads=1):
    """Tables of the library, in the reference's shape."""
    import pdmetrics as pdm

    rows = list(rows)
    try:
        asked = {**options_of(o), "week_start": o.week_start, "threads": threads, **lists_of(rows, o, form)}
        if cuts is not None:
            return tables_of(in_segments(pdm, rows, o, form, cuts, asked).result(), rows, o)
        if not parts:
            return tables_of(pdm.funnel(frame_of(rows, o, form), **asked), rows, o)
        state = pdm.Funnel(**asked)
        for part in range(parts):
            more = pdm.Funnel(**asked)
            if rows[part::parts]:
                more.update(frame_of(rows[part::parts], o, form))
            state = pdm.Funnel.from_bytes(more.to_bytes(), tz=o.tz).merge(state)
        return tables_of(state.result(), rows, o)
    except pdm.Error as error:
        raise Refused(error.code, str(error)) from error
