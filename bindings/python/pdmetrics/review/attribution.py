"""Attribution in a review: what each channel earned, by the last touch and by what is lost without it."""

from __future__ import annotations

from .._registry import metrics
from . import Data, Section, Skipped, Text, percent, section

_NEEDED = ("user", "time", "kind", "channel")


@section("attribution", inputs=("touches", "events"))
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["attribution"]
    if not set(_NEEDED) <= set(data.columns(source)):
        names = ", ".join(_NEEDED)
        raise Skipped(Text(f"no input with {names}", f"没有包含 {names} 的输入"))
    result = data.compute("attribution", source)
    made = Section(Text(metric.title, metric.title_zh), figures_of=[(result, "models"), (result, "removal")])
    shares = {
        row["model"]: row
        for row in sorted(result.tables["comparison"].to_rows(), key=lambda row: row["share_conversions"] or 0.0)
    }
    for model, words, words_zh in (("last_touch", "by the last touch", "按末次触点"), ("markov", "by removal effects", "按移除效应")):
        top = shares.get(model)
        if top is not None and top["share_conversions"] is not None:
            share = percent(top["share_conversions"])
            made.findings.append(
                Text(
                    f"{top['channel']} earned most conversions {words}: {share}.",
                    f"{words_zh}，{top['channel']} 贡献的转化最多：{share}。",
                )
            )
    return made
