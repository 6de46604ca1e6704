"""Tiers in a review: the customers of the orders, by what they brought net of refunds."""

from __future__ import annotations

from .._registry import metrics
from . import Data, Section, Text, percent, section


@section("tiers", inputs=("orders",), columns_of="rfm")
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["tiers"]
    customers = data.derive("customers", data.orders(source).main)
    result = data.compute("tiers", customers, customer="customer_id", value="net")
    made = Section(Text(metric.title, metric.title_zh), figures_of=[(result, "tiers")])
    rows = [row for row in result.tables["segments"].to_rows() if row["tier_id"] is not None and row["customers"]]
    if rows:
        top = max(rows, key=lambda row: row["tier_id"])
        customers, share, worth = f"{top['customers']:,}", percent(top["share"]), percent(top["value_share"])
        made.findings.append(
            Text(
                f"Tier {top['tier']} holds {customers} customers ({share}) and {worth} of net sales.",
                f"{top['tier_zh'] or top['tier']}会员 {customers} 人（{share}），贡献净销售额 {worth}。",
            )
        )
    return made
