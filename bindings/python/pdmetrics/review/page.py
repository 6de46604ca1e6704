"""The review as one HTML page that needs nothing else: no server, no network, no fonts."""

from __future__ import annotations

import base64
import gzip
import os
import re
from collections.abc import Iterable
from html import escape
from importlib import resources

from .._errors import ArgumentError
from .._native.core import pdm_version
from .._registry import OptionInfo, metrics
from .._result import Language, Result, Table
from . import Changed, Drawn, Grid, Number, Review, Section, Text, _figures, definitions, spoken
from ._figures import LANGUAGES
from ._facts import Facts
from ._store import Store, fits, slug

_MOST_INPUTS = 4  # that are told one by one
_TITLE = Text("Private-domain review", "私域经营复盘")


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _both(text: Text, tag: str = "span") -> str:
    if text.en == text.zh:
        return escape(text.en)
    return f'<{tag} lang="en">{escape(text.en)}</{tag}><{tag} lang="zh-CN">{escape(text.zh)}</{tag}>'


def _anchor(part: Section, index: int) -> str:
    return escape(part.metric or f"part-{index}", quote=True)


def _rows(count: int) -> Text:
    return Text(f"{count:,} row" if count == 1 else f"{count:,} rows", f"{count:,} 行")


# ---------------------------------------------------------------------------------------------------------------- files


def _button(label: Text, attributes: str, says: Text) -> str:
    """A button that saves a CSV file; what is not shown of its name is read aloud."""
    shown = f" {_both(label)}" if label.en else ""
    return (
        f'<button type="button" class="csv" {attributes}><b aria-hidden="true">↓</b> CSV{shown}'
        f'<span class="aloud"> {_both(says)}</span></button>'
    )


def _save(store: Store, place: int, name: Text, says: Text) -> str:
    rows = _rows(store.rows(place))
    return _button(Text(f"{name.en} · {rows.en}", f"{name.zh} · {rows.zh}"), f'data-table="{place}"', says)


def _stem(part: Section, name: str = "") -> str:
    """How the names of a section's files begin; ``name`` tells apart results of one metric."""
    return "-".join(each for each in (part.metric or "data", slug(name)) if each)


def _left_out(table: Table, metric: str) -> Text:
    rows = _rows(len(table))
    return Text(
        f"Table {table.name} ({rows.en}) is long or about single customers and not in the page; "
        f"pdmetrics {metric} --out writes it.",
        f"表 {table.name} 共 {rows.zh}，较长或为客户级数据，不放入网页；可用 pdmetrics {metric} --out 导出。",
    )


# --------------------------------------------------------------------------------------------------------------- charts


def _chart(store: Store, part: Section, item: tuple[Result, str] | Drawn, name: str) -> tuple[str, _figures.Chart]:
    made = _figures.chart(item)
    store.add_figure(name, made)
    label = Text(*(f"{a}. {b}" if b else a for a, b in zip(made.title, made.below, strict=True)))
    lines = [
        f'<figure class="chart"><figcaption><h3>{_both(made.title)}</h3>',
        f"<p>{_both(made.below)}</p>" if made.below.en else "",
        f'</figcaption><div class="scroll" data-name-en="{escape(made.title.en, quote=True)}" '
        f'data-name-zh="{escape(made.title.zh, quote=True)}">'
        f'<div class="figure" id="{name}" role="img" data-en="{escape(label.en, quote=True)}" '
        f'data-zh="{escape(label.zh, quote=True)}" style="height:{made.height}px;--least:{made.least}px"></div></div>',
        _chart_data(store, part, made, name),
        "</figure>",
    ]
    return "\n".join(line for line in lines if line), made


def _chart_data(store: Store, part: Section, chart: _figures.Chart, figure: str) -> str:
    """The tables that a chart was drawn from; where they are none of a page's, what it shows."""
    says = Text("save the data of this chart", "下载此图数据")
    offers, shown, hidden = [], [], []
    for table in chart.read:
        if chart.result is None or not fits(table):
            hidden.append(table)
        elif len(table):
            shown.append(table)
            place = store.table(chart.result, table, _stem(part, chart.name))
            button = _save(store, place, Text(table.name, table.name), says)
            offers.append(f'<li>{button}<div class="values" data-table="{place}"></div></li>')
    if not shown or hidden:
        file = store.file(f"{_stem(part)}-{slug(chart.title.en)}")
        button = _button(Text("what the chart shows", "图中数值"), f'data-figure="{figure}" data-file="{file}"', says)
        offers.append(f'<li>{button}<div class="values" data-figure="{figure}"></div></li>')
    return _data(Text("Data of this chart: table and CSV", "此图数据：表格与 CSV"), offers, shown, hidden, part)


def _others(store: Store, part: Section, charts: Iterable[_figures.Chart]) -> str:
    """What else the section has: tables of the results of its charts that none of them shows, and its own files."""
    says = Text("save this table", "下载此表")
    offers, shown, hidden = [], [], []
    results = {id(chart.result): (chart.result, chart.name) for chart in charts if chart.result is not None}
    for result, name in results.values():
        for table in result.tables.values():
            if not fits(table):
                hidden.append(table)
            elif len(table) and not store.has(result, table):
                shown.append(table)
                place = store.table(result, table, _stem(part, name))
                offers.append(f"<li>{_save(store, place, Text(table.name, table.name), says)}</li>")
    offers += [f"<li>{_save(store, store.download(item), item.title, says)}</li>" for item in part.downloads]
    title = Text("More tables of this section (CSV)", "本节其他数据表（CSV）")
    return _data(title, offers, shown, hidden, part) if offers or hidden else ""


def _data(title: Text, offers: list[str], shown: list[Table], hidden: list[Table], part: Section) -> str:
    notes = [_left_out(table, part.metric) for table in {table.name: table for table in hidden}.values()]
    if any("minor units" in column.unit for table in shown if table.info is not None for column in table.info.columns):
        notes.append(Text("Amounts in minor units (fen, cents).", "金额以最小货币单位（分）计。"))
    said = "".join(f'<p class="small">{_both(note)}</p>' for note in notes)
    inside = f'<ul class="offers">{"".join(offers)}</ul>{said}'
    return f'<details class="data"><summary>{_both(title)}</summary>{inside}</details>'


def _grid(store: Store, part: Section, grid: Grid) -> str:
    head = "".join(f'<th scope="col">{_both(cell)}</th>' for cell in grid.head)
    body = []
    for row in grid.rows:
        first, *rest = (_both(cell) for cell in row)
        body.append(f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    kinds = " ".join(name for name, is_so in (("total", grid.total), ("numeric", grid.numeric)) if is_so)
    kind = f' class="{kinds}"' if kinds else ""
    if grid.download is not None:
        attributes = f'data-table="{store.download(grid.download)}"'
    else:
        name = slug(f"{part.metric or 'table'} {grid.caption.en}", 60)
        attributes = f'data-shown="{store.file(name)}"'
    button = _button(Text("", ""), attributes, Text("save this table", "下载此表"))
    return (
        f'<div class="grid"><div class="caption"><h3>{_both(grid.caption)}</h3>{button}</div>'
        f'<div class="scroll" data-name-en="{escape(grid.caption.en, quote=True)}" '
        f'data-name-zh="{escape(grid.caption.zh, quote=True)}">'
        f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div></div>"
    )


# ----------------------------------------------------------------------------------------------------- where it is from


def _short(source: str) -> Text:
    """What an input is called where there is little room: no folders, no long queries."""
    if re.match(r"\s*(select|with|from)\b", source, re.IGNORECASE):
        return Text("an SQL query", "SQL 查询")
    name = os.path.basename(source.replace("\\", "/").rstrip("/")) or source
    return Text(name, name)


def _input(name: str, review: Review) -> Text:
    """One input: its name, file, rows and days."""
    facts = review.facts.get(name, Facts())
    file = _short(review.sources[name]) if name in review.sources else None
    stem = "" if file is None else file.en.split(".")[0]
    en = name if file is None else file.en if stem == name else f"{name} ({file.en})"
    zh = name if file is None else file.zh if stem == name else f"{name}（{file.zh}）"
    told = Text(en, zh)
    if facts.rows is not None:
        rows = _rows(facts.rows)
        told = Text(f"{told.en}, {rows.en}", f"{told.zh}，{rows.zh}")
    if facts.first is not None and facts.last is not None:
        told = Text(f"{told.en}, {facts.first} to {facts.last}", f"{told.zh}，{facts.first} 至 {facts.last}")
    return told


def _computed_from(part: Section, review: Review) -> str:
    names = part.computed_from or (list(review.sources) if len(review.sources) <= 2 else [])
    if not names:
        return ""
    if len(names) > _MOST_INPUTS:
        rows = sum(review.facts[name].rows or 0 for name in names if name in review.facts)
        listed = ", ".join(names)
        count = _rows(rows)
        told = [Text(f"{len(names)} inputs ({listed}), {count.en}", f"{len(names)} 个输入（{listed}），{count.zh}")]
    else:
        told = [_input(name, review) for name in names]
    text = Text("; ".join(each.en for each in told), "；".join(each.zh for each in told))
    words = re.sub(r"\d{4}-\d\d-\d\d", r'<span class="keep">\g<0></span>', _both(text))
    return f'<p class="from"><b>{_both(Text("Computed from", "数据来源"))}</b> {words}</p>'


# ---------------------------------------------------------------------------------------------------------- definitions


def _definition(part: Section, anchor: str, charts: Iterable[_figures.Chart], docs: str | None) -> str:
    found = definitions.of(part)
    if found is None:
        return ""
    formulas = "".join(f"<li>{_both(each)}</li>" for each in found.formulas)
    tables = [table for chart in charts for table in chart.read]
    return (
        f'<details class="definition" id="definition-{anchor}"><summary>'
        + _both(Text("Definition", "口径定义"))
        + f"</summary><p>{_both(found.what)}</p>"
        + (f'<ul class="formulas">{formulas}</ul>' if formulas else "")
        + _reference(part.metric, tables)
        + _documentation(part.metric, docs)
        + "</details>"
    )


def _reference(name: str, tables: Iterable[Table]) -> str:
    """Options and columns as the registry describes them, which is in English."""
    metric = metrics.get(name)
    if metric is None:
        return ""
    known = {table.name: table.info for table in tables if table.info is not None}
    parts = [
        _listed(
            Text(f"Columns of table {table.name}", f"数据表 {table.name} 的各列（英文）"),
            table.doc,
            ((column.name, column.unit, column.doc) for column in table.columns),
        )
        for table in known.values()
    ]
    if metric.options:
        title = Text(f"Options of {name} and their defaults", f"{name} 的参数与默认值（英文）")
        options = ((option.name, _default(option), option.doc) for option in metric.options.values())
        parts.append(_listed(title, metric.summary, options))
    return "".join(parts)


def _default(option: OptionInfo) -> str:
    if option.default in (None, ""):
        return ""
    value = str(option.default).lower() if isinstance(option.default, bool) else str(option.default)
    return f"{value} {option.unit}".strip()


def _listed(title: Text, what: str, items: Iterable[tuple[str, str, str]]) -> str:
    rows = "".join(
        f"<dt><code>{escape(name)}</code>{f' <i>{escape(unit)}</i>' if unit else ''}</dt><dd>{escape(doc)}</dd>"
        for name, unit, doc in items
    )
    said = f"<p>{escape(what)}</p>" if what else ""
    inside = f'<div lang="en-US">{said}<dl>{rows}</dl></div>'
    return f'<details class="listed"><summary>{_both(title)}</summary>{inside}</details>'


def _documentation(name: str, docs: str | None) -> str:
    """Where to read on: a link if the page knows where the documentation is, its name in any case."""
    if name not in metrics:
        return ""
    pages = Text(f"metrics/{name}.md", f"metrics/{name}.zh-CN.md")
    if docs is None:
        where = f"<code>{_both(Text(*(f'docs/{each}' for each in pages)))}</code>"
    else:
        where = "".join(
            f'<a lang="{lang}" href="{escape(f"{docs.rstrip(chr(47))}/{each}", quote=True)}">{escape(each)}</a>'
            for lang, each in zip(("en", "zh-CN"), pages, strict=True)
        )
    more = Text("Everything about it:", "完整说明：")
    return f'<p class="small">{_both(more)} {where} · <code>pdmetrics {escape(name)} --help</code></p>'


# ------------------------------------------------------------------------------------------------------------- sections


def _number(value: Number) -> str:
    if not isinstance(value, Changed):
        return _both(spoken(value))
    return f'{_both(value.value)} <span class="change">{_both(value.change)}</span>'


def _section(store: Store, part: Section, index: int, review: Review, docs: str | None) -> str:
    anchor = _anchor(part, index)
    numbers = "".join(
        f'<div class="number"><dt>{_both(name)}</dt><dd>{_number(value)}</dd></div>' for name, value in part.numbers
    )
    findings = "".join(f"<li>{_both(finding)}</li>" for finding in part.findings)
    drawn = [_chart(store, part, item, f"figure-{index}-{i}") for i, item in enumerate(part.figures_of)]
    grids = [_grid(store, part, grid) for grid in part.grids]
    notes = "".join(f"<li>{_both(note)}</li>" for note in part.notes)
    charts = [chart for _, chart in drawn]
    lines = [
        f'<section id="{anchor}" aria-labelledby="title-{anchor}">',
        f'<h2 id="title-{anchor}">{_both(part.title)}</h2>',
        _computed_from(part, review),
        _definition(part, anchor, charts, docs),
        f'<dl class="numbers">{numbers}</dl>' if numbers else "",
        f'<ul class="findings">{findings}</ul>' if findings else "",
        *(html for html, _ in drawn),
        *grids,
        _others(store, part, charts),
        f'<ul class="notes">{notes}</ul>' if notes else "",
        "</section>",
    ]
    return "\n".join(line for line in lines if line)


def _named(name: str) -> Text:
    metric = metrics.get(name)
    return Text(name, name) if metric is None else Text(metric.title, metric.title_zh)


def _skipped(review: Review) -> str:
    if not review.skipped:
        return ""
    items = "".join(f"<li><b>{_both(_named(name))}</b> {_both(why)}</li>" for name, why in review.skipped)
    title = Text("Not computed", "未计算")
    return f'<section class="left-out" id="left-out"><h2>{_both(title)}</h2><ul>{items}</ul></section>'


# ---------------------------------------------------------------------------------------------------------------- page


def _bar(review: Review, lang: Language) -> str:
    links = "".join(
        f'<li><a href="#{_anchor(part, i)}">{_both(part.title)}</a></li>' for i, part in enumerate(review.sections)
    )
    buttons = "".join(
        f'<button type="button" data-set="{each}" aria-pressed="{"true" if each == lang else "false"}" '
        f'lang="{"zh-Hans" if each == "zh" else "en-US"}">{label}</button>'
        for each, label in zip(LANGUAGES, ("English", "中文"), strict=True)
    )
    return (
        f'<div class="bar"><div class="languages" role="group" aria-label="Language · 语言">{buttons}</div>'
        f'<nav aria-label="Sections · 目录"><ol>{links}</ol></nav></div>'
    )


def _header(review: Review, title: Text) -> str:
    files = [_short(source) for source in review.sources.values()]
    told = Text(*(", ".join(dict.fromkeys(each.of(lang) for each in files)) for lang in LANGUAGES))
    day = f"{review.made:%Y-%m-%d}"
    made = Text(
        f"Made on {day}" + (f" from {told.en}" if files else ""),
        f"{day} 生成" + (f"，数据：{told.zh}" if files else ""),
    )
    return f'<header><h1>{_both(title)}</h1><p class="sources">{_both(made)}</p></header>'


def _plotly() -> str:
    """Plotly for the page's script, compressed, behind its notice; a third of its size."""
    try:
        from plotly.offline import get_plotlyjs  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise ArgumentError('the page needs Plotly: pip install "pdmetrics[cli]"') from None
    source: str = get_plotlyjs()
    found = re.match(r"\s*/\*.*?\*/", source, re.DOTALL)
    notice = "" if found is None else escape(found.group().strip().replace("--", "- -"))
    packed = base64.b64encode(gzip.compress(source.encode(), 6, mtime=0)).decode()
    return f'<!--\n{notice}\n-->\n<script type="application/octet-stream" id="plotly">{packed}</script>'


def _footer(review: Review) -> str:
    files = Text(
        "CSV files are UTF-8 that spreadsheets open as it is. Data tables keep the column names of the library in both "
        "languages and instants in ISO 8601; tables that are shown are saved as they are shown.",
        "CSV 文件为带 BOM 的 UTF-8，可直接用 Excel 打开。数据表的列名与程序库一致，两种语言相同，时间为 ISO 8601；"
        "页面上的明细表按所见内容导出。",
    )
    stamp = review.made.isoformat(sep=" ", timespec="minutes")
    return f"<footer><p>{_both(files)}</p><p>pdmetrics {escape(pdm_version())} · {escape(stamp)}</p></footer>"


def page(review: Review, lang: Language = "en", *, title: Text = _TITLE, docs: str | None = None) -> str:
    """The page. It opens in ``lang`` and can be switched; ``docs`` is where the documentation is, for links."""
    store = Store()
    sections = "\n".join(_section(store, part, i, review, docs) for i, part in enumerate(review.sections))
    old = Text(
        "Charts and downloads need JavaScript and a browser of 2023 or later; numbers and tables are here without.",
        "图表与下载需要 JavaScript 和 2023 年以后的浏览器；数字与表格不受影响。",
    )
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{"zh-CN" if lang == "zh" else "en"}" data-lang="{lang}">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light">',
            f"<title>{escape(title.of(lang))}</title>",
            f'<style>{_asset("page.css")}</style><script>document.documentElement.classList.add("js")</script></head>',
            f'<body data-title-en="{escape(title.en, quote=True)}" data-title-zh="{escape(title.zh, quote=True)}">',
            f'<a class="skip" href="#main">{_both(Text("Skip to the content", "跳到正文"))}</a>',
            _header(review, title),
            f'<div class="frame">{_bar(review, lang)}',
            f'<main id="main" tabindex="-1"><p class="old" id="old">{_both(old)}</p>',
            sections,
            _skipped(review),
            f"{_footer(review)}</main></div>",
            '<p class="aloud" role="status" id="said"></p>',
            _plotly(),
            f'<script type="application/json" id="figures">{store.figures_json()}</script>',
            f'<script type="application/json" id="tables">{store.tables_json()}</script>',
            f"<script>{_asset('page.js')}</script></body></html>",
        ]
    )
