"""From below: what the formula and the roll-forward say can be sold, the gap to the target, and who carries it."""

from __future__ import annotations

from typing import Any

from .. import plan as calculators
from .._formula import money_nodes
from ..review import Text
from .model import Number
from .tables import Col, Figure, Kind, Part, PlanTable
from .work import Work

_MONTH = Col("month", Text("month", "月份"))
_STATUS = Col("status", Text("status", "状态"))


def _kind(role: str) -> Kind:
    kinds: dict[str, Kind] = {"money": "money", "count": "count", "rate": "share"}
    return kinds.get(role, "number")


# ---------------------------------------------------------------------------------------------------------------- tree


def tree(work: Work) -> None:
    """The formula with its leaves: values, shares, slopes."""
    model = work.model
    for leaf in model.leaves:
        value = work.number(leaf.number, role=leaf.role)
        work.leaves[leaf.name] = value
    made = work.call("formula.text", calculators.formula, formula=model.formula, leaves=_leaf_rows(work))
    work.plan.results["formula"] = made
    nodes = made.tables["nodes"].to_rows()
    if nodes[-1]["status"] != "ok":
        raise model.fail("formula.text", f"has no value: {nodes[-1]['status']}")
    work.bottom_up = nodes[-1]["value"]
    unused = [row["leaf"] for row in made.tables["leaves"].to_rows() if not row["used"]]
    part = Part("tree", Text("Formula tree", "公式树"))
    if unused:
        names = ", ".join(unused)
        part.notes.append(Text(f"The formula does not use: {names}.", f"公式未用到：{names}。"))
    part.numbers.append((Text("GMV by the formula", "公式测算 GMV"), work.plan.money(work.bottom_up)))
    roles = {leaf.name: leaf.role for leaf in model.leaves}
    rows = []
    for row in made.tables["leaves"].to_rows():
        shown = work.plan.shown(row["value"], _kind(roles[row["leaf"]]))
        rows.append([row["leaf"], row["role"], row["value"], shown, row["elasticity"], row["status"]])
    heads = [
        work.leaf("leaf", Text("leaf", "因子")),
        Col("role", Text("role", "类型")),
        Col("value", Text("value (money in minor units)", "数值（金额为分）"), "number", for_files=True),
        Col("shown", Text("value", "数值")),
        Col("elasticity", Text("% of GMV per 1 %", "每 1% 带动 GMV（%）"), "number"),
        _STATUS,
    ]
    part.tables.append(PlanTable("leaves", Text("Leaves", "因子"), heads, rows))
    part.tables.append(_explained(work, made))
    options = {"exponent": model.exponent, "names": names_of(work)}
    part.figures.append(Figure(made, "tree", Text("Formula tree", "公式树"), options))
    work.add(part)


def _explained(work: Work, made: Any) -> PlanTable:
    """The tree line by line: parents first, money where a leaf below is money."""
    rows = made.tables["explain"].to_rows()
    roles = {leaf.name: leaf.role for leaf in work.model.leaves}
    named = names_of(work)
    shown: list[list[Any]] = []
    names: dict[str, Text] = {}
    money = money_nodes(rows, roles)
    for row in rows:
        kind: Kind = _kind(roles[row["text"]]) if row["op"] == "leaf" else "money" if money[row["node"]] else "number"
        dots = "· " * row["depth"]
        names[dots + row["text"]] = Text(
            *(dots + label for label in named.get(row["text"], (row["text"], row["text"])))
        )
        value = work.plan.shown(row["value"], kind)
        shown.append([dots + row["text"], row["op"], value, row["share_of_parent"], row["status"]])
    heads = [
        Col("node", Text("node", "节点"), names=names),
        Col("op", Text("operation", "运算")),
        Col("shown", Text("value", "数值")),
        Col("share", Text("of the sum above", "占上级"), "share"),
        _STATUS,
    ]
    return PlanTable("tree", Text("The tree with values", "公式树数值"), heads, shown)


def names_of(work: Work) -> dict[str, tuple[str, str]]:
    """What readers call the leaves."""
    return {leaf.name: leaf.label for leaf in work.model.leaves}


def _leaf_rows(work: Work, names: set[str] | None = None) -> list[dict[str, Any]]:
    return [
        {"leaf": leaf.name, "role": leaf.role, "value": work.leaves[leaf.name]}
        for leaf in work.model.leaves
        if names is None or leaf.name in names
    ]


def _money_leaves(work: Work) -> list[str]:
    return [leaf.name for leaf in work.model.leaves if leaf.role == "money"]


# -------------------------------------------------------------------------------------------------------- roll-forward


def roll(work: Work) -> Any:
    """Users and GMV month by month; ``None`` where the model has no [roll]."""
    model = work.model
    if model.roll is None or model.roll.users is None:
        return None
    made = work.call(
        "roll",
        calculators.roll_forward,
        start=work.number(model.roll.users),
        months=_months(work),
        channels=_sources(work) or None,
        exact_int=True,
        **model.roll.options,
    )
    work.plan.results["roll"] = made
    part = Part("roll", Text("Bottom-up roll-forward", "自下而上测算"))
    columns: list[tuple[str, Text, Kind]] = [
        ("start", Text("users at the start", "期初用户"), "count"),
        ("lost", Text("lost", "流失"), "count"),
        ("new", Text("added", "新增"), "count"),
        ("end", Text("users at the end", "期末用户"), "count"),
        ("gmv_old", Text("existing users", "老用户 GMV"), "money"),
        ("gmv_new", Text("new users", "新用户 GMV"), "money"),
        ("gmv", Text("GMV", "GMV"), "money"),
        ("status", Text("status", "状态"), "text"),
    ]
    rows = [[row["month"], *(row[name] for name, _, _ in columns)] for row in made.tables["months_int"].to_rows()]
    summed = {name: sum(row[i + 1] for row in rows) for i, (name, _, _) in enumerate(columns) if name != "status"}
    whole = {**summed, "start": rows[0][1], "end": rows[-1][4], "status": "ok"}
    rows.append(["total", *(whole[name] for name, _, _ in columns)])
    heads = [_MONTH, *(Col(name, title, kind) for name, title, kind in columns)]
    part.tables.append(PlanTable("roll", Text("Users and GMV", "用户与 GMV"), heads, rows, total=True))
    adds = made.tables["adds_int"].to_rows()
    if adds:
        channels = list(dict.fromkeys(row["channel"] for row in adds))
        found = {(row["month"], row["channel"]): row["adds"] for row in adds}
        listed = [[month, *(found[month, channel] for channel in channels)] for month in work.months]
        heads = [_MONTH, *(Col(channel, work.channel_name(channel), "count") for channel in channels)]
        part.tables.append(PlanTable("roll_adds", Text("New users by channel", "各渠道新增"), heads, listed))
    part.numbers.append((Text("GMV by the roll-forward", "测算 GMV"), work.plan.money(whole["gmv"])))
    part.findings.append(
        Text(
            f"Users go from {whole['start']:,} to {whole['end']:,}: {whole['new']:,} added, {whole['lost']:,} lost.",
            f"用户由 {whole['start']:,} 到 {whole['end']:,}：新增 {whole['new']:,}，流失 {whole['lost']:,}。",
        )
    )
    part.figures.append(Figure(made, "users", Text("Users month by month", "用户池测算")))
    part.figures.append(Figure(made, "gmv", Text("GMV bottom-up", "自下而上 GMV 测算"), {"exponent": model.exponent}))
    work.add(part)
    return made


def _months(work: Work) -> list[dict[str, Any]]:
    model = work.model
    assert model.roll is not None
    known: dict[Number, float] = {}
    rows = []
    for i, month in enumerate(work.months):
        row: dict[str, Any] = {"month": month}
        for key, numbers in model.roll.inputs.items():
            number = numbers[i]
            if number not in known:
                known[number] = work.number(number)
            row[key] = known[number]
        if model.roll.seasonal and row.get("conversion_rate") is not None:
            row["conversion_rate"] *= work.season[month]
            if row["conversion_rate"] > 1:
                raise model.fail(
                    "roll.conversion_rate",
                    f"{month}: {row['conversion_rate']:.3f} with the season is above 1; lower it, or seasonal = false",
                )
        rows.append(row)
    return rows


def _sources(work: Work) -> list[dict[str, Any]]:
    model = work.model
    assert model.roll is not None
    rows = [
        {
            "month": month,
            "channel": source.channel,
            "traffic": work.number(source.traffic[i]),
            "touch": source.touch,
            "add": source.add,
        }
        for i, month in enumerate(work.months)
        for source in model.roll.sources
    ]
    if model.roll.new_users is not None:
        new = work.number(model.roll.new_users)
        rows += [
            {"month": month, "channel": channel, "traffic": new * share, "touch": 1.0, "add": 1.0}
            for month in work.months
            for channel, share in work.channel_shares.items()
            if channel not in {source.channel for source in model.roll.sources}
        ]
    return rows


# ----------------------------------------------------------------------------------------------------------------- gap


def gap(work: Work, rolled: Any) -> None:
    """Target against both bottom-up views, month by month, and channels that carry the gap."""
    model, plan = work.model, work.plan
    part = Part("gap", Text("The gap and who carries it", "缺口与分摊"))
    nodes: list[dict[str, Any]] = [{"node": "formula", "top_down": work.total, "bottom_up": work.bottom_up}]
    bottom_up = work.bottom_up
    if rolled is not None:
        months = {row["month"]: row["gmv"] for row in rolled.tables["months"].to_rows()}
        bottom_up = rolled.tables["total"]["gmv"][0]
        nodes.append({"node": "roll-forward", "top_down": work.total, "bottom_up": bottom_up})
        monthly = [{"node": m, "top_down": work.targets[m], "bottom_up": months[m]} for m in work.months]
        made = calculators.gap(nodes=monthly)
        plan.results["gap_months"] = made
        part.figures.append(
            Figure(
                made, "gap", Text("Target and roll-forward by month", "月度目标与测算"), {"exponent": model.exponent}
            )
        )
        nodes += monthly
    made = calculators.gap(nodes=nodes)
    plan.results["gap"] = made
    columns: list[tuple[str, Text, Kind]] = [
        ("top_down", Text("target (top-down)", "目标（自上而下）"), "money"),
        ("bottom_up", Text("plan (bottom-up)", "测算（自下而上）"), "money"),
        ("gap", Text("gap", "缺口"), "money"),
        ("coverage", Text("coverage", "覆盖率"), "share"),
        ("status", Text("status", "状态"), "text"),
    ]
    rows = [[row["node"], *(row[name] for name, _, _ in columns)] for row in made.main.to_rows()]
    views = {"formula": Text("formula", "公式"), "roll-forward": Text("roll-forward", "逐月测算")}
    heads = [Col("node", Text("view", "口径"), names=views), *(Col(n, t, k) for n, t, k in columns)]
    part.tables.append(PlanTable("gap", Text("Gap", "缺口"), heads, rows))
    last = made.main.to_rows()[1 if rolled is not None else 0]
    covers, missing = f"{last['coverage']:.1%}", plan.money(abs(last["gap"]))
    short = last["gap"] > 0
    part.findings.append(
        Text(
            f"The bottom-up plan covers {covers} of the target: {missing} {'missing' if short else 'more than asked'}.",
            f"自下而上测算覆盖目标的 {covers}，{'缺口' if short else '超出'} {missing}。",
        )
    )
    _by_channel(work, part, bottom_up or 0.0)
    work.add(part)


def _by_channel(work: Work, part: Part, bottom_up: float) -> None:
    model = work.model
    limits = {limit.channel: limit for limit in model.limits if limit.channel}
    if model.gap_method == "by_headroom":
        without = [c for c in work.channels if c not in limits or limits[c].high is None]
        if without:
            raise model.fail(
                "gap.method",
                f"by_headroom needs a cap of every channel; write [[limits]] with channel, high: {', '.join(without)}",
            )
    given = [{"unit": channel, "value": share} for channel, share in work.channel_shares.items()]
    plans = calculators.shares(history=given, target=bottom_up, method="user").main.to_rows()
    units = [
        {
            "unit": row["unit"],
            "plan": row["amount"],
            "capacity": None if row["unit"] not in limits else limits[row["unit"]].high,
            "floor": None if row["unit"] not in limits else limits[row["unit"]].low,
        }
        for row in plans
    ]
    for unit in units:
        capacity = unit["capacity"]
        if capacity is not None and capacity < unit["plan"]:
            cap, own = work.plan.money(capacity), work.plan.money(unit["plan"])
            part.notes.append(
                Text(
                    f"{unit['unit']} could sell {own} from below, more than its cap of {cap}: its cap is taken.",
                    f"{unit['unit']} 自下而上测算 {own}，超过上限 {cap}，按上限计。",
                )
            )
            unit["plan"] = float(capacity)
    made = work.call("gap", calculators.gap_split, target=work.total, units=units, method=model.gap_method)
    work.plan.results["gap_by_channel"] = made
    columns: list[tuple[str, Text, Kind]] = [
        ("plan", Text("plan (bottom-up)", "测算（自下而上）"), "money"),
        ("add", Text("to add", "追加"), "money"),
        ("new_plan", Text("new plan", "新计划"), "money"),
        ("headroom", Text("headroom", "余量"), "money"),
        ("breaks_capacity", Text("above its cap", "超出上限"), "flag"),
    ]
    rows = [[row["unit"], *(row[name] for name, _, _ in columns)] for row in made.tables["split"].to_rows()]
    heads = [work.channel, *(Col(n, t, k) for n, t, k in columns)]
    part.tables.append(PlanTable("gap_by_channel", Text("Who carries the gap", "缺口由谁承担"), heads, rows))
    summary = made.summary.to_rows()[0]
    if summary["status"] != "ok":
        short = work.plan.money(summary["shortfall"])
        part.notes.append(
            Text(f"The channels have too little room: {short} stay open.", f"各渠道余量不足，仍有 {short} 无法承接。")
        )
    else:
        title = Text("Who carries the gap", "缺口由谁承担")
        part.figures.append(Figure(made, "split", title, {"exponent": model.exponent, "names": work.channel_names}))
    broken = [row["unit"] for row in made.tables["split"].to_rows() if row["breaks_capacity"]]
    if broken:
        names = ", ".join(broken)
        part.notes.append(
            Text(
                f'By share, {names} would go above its cap; gap.method = "by_headroom" never does.',
                f'按占比分摊时 {names} 将超出上限；改用 gap.method = "by_headroom" 则不会。',
            )
        )


# -------------------------------------------------------------------------------------------------------------- levers


def levers(work: Work) -> None:
    """What must move to close the gap: one lever alone, all together, and what each is worth."""
    model, plan = work.model, work.plan
    part = Part("levers", Text("Levers that close the gap", "补缺口的杠杆"))
    options = {"exponent": model.exponent, "money": _money_leaves(work), "names": names_of(work)}
    leaves = _leaf_rows(work)
    roles = {leaf.name: leaf.role for leaf in model.leaves}
    asked: dict[str, Any] = {"formula": model.formula, "leaves": leaves}
    if model.levers:
        _one_by_one(work, part, asked, roles)
        _together(work, part, asked, roles)
    chosen = [{"lever": lever.leaf} for lever in model.levers] or None
    made = work.call("levers", calculators.tornado, **asked, levers=chosen, pct=model.tornado)
    plan.results["tornado"] = made
    rows = [
        [r["lever"], r["end"], plan.shown(r["x"], _kind(roles[r["lever"]])), r["value"], r["delta"], r["rank"]]
        for r in made.main.to_rows()
    ]
    heads = [
        work.leaf("lever", Text("lever", "杠杆")),
        Col("end", Text("end", "方向"), names={"low": Text("lower", "下调"), "high": Text("higher", "上调")}),
        Col("x", Text("value of the lever", "取值")),
        Col("value", Text("GMV", "GMV"), "money"),
        Col("delta", Text("change", "变化"), "money"),
        Col("rank", Text("rank", "排名"), "count"),
    ]
    part.tables.append(PlanTable("tornado", Text("Sensitivity", "敏感性分析"), heads, rows))
    title = Text(f"One lever moved by ±{model.tornado:.0%}", f"单一杠杆变动 ±{model.tornado:.0%}")
    part.figures.append(Figure(made, "tornado", title, options))
    _chance(work, part)
    work.add(part)


def _one_by_one(work: Work, part: Part, asked: dict[str, Any], roles: dict[str, str]) -> None:
    rows = []
    for lever in work.model.levers:
        made = work.call(
            f"levers.{lever.leaf}",
            calculators.goal_seek,
            **asked,
            target={"target": work.total, "lever": lever.leaf, "low": lever.low, "high": lever.high},
            strict=False,
        )
        work.plan.results[f"goal_seek_{lever.leaf}"] = made
        row = made.tables["solution"].to_rows()[0]
        kind = _kind(roles[lever.leaf])
        needs = row["value"] if row["value"] is not None else row["unbounded_solution"]
        rows.append(
            [
                lever.leaf,
                work.plan.shown(row["from"], kind),
                work.plan.shown(needs, kind),
                None if needs is None or not row["from"] else needs / row["from"] - 1,
                row["achieved"] if row["achieved"] is not None else row["best_value"],
                row["shortfall"],
                row["status"],
            ]
        )
    heads = [
        work.leaf("lever", Text("lever", "杠杆")),
        Col("from", Text("now", "当前")),
        Col("needed", Text("needed", "需要")),
        Col("change", Text("change", "变化"), "change"),
        Col("reached", Text("GMV reached within bounds", "边界内可达 GMV"), "money"),
        Col("shortfall", Text("still missing", "仍缺"), "money"),
        _STATUS,
    ]
    part.tables.append(PlanTable("goal_seek", Text("One lever alone", "单一杠杆倒推"), heads, rows))


def _together(work: Work, part: Part, asked: dict[str, Any], roles: dict[str, str]) -> None:
    model, plan = work.model, work.plan
    listed = [{"lever": v.leaf, "weight": v.weight, "low": v.low, "high": v.high} for v in model.levers]
    made = work.call("levers", calculators.equal_effort, **asked, target=work.total, levers=listed, method=model.effort)
    plan.results["equal_effort"] = made
    solution = made.tables["solution"].to_rows()[0]
    moved = {row["lever"]: row for row in made.tables["levers"].to_rows()}
    ends = {name: row["value"] for name, row in moved.items() if row["value"] is not None}
    changes = [{"leaf": n, "x0": x, "x1": ends.get(n, x)} for n, x in work.leaves.items()]
    effects = work.call("formula.text", calculators.decompose, formula=model.formula, leaves=changes)
    plan.results["gap_by_lever"] = effects
    worth = {row["factor"]: row["effect"] for row in effects.main.to_rows()}
    rows = [
        [
            name,
            plan.shown(row["from"], _kind(roles[name])),
            plan.shown(row["value"], _kind(roles[name])),
            row["change_rel"],
            worth.get(name),
            row["at_bound"],
        ]
        for name, row in moved.items()
    ]
    heads = [
        work.leaf("lever", Text("lever", "杠杆")),
        Col("from", Text("now", "当前")),
        Col("needed", Text("needed", "需要")),
        Col("change", Text("change", "变化"), "change"),
        Col("effect", Text("brings", "贡献"), "money"),
        Col("at_bound", Text("at its bound", "触及边界")),
    ]
    part.tables.append(PlanTable("levers", Text("All levers together", "多杠杆均摊"), heads, rows))
    if solution["status"] == "ok":
        part.findings.append(
            Text(
                f"Together the levers close the gap: {_moves(work, moved, 0)}.",
                f"多个杠杆共同补足缺口：{_moves(work, moved, 1)}。",
            )
        )
    else:
        short = plan.money(solution["shortfall"])
        part.findings.append(
            Text(
                f"Within their bounds the levers do not close the gap: {short} stay open ({solution['status']}).",
                f"在边界之内各杠杆无法补足缺口，仍缺 {short}（{solution['status']}）。",
            )
        )
    options = {"exponent": model.exponent, "money": _money_leaves(work), "names": names_of(work)}
    part.figures.append(Figure(made, "levers", Text("What the levers must do", "各杠杆需要的变化"), options))
    words = {"start": Text("bottom-up", "测算"), "end": Text("with the levers", "拉动后")}
    title = Text("What each lever brings", "各杠杆的贡献")
    part.figures.append(Figure(effects, "bridge", title, options, words))


def _moves(work: Work, moved: dict[str, dict[str, Any]], which: int) -> str:
    labels = names_of(work)
    said = [f"{labels[n][which]} {r['change_rel']:+.1%}" for n, r in moved.items() if r["change_rel"] is not None]
    return ("，" if which else ", ").join(said)


def _chance(work: Work, part: Part) -> None:
    model = work.model
    uncertain = [leaf for leaf in model.leaves if leaf.sd is not None or leaf.trials is not None]
    if not uncertain:
        return
    rows = [
        {"leaf": leaf.name, "role": leaf.role, "value": work.leaves[leaf.name], "sd": leaf.sd, "trials": leaf.trials}
        for leaf in model.leaves
    ]
    made = work.call("leaves", calculators.attainment, formula=model.formula, leaves=rows, target=work.total)
    work.plan.results["chance"] = made
    row = made.main.to_rows()[0]
    columns: list[tuple[str, Text, Kind]] = [
        ("value", Text("GMV", "GMV"), "money"),
        ("sd", Text("standard deviation", "标准差"), "money"),
        ("low", Text("95 % from", "95% 区间下限"), "money"),
        ("high", Text("to", "上限"), "money"),
        ("target", Text("target", "目标"), "money"),
        ("probability", Text("chance to reach it", "达成概率"), "share"),
        ("status", Text("status", "状态"), "text"),
    ]
    heads = [Col(name, title, kind) for name, title, kind in columns]
    values = [row[name] for name, _, _ in columns]
    part.tables.append(PlanTable("chance", Text("Chance to reach the target", "目标达成概率"), heads, [values]))
    if row["probability"] is not None:
        part.numbers.append((Text("chance to reach the target", "目标达成概率"), f"{row['probability']:.1%}"))
        title = Text("Chance to reach the target as planned", "按现有计划的目标达成概率")
        part.figures.append(Figure(made, "chance", title, {"exponent": model.exponent}))
