"""Documentation that is true: every example runs as printed, every table of segments and every example by hand is recomputed.

- ```` ```python ```` blocks of a page run one after the other; a ```` ```text ```` block right after one is what it prints.
- ```` ```c ```` blocks with a main() are compiled and run, and print the ```` ```text ```` block after them. Others are lines of a program under examples/c,
  which the build compiles and runs.
- ```` ```sh ```` blocks: lines that begin with `pdmetrics` are run here, `./examples/demo.sh` and `./tests/run.sh` by `.ci/run`. A block with any other line stands
  under a line *Not run by the tests: why.* (*测试不运行：……。*), which the reader sees too.
- ```` ```cmake ```` blocks are configured against the built library, ```` ```toml ```` blocks replace the line of their name in the example model, which is then planned.

And documentation that is whole: a page for every metric, calculator and guide, with all its parts, in English and Chinese, linked from where readers begin.
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
from fractions import Fraction
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
BUILD = Path(os.environ.get("PDM_BUILD_DIR") or ROOT / "build" / "release")


@dataclass
class Block:
    page: str
    line: int
    language: str
    code: str
    before: str = ""
    output: str | None = None


def blocks(page):
    text = page.read_text(encoding="utf-8")
    found, end = [], -1
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        if match[1] == "text" and found and not text[end : match.start()].strip():
            found[-1].output = match[2]
        else:
            before = text[: match.start()].rstrip().rsplit("\n", 1)[-1]
            found.append(Block(page.name, text.count("\n", 0, match.start()) + 1, match[1], match[2], before))
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


NOT_RUN = re.compile(r"\*(?:Not run by the tests: .{10,}\.|测试不运行：.{5,}。)\*")


@pytest.mark.parametrize("page", pages_with("sh"))
def test_commands(pdm, page, tmp_path, monkeypatch, capsys):
    by_ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = []
    for block in ALL[page]:
        for line in block.code.splitlines() if block.language == "sh" and not NOT_RUN.fullmatch(block.before) else []:
            if line.startswith("pdmetrics "):
                commands.append(shlex.split(line, comments=True)[1:])
            else:
                word = line.split()[0]
                assert word.removeprefix("./") in by_ci and os.access(ROOT / word, os.X_OK), f"{page.name}:{block.line}: who runs {line}?"
    if not commands:
        return
    pytest.importorskip("duckdb")
    pytest.importorskip("plotly")
    from pdmetrics import cli

    monkeypatch.chdir(tmp_path)
    for command in commands:
        assert cli.main(command) == 0, (command, capsys.readouterr().err)


@pytest.mark.parametrize("page", pages_with("toml"))
def test_toml(pdm, page, tmp_path):
    """A line of a model stands in for the line of its name in the example, and the model still makes a plan."""
    from pdmetrics import planning

    for block in ALL[page]:
        if block.language == "toml":
            (name,) = tomllib.loads(block.code)
            model, count = re.subn(rf"^{name} = .*$", block.code.strip().replace("\\", r"\\"), planning.example(), flags=re.M)
            assert count == 1, f"{page.name}:{block.line}"
            (tmp_path / "model.toml").write_text(model, encoding="utf-8")
            assert planning.make(planning.load(str(tmp_path / "model.toml")), None).tables["plan"].rows


@pytest.mark.parametrize("page", pages_with("cmake"))
def test_cmake(page, tmp_path):
    if not shutil.which("cmake") or not (BUILD / "cmake_install.cmake").is_file():
        pytest.skip("the C library is not built (cmake --preset release; or set PDM_BUILD_DIR)")
    prefix, source = tmp_path / "installed", tmp_path / "project"
    source.mkdir()
    (source / "main.c").write_text("#include <pdmetrics.h>\nint main(void) { return pdm_version() == NULL; }\n", encoding="utf-8")
    lines = "\n".join(block.code for block in ALL[page] if block.language == "cmake")
    target = re.search(r"target_link_libraries\((\w+)", lines)[1]
    found, linked = lines[: lines.index("target_link")], lines[lines.index("target_link") :]
    head = "cmake_minimum_required(VERSION 3.25)\nproject(example LANGUAGES C)\n"
    (source / "CMakeLists.txt").write_text(f"{head}{found}add_executable({target} main.c)\n{linked}", encoding="utf-8")
    for command in (
        ["cmake", "--install", BUILD, "--prefix", prefix],
        ["cmake", "-S", source, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}"],
        ["cmake", "--build", tmp_path / "build"],
        [tmp_path / "build" / target],
    ):
        subprocess.run([str(word) for word in command], check=True, capture_output=True)


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
        else:
            assert any("\n" + block.code in program for program in programs), f"{page.name}:{block.line}: neither a program nor lines of one in examples/"


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


def in_both_languages(name):
    return pytest.mark.parametrize(("page", "heading"), [(f"metrics/{name}.md", "Worked example"), (f"metrics/{name}.zh-CN.md", "手算示例")])


@in_both_languages("rfm")
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


@in_both_languages("funnel")
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


@in_both_languages("tiers")
def test_tiers_by_hand(pdm, page, heading):
    given, expected = tables(page, heading)
    result = pdm.tiers({name: [int(row[name]) for row in given] for name in ("customer_id", "value")})
    assert [{name: str(row[name]) for name in expected[0]} for row in result.to_rows()] == expected


@in_both_languages("actuals")
def test_actuals_by_hand(pdm, page, heading):
    given, expected = tables(page, heading)
    rows = [{**row, "time": datetime.fromisoformat(row["time"]), "amount": int(row["amount"]), "order_id": int(row["order_id"])} for row in given]
    result = pdm.actuals(rows, calendar_period="month", dedupe="order_id")
    got = [{name: "–" if row[name] is None else str(row[name]) for name in expected[0]} for row in result.to_rows()]
    assert got == expected


@in_both_languages("credit")
def test_credit_by_hand(pdm, page, heading):
    given, expected = tables(page, heading)
    rows = [{**row, "order_id": int(row["order_id"]), "amount": int(row["amount"])} for row in given]
    for row in expected:
        result = pdm.credit(rows, policy=row["policy"])
        credited = dict(zip(result["staff_id"], result["credited"], strict=True))
        assert [credited["p1"], credited["s1"]] == [int(row[name].split("=")[-1]) for name in ("p1", "s1")]
        assert result.totals["credited_total"] == [int(row["credited_total"])]
        assert result.totals["company_total"] == [180]


def days_of_june(**days):
    return [{"unit": unit, "time": datetime(2024, 6, day)} for unit, found in days.items() for day in found]


@in_both_languages("lifecycle")
def test_lifecycle_by_hand(pdm, page, heading):
    (expected,) = tables(page, heading)
    names = [name for name in expected[0] if name.isascii() and name not in ("day", "why")]
    result = pdm.lifecycle(days_of_june(Ann=(1, 2, 5), Bo=(2, 4), Cy=(5,)))
    assert [[str(row[name]) for name in names] for row in result.to_rows()] == [[row[name] for name in names] for row in expected]


@in_both_languages("activity")
def test_activity_by_hand(pdm, page, heading):
    (expected,) = tables(page, heading)
    result = pdm.activity(days_of_june(Ann=(1, 2, 3), Bo=(1, 3), Cy=(3,)))
    got = [[str(row["j"]), str(row["units"]), str(Fraction(row["share"]).limit_denominator(9))] for row in result["stickiness"].to_rows()]
    assert got == [list(row.values())[:3] for row in expected]


@in_both_languages("retention_array")
def test_retention_array_by_hand(pdm, page, heading):
    (expected,) = tables(page, heading)
    rows = [(row["unit"], 1 << i) for row in expected for i in range(3) if row[f"c_{i + 1}"] == "1"]
    result = pdm.retention_array({"unit": [row[0] for row in rows], "conditions": [row[1] for row in rows]}, condition_count=3, list_units=True)
    masks = dict(zip(result["units"]["unit"], result["units"]["retained"], strict=True))
    for row in expected:
        mask = sum(int(row[f"r_{i + 1}"]) << i for i in range(3))
        assert masks[row["unit"]] == mask == int(list(row.values())[-1])
    assert result["sums"]["units"].to_list() == [sum(int(row[f"r_{i}"]) for row in expected) for i in (1, 2, 3)]


@in_both_languages("repurchase")
def test_repurchase_by_hand(pdm, page, heading):
    """The table has the rows of the code below it."""
    (given,) = tables(page, heading)
    code = next(block.code for block in ALL[DOCS / page] if '"o7"' in block.code)
    assert re.findall(r'\("(\w+)", "([^"]+)", "(\w+)"\)', code) == [
        (row["unit"], datetime.fromisoformat(row["time"]).isoformat(), row["order_id"]) for row in given
    ]


# -------------------------------------------------------------------------------------------------------------------- whole

PARTS = {
    ".md": ["Definition", "Formulas", "Tables", "Edge cases", "Worked example", "Mergeability", "References"],
    ".zh-CN.md": ["定义", "公式", "结果表", "边界情况", "手算示例", "可合并性", "参考文献"],
}
BY_HAND = {"rfm", "funnel"}  # examples that a test above recomputes from their tables; the others are code of the page


def read(page):
    return page.read_text(encoding="utf-8")


def sections(page):
    """Heading → text of the second level of a page, in order."""
    text = re.sub(r"^```.*?^```$", lambda match: match[0].replace("\n#", "\n "), read(page), flags=re.M | re.S)
    return dict(part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.M)[1:])


def linked(page, pattern):
    """Targets of links that match, in order, each once."""
    return list(dict.fromkeys(re.findall(rf"\]\(({pattern})\)", read(page))))


def other(page):
    """The same page in the other language."""
    stem = page.name.removesuffix(".zh-CN.md").removesuffix(".md")
    return page.with_name(stem + (".md" if page.name.endswith(".zh-CN.md") else ".zh-CN.md"))


@pytest.mark.parametrize("language", PARTS)
def test_every_metric_has_its_page(pdm, language):
    for name in pdm.metrics:
        page = DOCS / "metrics" / (name + language)
        found = sections(page)
        assert [heading for heading in found if heading in PARTS[language]] == PARTS[language], page.name
        assert all(len(found[heading].strip()) > 20 for heading in PARTS[language]), page.name
        assert name in BY_HAND or "```python\n" in found[PARTS[language][4]], page.name
        head = read(page).split("\n## ")[0]
        assert f"]({other(page).name})" in head and f"](reference/{name}.md)" in head, page.name


def test_metrics_are_listed_where_readers_begin(pdm):
    names = sorted(pdm.metrics)
    for page, pattern, language in [
        (ROOT / "README.md", r"docs/metrics/(\w+)\.md", ""),
        (ROOT / "README.zh-CN.md", r"docs/metrics/(\w+)\.zh-CN\.md", ""),
        (DOCS / "index.md", r"metrics/(\w+)\.md", "index"),
        (DOCS / "index.md", r"metrics/(\w+)\.zh-CN\.md", ""),
        (DOCS / "index.zh-CN.md", r"metrics/(\w+)\.zh-CN\.md", ""),
        (DOCS / "metrics" / "index.md", r"(\w+)\.md", ""),
    ]:
        assert sorted(set(re.findall(rf"\]\({pattern}\)", read(page))) - {language}) == names, page


def test_guides_are_linked_in_one_order():
    order = linked(DOCS / "guide" / "index.md", r"[\w-]+\.md")
    assert sorted([*order, "index.md"]) == sorted(page.name for page in (DOCS / "guide").glob("*.md") if not page.name.endswith(".zh-CN.md"))
    assert [target for target in linked(DOCS / "index.md", r"guide/[\w-]+\.md") if "index" not in target] == [f"guide/{name}" for name in order]
    chinese = linked(DOCS / "index.zh-CN.md", r"guide/[\w-]+\.zh-CN\.md")
    assert chinese == [f"guide/{other(DOCS / 'guide' / name).name}" for name in order]


@pytest.mark.parametrize("page", named(page for page in (DOCS / "guide").glob("*.zh-CN.md")))
def test_guides_in_both_languages(page):
    """The same code, but for commands (`--lang zh`), which are run in both."""
    said = [[(each.language, each.output, each.language == "sh" or each.code) for each in ALL[side]] for side in (page, other(page))]
    assert said[0] == said[1]
    assert len(sections(page)) == len(sections(other(page)))
    assert f"]({other(page).name})" in read(page).split("\n## ")[0] and f"]({page.name})" in read(other(page)).split("\n## ")[0]


FAMILIES = ["plan", "stats"]


def theme_pages(family):
    return sorted(page for page in (DOCS / family).glob("*.md") if not page.name.endswith(".zh-CN.md"))


@pytest.mark.parametrize("page", named(page for family in FAMILIES for page in theme_pages(family)))
def test_theme_pages_in_both_languages(page):
    """The same calculators, the same code, the same parts; each leads to the other."""
    chinese = other(page)
    links = [sorted(re.findall(r"\]\(reference/(\w+)\.md\)", read(each))) for each in (page, chinese)]
    assert links[0] == links[1]
    assert [(each.code, each.output) for each in ALL[page]] == [(each.code, each.output) for each in ALL[chinese]]
    assert len(sections(page)) == len(sections(chinese))
    if not page.name.startswith("overview."):
        for each, language in ((page, ".md"), (chinese, ".zh-CN.md")):
            assert {PARTS[language][part] for part in (3, 4, 6)} <= set(sections(each)), each.name
    assert f"]({chinese.name})" in read(page).split("\n## ")[0] and f"]({page.name})" in read(chinese).split("\n## ")[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_calculator_has_a_page(pdm, family):
    """Once in the overview, once on a page of its theme, in both languages."""
    names = sorted(name for name, calculator in pdm.calculators.items() if calculator.family == family)
    assert names and sorted(page.stem for page in (DOCS / family / "reference").glob("*.md")) == names
    english = theme_pages(family)
    for pages in (english, [other(page) for page in english]):
        for overview in (True, False):
            chosen = [page for page in pages if page.name.startswith("overview.") is overview]
            text = "".join(re.split(r"\n## (?:Formulas|公式)\n", read(page))[0] if family == "stats" else read(page) for page in chosen)
            assert sorted(re.findall(r"\]\(reference/(\w+)\.md\)", text)) == names


def test_families_have_pages(pdm):
    assert {calculator.family for calculator in pdm.calculators.values()} == set(FAMILIES)


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


@pytest.mark.parametrize("page", ["metrics/rfm.md", "metrics/rfm.zh-CN.md"])
@pytest.mark.parametrize("name", ["en11", "en10_rf", "rfm_r10", "pymc5"])
def test_maps(pdm, page, name):
    k = 4 if name == "pymc5" else 5
    (segments,) = tables(page, name)
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
        if not re.search(r"/(?:x|test_x)\.\w+$|reference/x\.md|NAME", name):
            assert list(ROOT.glob(name)), name


# -------------------------------------------------------------------------------------------------------------------- names


def prose(page):
    return re.sub(r"^```.*?^```$", "", read(page), flags=re.M | re.S)


@pytest.mark.parametrize("page", named(PAGES))
def test_names_of_c_exist(page):
    there = declared("include", "lib") if page.name.startswith("add-a-metric") else declared("include")
    named_here = set(re.findall(r"`((?:pdm|PDM)_\w*[^\W_])(?:\(\))?`", prose(page)))
    assert {name for name in named_here if not name.startswith("pdm_x_")} <= there


@cache
def declared(*folders):
    headers = [header for folder in folders for header in sorted((ROOT / folder).rglob("*.h"))]
    return {name for header in headers for name in re.findall(r"\b(?:pdm|PDM)_\w+", read(header))}


@pytest.mark.parametrize("language", PARTS)
def test_options_exist(pdm, language):
    """`option = value` on a metric's page is an option that takes the value, or a column of one of its lists or tables."""
    for name, metric in pdm.metrics.items():
        columns = {column.name for held in (*metric.lists.values(), *metric.tables.values()) for column in held.columns}
        for option, value in set(re.findall(r'`(\w+) = "?(\w+)"?`', prose(DOCS / "metrics" / (name + language)))):
            if option in metric.options:
                values = metric.options[option].values
                assert not values or value in values, f"{name}{language}: {option} = {value}"
            else:
                assert option in columns, f"{name}{language}: {option}"
