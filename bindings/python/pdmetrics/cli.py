"""The command line: ``pdmetrics rfm orders.csv``, ``pdmetrics review orders.csv``, ``pdmetrics plan model.toml``."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, NoReturn

from . import _output, _reading, _render, _shorthand, datasets
from ._errors import ArgumentError, Error, OptionError
from ._native import core
from ._progress import Bar, Steps
from ._reading import flags
from ._registry import MetricInfo, OptionInfo, metrics
from ._result import Result
from ._state import compute, one_workspace

_TEXT = {"en": {"wrote": "wrote", "rows": "rows"}, "zh": {"wrote": "已写入", "rows": "行"}}
# Names by which an option is known outside the library.
_ALSO = {("rfm", "map"): "--scheme"}
# Flags of the review itself, which no option of a metric can have there.
_OF_REVIEW = ("input", "only", "tz", "threads", "lang", "progress", "html", "docs")
_EXIT_CODES = (
    "exit codes: 0 done; 1 a fault of the program; 2 something to put right, said in one line; 130 stopped by Ctrl-C, "
    "143 by a signal. Files are written in whole or not at all."
)
_AS_WRITTEN = (core.PDM_OPTION_ENUM, core.PDM_OPTION_TEXT, core.PDM_OPTION_TIME, core.PDM_OPTION_DURATION)


# What a review calls its inputs; files of these names in a directory are taken for them.
_INPUTS = ("orders", "events", "touches", "spend", "friends", "invitations", "assignments", "targets")
# Commands that know all options of a metric: a list of them in brackets would only stand before the one that explains them.
_USAGE = "%(prog)s {} [option …]"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message} (see {self.prog} --help)\n")
        raise SystemExit(2)


def _flag(name: str) -> str:
    return "--" + name.rstrip("_").replace("_", "-")


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("%", "%%")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tz",
        metavar="ZONE",
        help="time zone of days and dates, and of times that have none: Asia/Shanghai, +08:00 (default: UTC)",
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads to use (default: all)")
    parser.add_argument(
        "--lang", choices=("en", "zh"), default="en", help="language of summaries, messages and the page"
    )
    parser.add_argument("--progress", action="store_true", help="show progress even where stderr is no terminal")
    parser.add_argument("--html", metavar="PAGE.html", help="write a page with figures, complete in one file")


def _add_option(group: argparse._ArgumentGroup, metric: str, option: OptionInfo) -> None:
    flags = [_flag(option.name)]
    if (metric, option.name) in _ALSO:
        flags.append(_ALSO[metric, option.name])
    unit = f" [{option.unit}]" if option.unit else ""
    text = _escape(option.doc + unit)
    dest = f"option_{option.name}"
    if option.kind == core.PDM_OPTION_BOOL:
        group.add_argument(*flags, dest=dest, action="store_true", default=None, help=text)
    elif option.kind == core.PDM_OPTION_ENUM:
        shown = f"{', '.join(option.values)} (default: {option.default})"
        group.add_argument(*flags, dest=dest, metavar="NAME", help=_escape(f"{text}: {shown}"))
    else:
        default = "" if option.default in (None, "") else f" (default: {option.default})"
        group.add_argument(*flags, dest=dest, metavar="VALUE", help=_escape(text + default))


def _add_metric(parser: argparse.ArgumentParser, metric: MetricInfo) -> None:
    columns = parser.add_argument_group("columns of the input")
    for column in metric.columns:
        columns.add_argument(
            _flag(column.keyword),
            dest=f"column_{column.keyword}",
            metavar="COLUMN",
            help=_escape(f"{column.doc} (default: {column.name})"),
        )
    if metric.lists:
        lists = parser.add_argument_group("lists: a CSV or JSON file, or JSON itself")
        for name in metric.lists:
            _add_list(lists, metric, name)
    options = parser.add_argument_group("options")
    for extra in _shorthand.of(metric.name).parameters:
        _add_extra(options, extra)
    for option in metric.options.values():
        _add_option(options, metric.name, option)


def _add_extra(group: argparse._ArgumentGroup, extra: _shorthand.Parameter) -> None:
    group.add_argument(_flag(extra.name), dest=f"extra_{extra.name}", metavar="VALUE", help=_escape(extra.doc))


def _add_list(group: argparse._ArgumentGroup, metric: MetricInfo, name: str) -> None:
    info = metric.lists[name]
    keyword = metric.list_keyword(name)
    columns = ", ".join(column.name for column in info.columns)
    words = ""
    kind = "list"
    if name in _shorthand.of(metric.name).lists_in_words:
        kind, words = "words", " Or in words: a,b,c (a|b for either)."
    group.add_argument(
        _flag(keyword), dest=f"{kind}_{keyword}", metavar="LIST", help=_escape(f"{info.doc} Columns: {columns}.{words}")
    )


def _parser() -> _Parser:
    parser = _Parser(
        prog="pdmetrics",
        description="Private-domain (私域) commerce metrics from files and queries.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"pdmetrics {core.pdm_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for metric in metrics.values():
        summary = _escape(metric.summary)
        sub = commands.add_parser(
            metric.name, usage=_USAGE.format("input"), help=summary, description=summary, epilog=_EXIT_CODES
        )
        sub.add_argument("input", help="CSV, Parquet or JSON file, or a SQL query for DuckDB")
        sub.add_argument(
            "--out", metavar="FILE", help="write the main table (.csv, .parquet), or all tables into a directory"
        )
        sub.add_argument("--table", metavar="NAME", help="print, and write, this table instead of the main one")
        _add_common(sub)
        flags.add(sub)
        _add_metric(sub, metric)
        sub.set_defaults(run=_run_metric, metric=metric)
    _add_review(commands)
    _add_plan(commands)
    sample = commands.add_parser("sample", help="write sample data of a simulated private domain")
    sample.add_argument("directory", metavar="DIR")
    sample.add_argument("--customers", type=int, default=10_000, metavar="N")
    sample.add_argument("--seed", type=int, default=1, metavar="N")
    sample.add_argument("--format", choices=("csv", "parquet"), default="csv")
    sample.set_defaults(run=_run_sample, lang="en")
    listed = commands.add_parser("metrics", help="list the metrics")
    listed.add_argument("--json", action="store_true", help="everything that is known about them, as JSON")
    listed.set_defaults(run=_run_metrics, lang="en")
    return parser


def _add_plan(commands: Any) -> None:
    plan = commands.add_parser(
        "plan", help="a year planned from a model file: split, rolled up, tracked, re-planned", epilog=_EXIT_CODES
    )
    plan.add_argument("model", nargs="?", metavar="MODEL.toml", help="the model file (see --example)")
    plan.add_argument(
        "--history",
        metavar="ORDERS",
        help="order rows: CSV, Parquet or JSON file, a SQL query for DuckDB, or a directory with orders.csv; "
        "those from the start of the plan on are what was reached",
    )
    plan.add_argument("--as-of", metavar="DATE", help="last day that counts (default: the model's, or the last sale)")
    plan.add_argument("--example", action="store_true", help="write a complete model file with comments to start from")
    plan.add_argument("--out", metavar="DIR", help="write every table as CSV into a directory, amounts in minor units")
    plan.add_argument("--json", action="store_true", help="print everything as JSON, amounts in minor units")
    plan.add_argument("--table", metavar="NAME", help="print this table in full")
    _add_common(plan)
    flags.add(plan)
    plan.set_defaults(run=_run_plan)


def _add_review(commands: Any) -> None:
    review = commands.add_parser(
        "review",
        usage=_USAGE.format("[input]"),
        help="every metric that the data allow, as a summary and a page",
        epilog=_EXIT_CODES,
    )
    review.add_argument(
        "input", nargs="?", help="orders (CSV, Parquet, JSON or SQL), or a directory with orders.csv, events.csv …"
    )
    review.add_argument(
        "--input",
        dest="inputs",
        action="append",
        default=[],
        metavar="NAME=SOURCE",
        help=f"another input: {_INPUTS[1]}=FILE, " + ", ".join(f"{name}=" for name in _INPUTS[2:]),
    )
    review.add_argument("--only", action="append", default=[], metavar="METRIC", help="only these metrics")
    review.add_argument(
        "--docs", metavar="URL", help="where the folder docs of this project can be read, for links from the page"
    )
    review.add_argument(
        "--currency-exponent",
        dest="option_currency_exponent",
        type=int,
        default=2,
        metavar="N",
        help="decimal places of amounts that are not whole minor units (default: 2)",
    )
    _add_common(review)
    flags.add(review)
    names: dict[str, str] = {}
    columns = review.add_argument_group("columns of the inputs")
    for metric in metrics.values():
        for column in metric.columns:
            if column.keyword not in names:
                names[column.keyword] = column.name
                columns.add_argument(
                    _flag(column.keyword),
                    dest=f"column_{column.keyword}",
                    metavar="COLUMN",
                    help=_escape(f"{column.doc} (default: {column.name})"),
                )
    seen: set[str] = {"currency_exponent", *_OF_REVIEW}
    options = review.add_argument_group("options of the metrics")
    for metric in metrics.values():
        for option in metric.options.values():
            if option.name not in seen and option.name not in names:
                seen.add(option.name)
                _add_option(options, metric.name, option)
    keywords = {metric.list_keyword(name) for metric in metrics.values() for name in metric.lists}
    for metric in metrics.values():
        known = _shorthand.of(metric.name)
        for name in metric.lists:
            if name in known.lists_in_words:
                _add_list(options, metric, name)
        for extra in known.parameters:
            if extra.name not in seen and extra.name not in names and extra.name not in keywords:
                seen.add(extra.name)
                _add_extra(options, extra)
    review.set_defaults(run=_run_review)


# ----------------------------------------------------------------------------------------------------------- arguments


def _option_value(option: OptionInfo, text: Any) -> Any:
    """The Python value of a flag's text."""
    if not isinstance(text, str) or option.kind in _AS_WRITTEN:
        return text
    try:
        return float(text) if option.kind == core.PDM_OPTION_FLOAT else int(text)
    except ValueError:
        raise OptionError(f'{_flag(option.name)}: expected a number, got "{text}"', column=option.name) from None


def _arguments(given: argparse.Namespace, known: Mapping[str, OptionInfo]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in vars(given).items():
        if value is None:
            continue
        if name.startswith("column_"):
            found[name.removeprefix("column_")] = value
        elif name.startswith("option_"):
            option = known[name.removeprefix("option_")]
            found[option.name] = _option_value(option, value)
        elif name.startswith("list_"):
            found[name.removeprefix("list_")] = _list(name.removeprefix("list_"), value)
        elif name.startswith("words_"):
            found[name.removeprefix("words_")] = _list(name.removeprefix("words_"), value, words=True)
        elif name.startswith("extra_"):
            found[name.removeprefix("extra_")] = value
    found["tz"] = given.tz
    found["threads"] = given.threads
    found["progress"] = _progress(given)
    return found


def _list(name: str, text: str, *, words: bool = False) -> Any:
    """A list from a file or from JSON; or, if it may be in words and is no file, as it is."""
    stripped = text.strip()
    if stripped.startswith(("[", "{")):
        return _json(name, stripped)
    if words and not text.lower().endswith((".csv", ".json")) and not os.path.isfile(text):
        return text
    try:
        with open(text, encoding="utf-8-sig", newline="") as source:
            if text.lower().endswith(".json"):
                return _json(name, source.read())
            rows = list(csv.DictReader(source))
    except OSError as error:
        raise ArgumentError(f'{_flag(name)}: "{text}" cannot be read: {error.strerror}') from None
    return [{key: _cell(value) for key, value in row.items() if key is not None} for row in rows]


def _json(name: str, text: str) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ArgumentError(f"{_flag(name)}: no valid JSON: {error}") from None
    if isinstance(value, list):
        return [tuple(row) if isinstance(row, list) else row for row in value]
    return value


def _cell(text: str | None) -> Any:
    """A CSV field: a number if it is one, nothing if it is empty. Codes keep their leading zeros."""
    if text is None or text == "":
        return None
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if kind is float or str(value) == text else text
    return text


def _progress(given: argparse.Namespace) -> Any:
    return Bar() if given.progress or sys.stderr.isatty() else None


# ----------------------------------------------------------------------------------------------------------- commands


def _run_metric(given: argparse.Namespace) -> int:
    metric: MetricInfo = given.metric
    arguments = _arguments(given, metric.options)
    if given.html:
        _output.check(given.html)
    with flags.reader(given, arguments.get("currency_exponent")) as reader:
        fields = flags.of_metric(metric)
        loaded = reader.load(given.input, fields, flags.named(arguments, fields))
        if loaded.whole and "currency_exponent" in metric.options:
            arguments.setdefault("currency_exponent", reader.settings.exponent)
        if given.tz and "naive_time" in metric.options:
            arguments.setdefault("naive_time", "local")
        try:
            result = compute(metric.name, loaded.relation, arguments)
        except Error as error:
            raise loaded.blamed(error) from None
        shown = _summary(result, given.table)
        _say_notes(given, loaded.notes)
        if given.out:
            if not os.path.splitext(given.out)[1]:
                result.save_all(given.out)
            else:
                (result.tables[given.table] if given.table else result.main).save(given.out)
            _say_wrote(given, given.out)
        if given.html:
            _build(given, {"input": loaded}, {"input": given.input}, arguments, [metric.name])
    print(shown)
    return 0


def _summary(result: Result, table: str | None) -> str:
    if table is not None:
        if table not in result.tables:
            raise ArgumentError(f'--table: no table "{table}"; there are {", ".join(result.tables)}')
        return repr(result.tables[table])
    short = [item for item in result.tables.values() if len(item) <= 40]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 1_000_000
    return "\n\n".join(
        _render.text_table(
            item.name, item.columns, [list(row.values()) for row in item.to_rows()], None, len(item), room
        )
        for item in short
        if len(item)
    ) or repr(result.main)


def _say_wrote(given: argparse.Namespace, path: str) -> None:
    sys.stderr.write(f"{_TEXT[given.lang]['wrote']} {path}\n")


def _say_notes(given: argparse.Namespace, notes: Sequence[_reading.Note]) -> None:
    for note in notes:
        sys.stderr.write(f"{note.zh if given.lang == 'zh' else note.en}\n")


def _build(
    given: argparse.Namespace,
    loaded: Mapping[str, _reading.Loaded],
    sources: Mapping[str, str],
    arguments: Mapping[str, Any],
    only: Sequence[str],
    *,
    reading: Sequence[_reading.Note] = (),
    steps: Steps | None = None,
) -> Any:
    """A review, and its page if there is to be one."""
    from . import review

    begin = None if steps is None else steps.begin
    inputs = {name: item.relation for name, item in loaded.items()}
    with one_workspace():
        made = review.build(inputs, only=only, sources=sources, reading=reading, begin=begin, **arguments)
    if given.html:
        from .review.page import page

        if begin is not None:
            begin("page")
        _output.write(given.html, page(made, given.lang, docs=getattr(given, "docs", None)))
        if steps is not None:
            steps.close()
        _say_wrote(given, given.html)
    return made


def _run_review(given: argparse.Namespace) -> int:
    from . import review

    sources = _sources(given)
    for name in given.only:
        if name not in review.parts():
            raise ArgumentError(f'--only: no metric "{name}"; there are {", ".join(review.parts())}')
    if given.html:
        _output.check(given.html)
    known: dict[str, OptionInfo] = {}
    for metric in metrics.values():
        for option in metric.options.values():
            known.setdefault(option.name, option)
    arguments = _arguments(given, known)
    arguments.setdefault("null_rows", "skip")  # rows without a customer still count where no customer is needed
    if given.tz:
        arguments.setdefault("naive_time", "local")
    steps = None
    if arguments["progress"] is not None:
        steps = arguments["progress"] = Steps(len(sources) + len(given.only or review.parts()) + bool(given.html))
    try:
        with flags.reader(given, arguments.get("currency_exponent"), None if steps is None else steps.begin) as reader:
            loaded, notes = _load_all(reader, sources, arguments, bool(given.only))
            try:
                made = _build(given, loaded, sources, arguments, given.only, reading=notes, steps=steps)
            except review.NothingToTell as error:
                raise _asked(error, loaded) from None
    finally:
        if steps is not None:
            steps.close()
    print(review.summary(made, given.lang))
    return 0


def _load_all(
    reader: _reading.Reader, sources: Mapping[str, str], arguments: Mapping[str, Any], only: bool
) -> tuple[dict[str, _reading.Loaded], list[_reading.Note]]:
    """The inputs of a review; of several, those without rows are left out."""
    fields = flags.of_review()
    loaded: dict[str, _reading.Loaded] = {}
    notes: list[_reading.Note] = []
    empty: list[_reading.EmptyError] = []
    named = flags.named(arguments, fields)
    for name, source in sources.items():
        try:
            found = reader.load(source, fields, named)
        except _reading.EmptyError as error:
            empty.append(error)
            notes.append(_reading.Note(f"{error}; left out", f"{os.path.basename(source)}：没有数据行，已跳过"))
            continue
        loaded[name] = found
        notes += found.notes
        missing = [item for item in found.missing if item.read]
        if (
            name == "orders"
            and [item.name for item in missing] == ["amount"]
            and not only
            and "event" not in found.columns
        ):
            raise _reading.question(found.label, missing, found.found)
    if not loaded:
        raise empty[0]
    return loaded, notes


def _asked(error: Error, loaded: Mapping[str, _reading.Loaded]) -> Error:
    """Where the data allow nothing: the question which columns are what, if some that matter were not found."""
    for item in loaded.values():
        missing = [field for field in item.missing if field.read]
        if missing:
            return _reading.question(item.label, missing, item.found, "the data allow no metric; ")
    return error


def _sources(given: argparse.Namespace) -> dict[str, str]:
    sources: dict[str, str] = {}
    if given.input and os.path.isdir(given.input):
        for name in sorted(os.listdir(given.input)):
            stem, suffix = os.path.splitext(name.removesuffix(".gz"))
            if suffix in (".csv", ".tsv", ".parquet"):
                sources[stem] = os.path.join(given.input, name)
        if not sources:
            raise ArgumentError(f'no .csv, .tsv or .parquet file in "{given.input}"')
        if len(sources) == 1 and not set(sources) & set(_INPUTS):
            sources = {"orders": only for only in sources.values()}  # what else should it be
    elif given.input:
        sources["orders"] = given.input
    for item in given.inputs:
        name, equals, source = item.partition("=")
        if not equals or not name or not source:
            raise ArgumentError(f'--input: expected NAME=SOURCE, got "{item}"')
        sources[name] = source
    if not sources:
        raise ArgumentError("nothing to review: name a file, a directory or a query")
    return sources


def _run_plan(given: argparse.Namespace) -> int:
    from . import planning
    from .planning import report

    if given.example:
        return _write_example(given, planning.example())
    if not given.model:
        raise ArgumentError('which model file? "pdmetrics plan --example model.toml" writes one to start from')
    model = planning.load(given.model)
    if given.tz:
        model = dataclasses.replace(model, tz=given.tz)
    if given.as_of:
        try:
            model = dataclasses.replace(model, as_of=date.fromisoformat(given.as_of))
        except ValueError:
            raise ArgumentError(f'--as-of: expected a date such as 2025-07-15, got "{given.as_of}"') from None
    if given.html:
        _output.check(given.html)
    source = None if given.history is None else _orders_of(given.history)
    made = _planned(given, model, source)
    if given.json:
        shown = json.dumps(report.as_json(made), ensure_ascii=False, indent=2)
    else:
        room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 1_000_000
        shown = report.text(made, given.lang, table=given.table, room=room)
    if given.out:
        report.save(made, given.out)
        _say_wrote(given, given.out)
    if given.html:
        sources = {"model": given.model, **({} if source is None else {"history": source})}
        _output.write(given.html, report.page(made, given.lang, sources=sources))
        _say_wrote(given, given.html)
    print(shown)
    return 0


def _planned(given: argparse.Namespace, model: Any, source: str | None) -> Any:
    from . import planning

    machine = {"threads": given.threads, "progress": _progress(given)}
    if source is None:
        return planning.make(model, None, **machine)
    with flags.reader(given, model.exponent) as reader:
        loaded = reader.load(source, flags.of_plan(model.columns), {})
        name = source if os.path.exists(source) else "--history"
        history = planning.History(model, loaded.relation, name=name, connection=loaded.connection, **machine)
        made = planning.make(model, history, **machine)
        _say_notes(given, loaded.notes)
        return made


def _write_example(given: argparse.Namespace, text: str) -> int:
    if not given.model:
        print(text, end="")
        return 0
    try:
        with open(given.model, "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise ArgumentError(f'"{given.model}" is there already; name another file') from None
    _say_wrote(given, given.model)
    return 0


def _orders_of(source: str) -> str:
    """Order rows: as named, or the file of orders in a directory."""
    if not os.path.isdir(source):
        return source
    for name in ("orders.parquet", "orders.csv"):
        if os.path.isfile(os.path.join(source, name)):
            return os.path.join(source, name)
    raise ArgumentError(f'no orders.csv or orders.parquet in "{source}"')


def _run_sample(given: argparse.Namespace) -> int:
    data = datasets.private_domain(given.customers, given.seed)
    data.save_all(given.directory, format=given.format)
    for name, table in data.tables.items():
        print(f"{os.path.join(given.directory, name)}.{given.format}  {len(table):,} rows")
    return 0


def _run_metrics(given: argparse.Namespace) -> int:
    if given.json:
        print(json.dumps([_described(metric) for metric in metrics.values()], ensure_ascii=False, indent=2))
        return 0
    for metric in metrics.values():
        print(f"{metric.name}  {metric.title} {metric.title_zh}\n    {metric.summary}")
        print(f"    columns: {', '.join(column.name for column in metric.columns)}")
        print(f"    tables: {', '.join(metric.tables)}")
    return 0


def _described(metric: MetricInfo) -> dict[str, Any]:
    def columns(items: Any) -> list[dict[str, str]]:
        return [{"name": item.name, "unit": item.unit, "doc": item.doc} for item in items]

    return {
        "name": metric.name,
        "version": metric.version,
        "title": metric.title,
        "title_zh": metric.title_zh,
        "summary": metric.summary,
        "columns": columns(metric.columns),
        "options": [
            {"name": o.name, "values": list(o.values) or None, "default": o.default, "unit": o.unit, "doc": o.doc}
            for o in metric.options.values()
        ],
        "lists": [{"name": n, "doc": item.doc, "columns": columns(item.columns)} for n, item in metric.lists.items()],
        "tables": [{"name": n, "doc": item.doc, "columns": columns(item.columns)} for n, item in metric.tables.items()],
    }


class _Terminated(BaseException):
    """Somebody asked the program to end."""


def _terminated(number: int, frame: object) -> NoReturn:
    raise _Terminated


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Ends on SIGTERM as on Ctrl-C: with temporary files deleted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0, 2 for anything the user can put right, 130 for Ctrl-C, 143 for SIGTERM."""
    try:
        with _ending_in_order():
            return _run(argv)
    except _Terminated:
        sys.stderr.write("pdmetrics: stopped\n")
        return 143


def _run(argv: Sequence[str] | None) -> int:
    try:
        given = _parser().parse_args(argv)
        code: int = given.run(given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("\npdmetrics: stopped\n")
        return 130
    except (Error, OSError, MemoryError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        sys.stderr.write(f"pdmetrics: {text}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
