"""The review as one HTML page that needs nothing else: no server, no network, no fonts."""

from __future__ import annotations

import json
from html import escape
from importlib import resources
from typing import Any

from .._errors import ArgumentError
from .._native.core import pdm_version
from .._result import Language, Result
from ..plot import draw
from . import Drawn, Grid, Review, Section, Text

_TITLE = Text("Private-domain review", "私域经营复盘")
_LANGUAGES: tuple[Language, ...] = ("en", "zh")


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _both(text: Text, tag: str = "span") -> str:
    return f'<{tag} lang="en">{escape(text.en)}</{tag}><{tag} lang="zh-CN">{escape(text.zh)}</{tag}>'


def _script_json(value: object) -> str:
    """JSON that cannot end the script it stands in."""
    return (
        json.dumps(value, ensure_ascii=False)
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _grid(grid: Grid) -> str:
    head = "".join(f'<th scope="col">{_both(cell)}</th>' for cell in grid.head)
    body = []
    for row in grid.rows:
        first, *rest = (_both(cell) for cell in row)
        body.append(f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    kinds = " ".join(name for name, is_so in (("total", grid.total), ("numeric", grid.numeric)) if is_so)
    kind = f' class="{kinds}"' if kinds else ""
    return (
        f'<div class="scroll"><table{kind}><caption>{_both(grid.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _drawn(item: tuple[Result, str] | Drawn, lang: Language) -> Any:
    return draw(item[0], item[1], lang=lang) if isinstance(item, tuple) else item.draw(lang)


def _section(part: Section, index: int, figures: dict[str, dict[str, object]]) -> str:
    numbers = "".join(
        f'<div class="number"><dt>{_both(name)}</dt><dd>{escape(value)}</dd></div>' for name, value in part.numbers
    )
    findings = "".join(f"<li>{_both(finding)}</li>" for finding in part.findings)
    charts = []
    for position, item in enumerate(part.figures_of):
        name = f"figure-{index}-{position}"
        figures[name] = {lang: json.loads(_drawn(item, lang).to_json()) for lang in _LANGUAGES}
        charts.append(f'<div class="figure" id="{name}" role="img"></div>')
    notes = "".join(f"<li>{_both(note)}</li>" for note in part.notes)
    return "\n".join(
        [
            f'<section id="{escape(part.metric or str(index), quote=True)}"><h2>{_both(part.title)}</h2>',
            f'<dl class="numbers">{numbers}</dl>' if numbers else "",
            f'<ul class="findings">{findings}</ul>' if findings else "",
            *charts,
            *(_grid(grid) for grid in part.grids),
            f'<ul class="notes">{notes}</ul>' if notes else "",
            "</section>",
        ]
    )


def page(review: Review, lang: Language = "en", *, title: Text = _TITLE) -> str:
    """The page. It opens in ``lang`` and can be switched."""
    try:
        from plotly.offline import get_plotlyjs  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise ArgumentError('the page needs Plotly: pip install "pdmetrics[cli]"') from None
    figures: dict[str, dict[str, object]] = {}
    sections = "\n".join(_section(part, i, figures) for i, part in enumerate(review.sections))
    skipped = "".join(f"<li><b>{escape(name)}</b>: {_both(why)}</li>" for name, why in review.skipped)
    sources = ", ".join(f"{name}: {source}" for name, source in review.sources.items())
    stamp = review.made.isoformat(sep=" ", timespec="minutes")
    script = get_plotlyjs().replace("</script", "<\\/script")
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{"zh-CN" if lang == "zh" else "en"}" data-lang="{lang}">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title.of(lang))}</title>",
            f"<style>{_asset('page.css')}</style></head>",
            f'<body><header><h1>{_both(title)}</h1><p class="sources">{escape(sources)}</p>',
            '<nav><button type="button" data-set="en">English</button>'
            '<button type="button" data-set="zh">中文</button></nav></header>',
            f"<main>{sections}",
            f'<section class="left-out"><ul>{skipped}</ul></section>' if skipped else "",
            f"</main><footer>pdmetrics {escape(pdm_version())} · {escape(stamp)}</footer>",
            f"<script>{script}</script>",
            f'<script type="application/json" id="figures">{_script_json(figures)}</script>',
            f"<script>{_asset('page.js')}</script></body></html>",
        ]
    )
