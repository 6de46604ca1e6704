"""What the steps of making a plan share: model, history, and calculators whose errors name the model file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from .. import plan as calculators
from .._errors import Error
from .._events import label
from ..review import Text
from .history import MEASURES, History
from .model import Model, Number
from .tables import Col, Part, Plan

R = TypeVar("R")


@dataclass
class Work:
    """A plan being made."""

    model: Model
    history: History | None
    plan: Plan
    months: list[str]
    channels: list[str] = field(default_factory=list)
    channel_shares: dict[str, float] = field(default_factory=dict)
    segments: list[str] = field(default_factory=list)
    segment_shares: dict[str, dict[str, float]] = field(default_factory=dict)
    season: dict[str, float] = field(default_factory=dict)
    day_weights: dict[date, float] = field(default_factory=dict)
    targets: dict[str, int] = field(default_factory=dict)
    total: int = 0
    leaves: dict[str, float] = field(default_factory=dict)
    bottom_up: float | None = None
    _measures: dict[str, float] | None = None

    def measures(self) -> dict[str, float]:
        """What history measures; nothing without history."""
        if self._measures is None:
            self._measures = {} if self.history is None else self.history.measures()
        return self._measures

    def call(self, where: str, run: Callable[..., R], *arguments: Any, **named: Any) -> R:
        """A calculator whose error says which key of the model is to blame."""
        try:
            return run(*arguments, **named)
        except Error as error:
            raise self.model.fail(where, _said(error)) from error

    def number(self, number: Number, *, role: str = "free") -> float:
        """A number of the model: a formula over history where there is one, the value otherwise."""
        value = number.value
        if number.history and self.history is not None:
            value = self._of_history(number)
        if value is None:
            raise self.model.fail(
                f"{number.where}.history", "needs order rows: give --history, or write value = … beside it"
            )
        value *= 1 + number.change
        if role == "rate" and not 0 <= value <= 1:
            raise self.model.fail(number.where, f"a rate is between 0 and 1, this is {value:.6g}")
        return value

    def _of_history(self, number: Number) -> float:
        measures = self.measures()
        leaves = [{"leaf": name, "role": "free", "value": value} for name, value in measures.items()]
        where = f"{number.where}.history"
        try:
            row = calculators.formula(formula=number.history, leaves=leaves).tables["nodes"].to_rows()[-1]
        except Error as error:
            missing = [name for name in MEASURES if name in number.history and name not in measures]
            if missing:
                back = self.model.active_months
                what = (
                    f"{missing[0]} needs a whole active window ({back} months) before a month of the base year; "
                    f"history begins with {self._begin()}: give more rows, a smaller history.active_months, "
                    "or value = … instead"
                )
                raise self.model.fail(where, what) from error
            names = ", ".join(MEASURES)
            raise self.model.fail(where, f"{_said(error)}; history measures {names}") from error
        if row["status"] != "ok":
            raise self.model.fail(where, f'"{number.history}" has no value: {row["status"]}')
        return float(row["value"])

    def _begin(self) -> str:
        return "" if self.history is None else f"{self.history.first_month:%Y-%m}"

    @property
    def segment(self) -> Col:
        """The column of segments."""
        return Col("segment", Text("segment", "客群"), names=_SEGMENTS)

    @property
    def channel(self) -> Col:
        """The column of channels."""
        return Col("channel", Text("channel", "渠道"), names={name: self.channel_name(name) for name in self.channels})

    @staticmethod
    def channel_name(channel: str) -> Text:
        """What a channel is called."""
        return Text(label(channel, "en"), label(channel, "zh"))

    @property
    def channel_names(self) -> dict[str, tuple[str, str]]:
        """The same for figures."""
        return {name: (text.en, text.zh) for name in self.channels for text in (self.channel_name(name),)}

    def leaf(self, name: str, title: Text) -> Col:
        """A column of leaves, shown by their labels."""
        return Col(name, title, names={leaf.name: Text(*leaf.label) for leaf in self.model.leaves})

    def label(self, segment: str) -> Text:
        """What a segment is called."""
        return _SEGMENTS.get(segment, Text(segment, segment))

    def add(self, part: Part) -> None:
        """A finished chapter."""
        self.plan.parts.append(part)


def _said(error: Error) -> str:
    """What a calculator found wrong, without the column that the key stands for and the picture of the formula."""
    return error.message.partition("\n")[0].removeprefix("text: ")


_SEGMENTS: Mapping[str, Text] = {"new": Text("new customers", "新客"), "old": Text("returning customers", "老客")}
