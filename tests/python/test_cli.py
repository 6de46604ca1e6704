"""The command line: what it prints and writes, and one line instead of a traceback for whatever is wrong."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import review_page
import support_frames as frames

pytest.importorskip("duckdb")
pytest.importorskip("plotly")


@pytest.fixture(scope="module")
def folder(pdm, tmp_path_factory):
    made = tmp_path_factory.mktemp("cli")
    frames.as_duckdb(frames.orders()).project("customer_id, order_id, time, amount, original_order_id").write_csv(
        str(made / "orders.csv")
    )
    pdm.datasets.private_domain(300, seed=2).save_all(made / "sample", format="parquet")
    return made


def test_rfm(pdm, run, folder):
    code, out, err = run("rfm", "orders.csv", "--scheme", "cn8", "--tz", "Asia/Shanghai", "--out", "rfm.csv")
    assert code == 0, err
    assert "重要价值客户" in out and "segments:" in out
    assert err == "wrote rfm.csv\n"
    expected = pdm.rfm(folder / "orders.csv", map="cn8", tz="Asia/Shanghai")
    lines = (folder / "rfm.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == expected.columns
    assert len(lines) == len(expected) + 1


def test_rfm_options_lists_and_columns(pdm, run, folder):
    query = "SELECT customer_id AS uid, * EXCLUDE (customer_id) FROM 'orders.csv'"
    windows = '[["h1", "2024-01-01", "2024-06-01"], ["h2", "2024-06-01", "2025-01-01"]]'
    code, out, err = run(
        "rfm",
        query,
        "--customer",
        "uid",
        "--windows",
        windows,
        "--policy",
        "quantile_right",
        "--duplicates",
        "drop",
        "--k",
        "4",
        "--map",
        "pymc5",
        "--count-zero-orders",
        "--absent-detail",
        "--out",
        "everything",
        "--table",
        "migration",
    )
    assert code == 0, err
    assert "from_segment" in out
    assert (folder / "everything" / "migration_summary.csv").is_file()
    (folder / "windows.csv").write_text(
        "name,from,to\nh1,2024-01-01,2024-06-01\nh2,2024-06-01,2025-01-01\n", encoding="utf-8"
    )
    assert run("rfm", "orders.csv", "--windows", "windows.csv", "--out", "w.parquet")[0] == 0
    (folder / "codes.json").write_text(json.dumps({"Top": ["555", "554"]}), encoding="utf-8")
    code, out, err = run("rfm", "orders.csv", "--segments", "codes.json")
    assert code == 0 and "Top" in out, err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rfm", "absent.csv"], 'no file "absent.csv"'),
        (["rfm", "orders.csv", "--customer", "uid"], 'no column "uid"'),
        (["rfm", "orders.csv", "--k", "99"], "99"),
        (["rfm", "orders.csv", "--k", "five"], 'expected a number, got "five"'),
        (["rfm", "orders.csv", "--policy", "nonsense"], "is not one of"),
        (["rfm", "orders.csv", "--tz", "Mars/Base"], "no time zone"),
        (["rfm", "orders.csv", "--as-of", "someday"], "expected a date"),
        (["rfm", "orders.csv", "--out", "x.xlsx"], "ends in .csv or .parquet"),
        (["rfm", "orders.csv", "--out", "absent/x.csv"], "absent/x.csv"),
        (["rfm", "orders.csv", "--table", "nothing"], 'no table "nothing"'),
        (["rfm", "orders.csv", "--windows", "[1,"], "no valid JSON"),
        (["rfm", "orders.csv", "--windows", "absent.json"], "cannot be read"),
        (["rfm", "orders.csv", "--no-such-flag"], "unrecognized arguments"),
        (["rfm"], "required"),
        (["rfm", "SELECT 1"], "which columns are the customer, the time and the amount? found: 1"),
        (["rfm", "SELECT * FROM missing_table"], "the query failed"),
        (["rfm", "broken.csv"], "broken.csv"),
        (["review"], "nothing to review"),
        (["review", "SELECT 1 AS x"], "the data allow no metric"),
        (["review", "orders.csv", "--input", "events"], "NAME=SOURCE"),
        (["review", "orders.csv", "--only", "nothing"], "no metric"),
        (["sample", "orders.csv"], "orders.csv"),
        (["sample", "x", "--customers", "-5"], "customers"),
        (["nothing"], "invalid choice"),
        ([], "required"),
    ],
)
def test_bad_input_is_one_line_and_code_2(run, folder, arguments, message):
    (folder / "broken.csv").write_bytes(b'customer_id,order_id,time,amount\n"' + b"\xff\xfe\x00" * 300)
    code, out, err = run(*arguments)
    assert code == 2, (out, err)
    assert message.lower() in err.lower()
    assert err.count("\n") == 1 and "Traceback" not in err
    assert out == ""


def test_no_traceback_from_the_real_program(pdm, folder):
    environment = {**os.environ, "PYTHONPATH": str(Path(pdm.__file__).parents[1])}
    command = [sys.executable, "-m", "pdmetrics"]
    done = subprocess.run(
        [*command, "rfm", "absent.csv"], cwd=folder, env=environment, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'pdmetrics: no file "absent.csv"\n'
    done = subprocess.run([*command, "--version"], env=environment, capture_output=True, encoding="utf-8")
    assert done.stdout == f"pdmetrics {pdm.__version__}\n"
    done = subprocess.run(
        f"'{sys.executable}' -m pdmetrics metrics --json | head -c 10",
        shell=True,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stderr == ""


def test_metrics_and_sample(pdm, run, folder):
    code, out, _ = run("metrics")
    assert code == 0 and "rfm" in out and "tiers" in out
    code, out, _ = run("metrics", "--json")
    described = {item["name"]: item for item in json.loads(out)}
    assert set(described) == set(pdm.metrics)
    assert [option["name"] for option in described["rfm"]["options"]] == list(pdm.metrics["rfm"].options)
    code, out, _ = run("sample", "made", "--customers", "100", "--seed", "3")
    assert code == 0
    assert {path.name for path in (folder / "made").iterdir()} == {
        f"{name}.csv" for name in pdm.datasets.private_domain(50).tables
    }
    code, out, _ = run("rfm", "--help")
    assert code == 0
    for option in pdm.metrics["rfm"].options:
        assert "--" + option.replace("_", "-") in out


@pytest.mark.parametrize("command", ["rfm", "funnel", "review", "plan", "sample"])
def test_help_begins_with_what_to_type(run, command):
    code, out, _ = run(command, "--help")
    usage, _, rest = out.partition("\n\n")
    assert code == 0 and usage.startswith(f"usage: pdmetrics {command}") and len(usage) < 600 and rest



# -------------------------------------------------------------------------------------------------------------- review


class Page(HTMLParser):
    """Checks that tags close, collects texts by language and what would be loaded from elsewhere."""

    VOID = {"meta", "br", "img", "link", "input", "hr"}

    def __init__(self):
        super().__init__()
        self.open, self.sections, self.elsewhere, self.script, self.figures = [], [], [], [], ""
        self.text = {"en": [], "zh-CN": []}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "section":
            self.sections.append(attrs.get("id"))
        found = [attrs[name] for name in ("src", "href") if name in attrs]
        self.elsewhere += [address for address in found if not address.startswith("#")]
        if tag not in self.VOID:
            self.open.append((tag, attrs))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if not self.open:
            return
        tag, attrs = self.open[-1]
        if tag == "script" and attrs.get("id") == "figures":
            self.figures += data
        elif attrs.get("lang") in self.text and tag != "html":
            self.text[attrs["lang"]].append(data)


def read(path):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert not page.open
    return page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_review(run, folder, lang):
    code, out, err = run("review", "sample", "--lang", lang, "--tz", "Asia/Shanghai", "--html", "review.html")
    assert code == 0, err
    assert ("复购率" in out) == (lang == "zh")
    assert ("repurchase rate" in out) == (lang == "en")
    page = read(folder / "review.html")
    assert "rfm" in page.sections
    assert page.elsewhere == []
    assert len(page.text["en"]) == len(page.text["zh-CN"]) > 20
    html = (folder / "review.html").read_text(encoding="utf-8")
    figures = review_page.figures(html)
    assert figures
    for figure in figures.values():
        assert figure["en"]["data"] and "title" not in figure["en"]["layout"]  # it is the page's heading
    assert any(figure["en"] != figure["zh"] for figure in figures.values())
    assert f'data-lang="{lang}"' in html
    assert "Plotly.react" in html and "cdn.plot.ly" not in html.split('id="figures"')[1]


def test_review_of_hostile_names(pdm, run, folder):
    evil = "</script><script>alert(1)</script><!--"
    codes = {evil: [f"{r}{f}{m}" for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]}
    (folder / "evil.json").write_text(json.dumps(codes), encoding="utf-8")
    code, _, err = run("rfm", "orders.csv", "--segments", "evil.json", "--html", "evil.html")
    assert code == 0, err
    html = (folder / "evil.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html and evil not in html
    assert evil in json.dumps(json.loads(read(folder / "evil.html").figures), ensure_ascii=False)


def test_review_in_other_words(run):
    query = "SELECT customer_id AS uid, time AS paid_at, amount AS fee FROM 'orders.csv' WHERE amount > 0"
    code, out, err = run("review", query, "--customer", "uid", "--time", "paid_at", "--amount", "fee")
    assert code == 0, err
    assert "customers" in out


def test_sections_register_themselves(pdm, folder):
    from pdmetrics import review

    name = "tiers"
    frame = {"customer_id": [1, 2, 3], "value": [1, 2, 3]}
    review._load(name)
    saved = dict(review._SECTIONS)
    try:
        del review._SECTIONS[name]
        made = review.build({"values": frame}, only=[name])
        assert [part.metric for part in made.sections] == [name]
        assert made.sections[0].grids
        made = review.build({"values": frame})
        assert {name for name, _ in made.skipped} == set(review.parts()) - {name, "quality"}
        assert "left out rfm: no input with customer_id, time, amount" in review.summary(made, "en")
        assert "未计算 rfm" in review.summary(made, "zh")

        @review.section(name, inputs=("values",))
        def tell(data, source):
            return review.Section(review.Text("Told", "已述"), findings=[review.Text(source, source)])

        made = review.build({"values": frame}, only=[name])
        assert made.sections[0].title == ("Told", "已述")
        assert made.sections[0].findings == [("values", "values")]
        assert "已述" in review.summary(made, "zh")
    finally:
        review._SECTIONS.clear()
        review._SECTIONS.update(saved)
