"""Documentation that is true: every example runs as printed, every table of segments and every example by hand is recomputed.

- ```` ```python ```` blocks of a page run one after the other; a ```` ```text ```` block right after one is what it prints.
- ```` ```c ```` blocks with a main() are compiled and run, and print the ```` ```text ```` block after them. Others are lines of a program under examples/c,
  which the build compiles and runs, or else compile in a function of their own.
- ```` ```sh ```` blocks: lines that begin with `pdmetrics` are run.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import textwrap
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import ROOT

PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")])
BUILD = Path(os.environ.get("PDM_BUILD_DIR") or ROOT / "build" / "release")


@dataclass
class Block:
    page: str
    line: int
    language: str
    code: str
    output: str | None = None


def blocks(page):
    text = page.read_text(encoding="utf-8")
    found, end = [], -1
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        if match[1] == "text" and found and not text[end : match.start()].strip():
            found[-1].output = match[2]
        else:
            found.append(Block(page.name, text.count("\n", 0, match.start()) + 1, match[1], match[2]))
        end = match.end()
    return found


ALL = {page: blocks(page) for page in PAGES}


def named(pages):
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


def pages_with(language):
    return named(page for page in PAGES if any(block.language == language for block in ALL[page]))


def test_there_are_examples():
    assert {block.language for found in ALL.values() for block in found} == {"c", "cmake", "python", "sh", "toml"}
    assert len([block for found in ALL.values() for block in found if block.language == "python"]) > 10


# ------------------------------------------------------------------------------------------------------------------ Python


@pytest.mark.parametrize("page", pages_with("python"))
def test_python(pdm, page, tmp_path, monkeypatch):
    for package in ("pandas", "polars"):
        if any(f"to_{package}" in block.code for block in ALL[page]):
            pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "example"}
    for block in ALL[page]:
        if block.language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.code, f"{page}:{block.line}", "exec"), names)
        assert printed.getvalue() == (block.output or ""), f"{page.name}:{block.line}"


@pytest.mark.parametrize("page", pages_with("sh"))
def test_commands(pdm, page, tmp_path, monkeypatch, capsys):
    lines = [line for block in ALL[page] if block.language == "sh" for line in block.code.splitlines()]
    for line in lines:
        word = line.split()[0]
        if word.startswith("./"):
            assert os.access(ROOT / word, os.X_OK), line
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("pdmetrics ")]
    if not commands:
        return
    pytest.importorskip("duckdb")
    pytest.importorskip("plotly")
    from pdmetrics import cli

    monkeypatch.chdir(tmp_path)
    for command in commands:
        assert cli.main(command) == 0, (command, capsys.readouterr().err)


@pytest.mark.parametrize("page", pages_with("toml"))
def test_toml(page):
    for block in ALL[page]:
        if block.language == "toml":
            assert tomllib.loads(block.code), f"{page.name}:{block.line}"


# ----------------------------------------------------------------------------------------------------------------------- C


@pytest.fixture(scope="module")
def compiler():
    found = os.environ.get("CC") or shutil.which("cc")
    if not found:
        pytest.skip("no C compiler")
    return [found, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", str(ROOT / "include")]


def program_lines():
    return ["\n" + textwrap.dedent(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "examples").rglob("*.c"))]


@pytest.mark.parametrize("page", pages_with("c"))
def test_c(page, compiler, tmp_path):
    programs = program_lines()
    for number, block in enumerate(block for block in ALL[page] if block.language == "c"):
        source = tmp_path / f"block{number}.c"
        if "int main(" in block.code:
            run_program(block, compiler, source)
        elif not any("\n" + block.code in program for program in programs):
            body = textwrap.indent(block.code, "    ")
            source.write_text(
                "#include <pdmetrics.h>\n\nvoid block(void);\nvoid block(void) {\n    pdm_error err;\n" + body + "}\n", encoding="utf-8"
            )
            quiet = ["-Wno-unused-variable", "-Wno-unused-but-set-variable", "-fsyntax-only"]
            done = subprocess.run([*compiler, *quiet, source], capture_output=True, encoding="utf-8")
            assert done.returncode == 0, f"{page.name}:{block.line}: neither in examples/ nor right by itself\n{done.stderr}"


def run_program(block, compiler, source):
    library = BUILD / "libpdmetrics.a"
    if not library.is_file():
        pytest.skip("the C library is not built (cmake --preset release; or set PDM_BUILD_DIR)")
    source.write_text(block.code, encoding="utf-8")
    program = source.with_suffix("")
    subprocess.run([*compiler, source, "-o", program, library, "-lcbor", "-lxxhash", "-lm", "-pthread"], check=True)
    done = subprocess.run([program], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == block.output, f"{block.page}:{block.line}"


def test_the_readmes_have_the_same_examples():
    english, chinese = (
        [(block.language, block.output, block.code) for block in ALL[ROOT / name] if block.language != "sh"]
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese
    assert english[0][2] == (ROOT / "examples" / "c" / "quickstart.c").read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------------------------- tables


def tables(page, heading):
    """Tables of a section, as lists of dicts."""
    section = re.split(r"^#{2,3} ", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.M)
    body = next(part for part in section if part.splitlines()[0] == heading)
    found = []
    for match in re.finditer(r"(?:^\|.*\|\n)+", body, re.M):
        head, _, *rows = ([cell.strip().strip("`") for cell in line.strip("|\n").split("|")] for line in match[0].splitlines())
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


@pytest.mark.parametrize(("page", "heading"), [("metrics/rfm.md", "Worked example"), ("metrics/rfm.zh-CN.md", "手算示例")])
def test_rfm_by_hand(pdm, page, heading):
    given, expected = tables(page, heading)
    china = ZoneInfo("Asia/Shanghai")
    rows = [
        {
            "customer_id": row["customer_id"],
            "order_id": int(row["order_id"]),
            "time": datetime.fromisoformat(row["time"]).replace(tzinfo=china),
            "amount": int(row["amount"]),
            "original_order_id": int(row["original_order_id"]) if row["original_order_id"] else None,
        }
        for row in given
    ]
    result = pdm.rfm(rows, tz="Asia/Shanghai")
    assert [{name: str(row[name]) for name in expected[0]} for row in result.to_rows()] == expected
    assert result.stats["customers_without_order"] == [1]


@pytest.mark.parametrize(("page", "heading"), [("metrics/funnel.md", "Worked example"), ("metrics/funnel.zh-CN.md", "手算示例")])
def test_funnel_by_hand(pdm, page, heading):
    given, steps, durations = tables(page, heading)
    china = ZoneInfo("Asia/Shanghai")
    rows = [{**row, "time": datetime.fromisoformat(row["time"]).replace(tzinfo=china)} for row in given]
    result = pdm.funnel(rows, steps=["view", "cart", "pay"], within="3d", tz="Asia/Shanghai")
    got = [{name: "–" if row[name] is None else str(row[name]) for name in steps[0]} for row in result.to_rows()]
    assert got == steps
    assert [row["rate_first"] for row in result.to_rows()] == [1, 3 / 5, 2 / 5]
    assert [row["rate_prev"] for row in result.to_rows()] == [None, 3 / 5, 2 / 3]
    spent = [{name: f"{row[name] / 1e6:.0f} s" if name in ("min", "median", "max") else str(row[name]) for name in durations[0]}
             for row in result.durations.to_rows()]
    assert spent == durations
    assert result.totals["units"] == [6]


def test_tiers_by_hand(pdm):
    given, expected = tables("metrics/tiers.md", "Worked example")
    result = pdm.tiers({name: [int(row[name]) for row in given] for name in ("customer_id", "value")})
    assert [{name: str(row[name]) for name in expected[0]} for row in result.to_rows()] == expected


def test_actuals_by_hand(pdm):
    given, expected = tables("metrics/actuals.md", "Worked example")
    rows = [{**row, "time": datetime.fromisoformat(row["time"]), "amount": int(row["amount"]), "order_id": int(row["order_id"])} for row in given]
    result = pdm.actuals(rows, calendar_period="month", dedupe="order_id")
    got = [{name: "–" if row[name] is None else str(row[name]) for name in expected[0]} for row in result.to_rows()]
    assert got == expected


def test_credit_by_hand(pdm):
    given, expected = tables("metrics/credit.md", "Worked example")
    rows = [{**row, "order_id": int(row["order_id"]), "amount": int(row["amount"])} for row in given]
    for row in expected:
        result = pdm.credit(rows, policy=row["policy"])
        credited = dict(zip(result["staff_id"], result["credited"], strict=True))
        assert [credited["p1"], credited["s1"]] == [int(row[name].split("=")[-1]) for name in ("p1", "s1")]
        assert result.totals["credited_total"] == [int(row["credited_total"])]
        assert result.totals["company_total"] == [180]


PLAN = sorted(page for page in (ROOT / "docs" / "plan").glob("*.md") if not page.name.endswith(".zh-CN.md"))


@pytest.mark.parametrize("page", named(PLAN))
def test_plan_pages_in_both_languages(page):
    chinese = page.with_name(page.stem + ".zh-CN.md")
    links = [re.findall(r"\]\(reference/(\w+)\.md\)", each.read_text(encoding="utf-8")) for each in (page, chinese)]
    assert sorted(links[0]) == sorted(links[1])
    assert [(each.code, each.output) for each in ALL[page]] == [(each.code, each.output) for each in ALL[chinese]]


def test_every_calculator_has_a_guide(pdm):
    """Once in the overview, once on its page."""
    names = sorted(page.stem for page in (ROOT / "docs" / "plan" / "reference").glob("*.md"))
    assert set(pdm.plan.__all__) >= set(names)
    for pages in ([page for page in PLAN if page.stem == "overview"], [page for page in PLAN if page.stem != "overview"]):
        text = "".join(page.read_text(encoding="utf-8") for page in pages)
        assert sorted(re.findall(r"\]\(reference/(\w+)\.md\)", text)) == names


STATS = sorted(page for page in (ROOT / "docs" / "stats").glob("*.md") if not page.name.endswith(".zh-CN.md"))


def test_every_statistic_has_a_guide(pdm):
    """Once in the overview, once on its page; the overview says the same in both languages."""
    names = sorted(page.stem for page in (ROOT / "docs" / "stats" / "reference").glob("*.md"))
    assert set(pdm.stats.__all__) >= set(names)
    overview = ROOT / "docs" / "stats" / "overview.md"
    chinese = overview.with_name("overview.zh-CN.md")
    for pages in ([overview], [chinese], [page for page in STATS if page != overview]):
        text = "".join(page.read_text(encoding="utf-8").split("\n## Formulas")[0] for page in pages)
        assert sorted(re.findall(r"\]\(reference/(\w+)\.md\)", text)) == names
    assert [(each.code, each.output) for each in ALL[overview]] == [(each.code, each.output) for each in ALL[chinese]]


def every_code(pdm, k, **options):
    """Code → segment, by a customer of every code: R, F and M are k values each, and cuts between them."""
    rows = []
    for r in range(k):
        for f in range(k):
            for m in range(k):
                time = datetime(2025, 1, 28 - 2 * (k - 1 - r), tzinfo=ZoneInfo("UTC"))
                total = 1000 * (m + 1)
                rows += [{"customer_id": 100 * r + 10 * f + m, "time": time, "amount": total // (f + 1)} for _ in range(f)]
                rows.append({"customer_id": 100 * r + 10 * f + m, "time": time, "amount": total - f * (total // (f + 1))})
    days = [29 - (28 - 2 * i) for i in range(k)]
    cuts = {"r": days[1:], "f": list(range(2, k + 1)), "m": [1000 * (i + 1) for i in range(1, k)]}
    if options.get("map") == "cn8":
        options |= {"split_by": "value", "split_r": 2, "split_f": 1, "split_m": 1500}
        thresholds = None
    else:
        options |= {"policy": "fixed", "k": k}
        thresholds = [(dimension, cut) for dimension, values in cuts.items() for cut in values]
    result = pdm.rfm(rows, grain="order", thresholds_list=thresholds, **options)
    assert len(result) == k**3
    return result, dict(zip(result["code"], result["segment"], strict=True))


@pytest.mark.parametrize("name", ["en11", "en10_rf", "rfm_r10", "pymc5"])
def test_maps(pdm, name):
    k = 4 if name == "pymc5" else 5
    (segments,) = tables("metrics/rfm.md", name)
    result, found = every_code(pdm, k, map=name)
    assert len(found) == k**3
    expected = {}
    for row in segments:
        cells = row.get("codes", row.get("codes (R F)", "")).split()
        if name == "rfm_r10":
            ends = [[int(end) for end in row[d].split("-")] for d in "RFM"]
            cells = ["".join(map(str, code)) for code in product([range(e[0], e[-1] + 1) for e in ends])]
        for cell in cells:
            for code in [cell] if len(cell) == 3 else [f"{cell}{m}" for m in range(1, 6)]:
                if name == "rfm_r10":
                    expected.setdefault(code, row["segment"])
                else:
                    assert code not in expected, f"{code} is there twice"
                    expected[code] = row["segment"]
    rest = {"rfm_r10": "Others", "pymc5": "Other"}.get(name)
    assert found == {code: expected.get(code, rest) for code in found}
    listed = {row["segment"]: (row["segment_zh"], row["rank"]) for row in result.map.to_rows()}
    for row in segments:
        assert listed[row["segment"]] == (row["中文"], int(row["rank"]))


def product(ranges):
    codes = [()]
    for each in ranges:
        codes = [(*code, value) for code in codes for value in each]
    return codes


@pytest.mark.parametrize("page", ["metrics/rfm.md", "metrics/rfm.zh-CN.md"])
@pytest.mark.parametrize("convention", ["recent_high", "days_high"])
def test_cn8(pdm, page, convention):
    segments = [{"segment": row.get("segment", row.get("分群")), **row} for row in tables(page, "cn8")[0]]
    recent_high = {row["recent_high"]: row for row in segments}
    result, found = every_code(pdm, 2, map="cn8", cn8_convention=convention)
    assert found == {row[convention]: row["segment"] for row in segments}
    assert [row["segment"] for row in sorted(result.map.to_rows(), key=lambda row: row["rank"])] == [row["segment"] for row in segments]
    result, _ = every_code(pdm, 2, map="cn8", cn8_convention=convention, cn8_names="alt")
    for row in result.to_rows():  # these names follow what the values are, not the bits
        bits = f"{int(row['recency_days'] < 2)}{int(row['frequency'] > 1)}{int(row['monetary'] > 1500)}"
        alt = next(cell for name, cell in recent_high[bits].items() if "alt" in name)
        assert row["segment"] == alt


def test_errors_page_is_complete(pdm):
    codes = error_table()
    header = (ROOT / "include/pdmetrics/status.h").read_text(encoding="utf-8")
    assert [row["C"] for row in codes] == re.findall(r"\b(PDM_E_\w+) =", header)
    for row in codes:
        kind = getattr(pdm, row["Python"])
        assert kind.code == row["code"] == row["C"].removeprefix("PDM_E_").lower()


def test_extras_are_those_of_the_package():
    text = (ROOT / "docs/guide/dependencies.md").read_text(encoding="utf-8")
    named_there = re.findall(r"^\| `(\w+)` \|", text[text.index("| extra |") :].split("\n\n")[0], re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert named_there == list(project["optional-dependencies"])


def error_table():
    text = (ROOT / "docs/guide/errors.md").read_text(encoding="utf-8")
    lines = text[text.index("| code | C |") :].split("\n\n")[0].splitlines()
    head, _, *rows = ([cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines)
    return [dict(zip(head, row, strict=True)) for row in rows]


# -------------------------------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize("page", named(PAGES))
def test_links(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            assert (page.parent / target.split("#")[0]).exists(), target
    for name in re.findall(r"`((?:include|lib|tests|examples|docs|bindings|cmake)/[\w./*-]+)`", text):
        if not re.search(r"/(?:x|test_x)\.\w+$|reference/x\.md", name):
            assert list(ROOT.glob(name)), name
