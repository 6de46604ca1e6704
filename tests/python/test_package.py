"""The package itself: made from the registry, typed, without dependencies."""

import inspect
import subprocess
import sys
import typing
from importlib import resources, util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_version(pdm):
    header = (ROOT / "include" / "pdmetrics" / "version.h").read_text(encoding="utf-8")
    assert f'#define PDM_VERSION "{pdm.__version__}"' in header


def test_typed(pdm):
    assert resources.files(pdm).joinpath("py.typed").is_file()


def test_every_metric_is_there(pdm):
    assert {"rfm", "tiers"} <= set(pdm.metrics)
    for metric in pdm.metrics.values():
        function, kind = getattr(pdm, metric.name), getattr(pdm, metric.class_name)
        assert {metric.name, metric.class_name, f"{metric.class_name}Result"} <= set(pdm.__all__)
        for made in (function, kind):
            names = set(inspect.signature(made).parameters)
            assert {column.keyword for column in metric.columns} <= names
            assert set(metric.options) <= names
            assert {metric.list_keyword(name) for name in metric.lists} <= names
            assert {"tz", "threads", "progress", "memory_limit"} <= names
            for name in names - {"frame"}:
                assert f"{name}:\n" in made.__doc__, name
        hints = typing.get_type_hints(function, vars(sys.modules["pdmetrics._metrics"]))
        for name, option in metric.options.items():
            parameter = inspect.signature(function).parameters[name]
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
            if option.values:
                said = typing.get_args(hints[name])
                assert set(option.values) <= set(typing.get_args(said[0])) | set(said), name
        result = getattr(pdm, f"{metric.class_name}Result")
        for table in metric.tables.values():
            assert isinstance(getattr(result, table.name), property)
            assert all(column.name in getattr(result, table.name).__doc__ for column in table.columns)
        assert hints["return"] is result


def test_the_generated_modules_are_up_to_date(pdm, tmp_path):
    package = Path(pdm.__file__).parent
    script = ROOT / "bindings" / "python" / "generate_stubs.py"
    families = sorted({info.family for info in pdm.calculators.values()})
    command = [sys.executable, script, "--package", package, "--out", tmp_path, "--families", *families]
    subprocess.run(command, check=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(["_codes.py", "_metrics.py", *(f"_{family}.py" for family in families)])
    for name in made:
        assert (tmp_path / name).read_text(encoding="utf-8") == (package / name).read_text(encoding="utf-8"), name


@pytest.mark.skipif(util.find_spec("mypy") is None, reason="mypy is not installed")
def test_users_are_type_checked(pdm, tmp_path):
    good = tmp_path / "good.py"
    good.write_text(
        "import pdmetrics as pdm\n"
        "r = pdm.rfm({}, policy='ntile', k=5, tz='Asia/Shanghai', windows=[('a', '2024-01-01', '2024-02-01')])\n"
        "rows: list[dict[str, object]] = r.segments.to_rows()\n"
        "s: pdm.RFM = pdm.RFM(map='cn8').update({}).merge(pdm.RFM.from_bytes(b''))\n"
        "t: pdm.RFMResult = s.result()\n"
        "a: pdm.plan.ApportionResult = pdm.plan.apportion(parts=[3, 1], total=8, method='webster')\n"
        "tree = pdm.plan.Tree('a*b', roles={'a': 'rate'})\n"
        "one: pdm.plan.GoalSeekResult = tree.solve({'a': 0.5, 'b': 2}, 5, lever='b')\n"
        "several: pdm.plan.EqualEffortResult = tree.solve({'a': 0.5, 'b': 2}, 5, levers=['a', 'b'])\n"
        "met: pdm.Table = pdm.plan.track([{'actual': 1, 'target': 2}]).total\n",
        encoding="utf-8",
    )
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import pdmetrics as pdm\npdm.rfm({}, policy='quintiles')\npdm.rfm({}, k='5')\n"
        "pdm.plan.apportion(parts=[1], total=1, method='hare')\npdm.plan.Tree('a', roles={'a': 'rat'})\n",
        encoding="utf-8",
    )
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent", good.name, bad.name],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env={**_environment(pdm)},
    )
    lines = run.stdout.splitlines()
    assert [line.split(":")[0:2] for line in lines if ": error:" in line] == [["bad.py", line] for line in "2345"], (
        run.stdout + run.stderr
    )


def _environment(pdm):
    import os

    return {**os.environ, "MYPYPATH": "" if "site-packages" in pdm.__file__ else str(Path(pdm.__file__).parents[1])}


def test_no_dependencies(pdm):
    """Everything that needs no other package works where there is none."""
    code = (
        "import sys\n"
        "for name in ('numpy', 'pandas', 'polars', 'pyarrow', 'duckdb', 'plotly'): sys.modules[name] = None\n"
        "import pdmetrics as pdm, pickle, io, contextlib, tempfile, os\n"
        "from pdmetrics import cli\n"
        "data = {'customer_id': ['a', 'b', 'a'], 'order_id': [1, 2, 3]}\n"
        "data |= {'time': [0, 86400_000_000, 5], 'amount': [100, 250, 50]}\n"
        "r = pdm.rfm(data, tz='+08:00')\n"
        "assert r['gmv'].to_list() == [150, 250], r['gmv'].to_list()\n"
        "repr(r); r._repr_html_(); r.to_rows(); pickle.loads(pickle.dumps(pdm.RFM().update(data))).result()\n"
        "again = pdm.rfm(r.main, order=None, time='last_time', amount='gmv', grain='order')\n"
        "assert again['gmv'].to_list() == [150, 250]\n"
        "with tempfile.TemporaryDirectory() as d:\n"
        "    r.save(os.path.join(d, 'x.csv')); assert os.path.getsize(os.path.join(d, 'x.csv'))\n"
        "    err = io.StringIO()\n"
        "    with contextlib.redirect_stderr(err): assert cli.main(['rfm', os.path.join(d, 'x.csv')]) == 2\n"
        "    assert 'needs DuckDB' in err.getvalue(), err.getvalue()\n"
        "for call in (r.plot, lambda: r.save('x.parquet'), lambda: pdm.rfm('x.csv')):\n"
        "    try: call()\n"
        "    except pdm.ArgumentError as e: assert 'pip install' in str(e), e\n"
        "    else: raise SystemExit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=_environment_path(pdm))


def _environment_path(pdm):
    import os

    return {**os.environ, "PYTHONPATH": str(Path(pdm.__file__).parents[1])}


def test_native_parts_stay_inside(pdm):
    for name in pdm.__all__:
        assert "pdm_" not in name
    for item in (pdm.RFM(), pdm.datasets.private_domain(50).orders):
        assert not [name for name in dir(item) if "swig" in name.lower()]


def test_codes_are_the_librarys(pdm):
    header = (ROOT / "include" / "pdmetrics" / "status.h").read_text(encoding="utf-8")
    import re

    names = {name.lower() for name in re.findall(r"PDM_E_([A-Z_]+) =", header)}
    statuses = {name.lower() for name in re.findall(r"PDM_STATUS_([A-Z_]+) =", header)} - {"ok"}
    from pdmetrics import _errors

    assert names | statuses == set(_errors._BY_CODE) - {"status"}
    for code, kind in _errors._BY_CODE.items():
        assert kind.code == code
        assert issubclass(kind, (ValueError, TypeError, OverflowError, MemoryError, RuntimeError))
        assert issubclass(kind, pdm.StatusError) == (code in statuses - names or kind is pdm.StatusError)
        assert kind.__name__ in pdm.__all__
