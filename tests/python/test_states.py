"""The life of a state in Python: feed, merge, store, restore, stop; on many threads."""

import copy
import pickle
import signal
import threading
import time

import pytest
import support_frames as frames
from support_frames import tables

DATA = frames.orders()


def part(start, stop):
    return {name: values[start:stop] for name, values in DATA.items()}


def test_split_feed_merge_store(pdm):
    whole = tables(pdm.rfm(DATA))
    left, right = pdm.RFM(), pdm.RFM()
    assert left.update(part(300, 600)) is left
    right.update(part(0, 100)).update(part(100, 300))
    stored = pdm.State.from_bytes(right.to_bytes())
    assert type(stored) is pdm.RFM
    left.merge(stored)
    assert tables(left.result()) == whole
    assert left.rows == 600
    assert tables(right.result()) != whole
    assert right.rows == 300


def test_equal_states_are_equal_bytes(pdm):
    a = pdm.RFM(threads=1).update(DATA)
    b = pdm.RFM(threads=2).update(part(200, 600)).merge(pdm.RFM().update(part(0, 200)))
    assert a.to_bytes() == b.to_bytes()
    assert (
        pdm.RFM.from_bytes(bytearray(a.to_bytes())).to_bytes()
        == pdm.RFM.from_bytes(memoryview(b.to_bytes())).to_bytes()
    )


def test_pickle_and_copies(pdm):
    renamed = {"uid": DATA["customer_id"], **{name: DATA[name] for name in DATA if name != "customer_id"}}
    state = pdm.RFM(customer="uid", tz="Asia/Shanghai", map="cn8", progress=lambda done, total: None).update(renamed)
    expected = tables(state.result())
    for other in (pickle.loads(pickle.dumps(state)), state.copy(), copy.copy(state), copy.deepcopy(state)):
        assert type(other) is pdm.RFM
        assert tables(other.result()) == expected
        assert other.result().tz.key == "Asia/Shanghai"
        other.update(renamed)
        assert other.rows == 1200
    assert state.rows == 600
    assert tables(state.result()) == expected


def test_a_result_leaves_the_state_going(pdm):
    state = pdm.RFM().update(part(0, 100))
    first = tables(state.result())
    assert tables(state.result()) == first
    state.update(part(100, 600))
    assert tables(state.result()) == tables(pdm.rfm(DATA))


def test_a_result_outlives_its_state(pdm):
    state = pdm.RFM().update(DATA)
    result = state.result()
    expected = tables(result)
    segments = result.segments
    del state, result
    assert segments.to_dict() == expected["segments"]


def test_facts(pdm):
    state = pdm.Tiers()
    assert state.metric == "tiers"
    assert state.rows == 0
    assert state.memory > 0
    assert "Tiers" in repr(state)
    with pytest.raises(TypeError, match="its own class"):
        pdm.State()


def test_unlike_states_do_not_merge(pdm):
    state = pdm.RFM().update(DATA)
    before = state.to_bytes()
    for other in (pdm.RFM(count_zero_orders=True), pdm.RFM(tz="Asia/Shanghai"), pdm.Tiers()):
        with pytest.raises(pdm.OptionsDifferError) as raised:
            state.merge(other)
        assert raised.value.code == "options_differ"
    with pytest.raises(pdm.ArgumentError):
        state.merge(state)
    with pytest.raises(TypeError):
        state.merge(state.to_bytes())
    assert state.to_bytes() == before


def test_bytes_are_not_trusted(pdm):
    data = pdm.RFM().update(DATA).to_bytes()
    for broken in (b"", b"\xff", data[:-1], data + b"\0", data[:50] + bytes([data[50] ^ 1]) + data[51:]):
        with pytest.raises(pdm.CorruptStateError) as raised:
            pdm.State.from_bytes(broken)
        assert isinstance(raised.value, ValueError)
    with pytest.raises(pdm.OptionsDifferError, match="of rfm, not of tiers"):
        pdm.Tiers.from_bytes(data)
    with pytest.raises(TypeError):
        pdm.State.from_bytes("text")
    with pytest.raises(TypeError, match='no column "uid"'):
        pdm.State.from_bytes(data, uid="x")


def test_a_failed_update_takes_nothing(pdm):
    state = pdm.RFM().update(part(0, 100))
    before = state.to_bytes()
    bad = part(100, 200)
    bad["amount"] = [*bad["amount"][:-1], None]
    with pytest.raises(pdm.NullValueError) as raised:
        state.update(bad)
    assert raised.value.row == 99
    assert raised.value.rows_taken == 0
    assert state.to_bytes() == before


def test_lists_and_calendar_come_before_rows_by_construction(pdm):
    state = pdm.RFM(
        windows={"h1": ("2024-01-01", "2024-07-01"), "h2": ("2024-07-01", "2025-01-01")}, tz="Asia/Shanghai"
    )
    state.update(DATA)
    whole = pdm.rfm(
        DATA, windows=[("h1", "2024-01-01", "2024-07-01"), ("h2", "2024-07-01", "2025-01-01")], tz="Asia/Shanghai"
    )
    assert tables(state.result()) == tables(whole)
    assert tables(pickle.loads(pickle.dumps(state)).result()) == tables(whole)


def test_memory_limit(pdm):
    with pytest.raises(pdm.LimitError) as raised:
        pdm.rfm(frames.orders(20_000, customers=20_000), memory_limit=200_000)
    assert raised.value.code == "limit"
    assert isinstance(raised.value, MemoryError)
    for wrong in ({"threads": -1}, {"threads": 10_000}, {"threads": 1.5}, {"memory_limit": -5}, {"threads": True}):
        with pytest.raises(pdm.OptionError):
            pdm.RFM(**wrong)


# --------------------------------------------------------------------------------------------------------- callbacks


def slow_rows(count=6_000_000):
    """Enough rows for a call of some tenths of a second, cheap to make."""
    numpy = pytest.importorskip("numpy")
    keys = (numpy.arange(count, dtype="uint64") * numpy.uint64(2654435761) % numpy.uint64(1 << 31)).astype("int64")
    return {
        "customer_id": keys,
        "order_id": numpy.arange(count),
        "time": numpy.arange(count),
        "amount": numpy.ones(count, dtype="int64"),
    }


@pytest.fixture(scope="module")
def many():
    return slow_rows()


def test_progress_is_told(pdm, many):
    seen = []
    pdm.rfm(many, grain="order", threads=1, progress=lambda done, total: seen.append((done, total)))
    assert seen
    assert all(0 <= done <= total or total == -1 for done, total in seen)


def test_progress_may_raise_or_stop(pdm, many):
    state = pdm.RFM(grain="order", threads=1, progress=lambda done, total: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        state.update(many)
    assert state.rows == 0
    state = pdm.RFM(grain="order", threads=1, progress=lambda done, total: False)
    with pytest.raises(pdm.StoppedError) as raised:
        state.update(many)
    assert raised.value.code == "stopped"
    assert state.rows == 0
    with pytest.raises(TypeError):
        pdm.RFM(progress="yes")


def test_the_library_can_be_used_from_a_callback(pdm, many):
    inner = []

    def progress(done, total):
        inner.append(tables(pdm.rfm(DATA)))
        with pytest.raises(pdm.OptionError):
            pdm.rfm(DATA, k=99)

    pdm.rfm(many, grain="order", threads=1, progress=progress)
    assert inner
    assert all(item == tables(pdm.rfm(DATA)) for item in inner)


def test_control_c_stops_a_long_call(pdm, many):
    state = pdm.RFM(grain="order", threads=1)
    timer = threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(60):
            state.update(many)
    timer.join()
    assert time.monotonic() - start < 30
    assert state.rows % len(many["time"]) == 0
    rows = state.rows
    state.update({name: values[:10] for name, values in many.items()})
    assert state.rows == rows + 10


def test_other_threads_run_during_a_call(pdm, many):
    """A counter in Python goes on counting while the library works."""
    counted = 0
    running = threading.Event()
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            if running.is_set():
                counted += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    state = pdm.RFM(grain="order", threads=1)
    running.set()
    start = time.monotonic()
    state.update(many)
    elapsed = time.monotonic() - start
    running.clear()
    stop.set()
    counter.join()
    assert counted >= max(1, elapsed / 0.05)


def test_states_on_many_threads(pdm):
    parts = [part(start, start + 100) for start in range(0, 600, 100)]
    states = [None] * len(parts)

    def work(i):
        states[i] = pdm.RFM(threads=2).update(parts[i])

    workers = [threading.Thread(target=work, args=(i,)) for i in range(len(parts))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    merged = states[0]
    for state in states[1:]:
        merged.merge(state)
    assert tables(merged.result()) == tables(pdm.rfm(DATA))


def test_one_state_on_two_threads_is_busy_or_right(pdm, many):
    state = pdm.RFM(grain="order", threads=1)
    busy = 0
    done = threading.Event()

    def feed():
        state.update(many)
        done.set()

    worker = threading.Thread(target=feed)
    worker.start()
    while not done.is_set():
        try:
            state.update({name: values[:1] for name, values in many.items()})
        except pdm.BusyError as error:
            assert error.code == "busy"
            busy += 1
        time.sleep(0.002)
    worker.join()
    assert busy
    assert state.rows >= len(many["time"])


def test_errors_can_be_pickled(pdm):
    with pytest.raises(pdm.Error) as raised:
        pdm.rfm({**part(0, 10), "amount": [None] * 10})
    again = pickle.loads(pickle.dumps(raised.value))
    assert type(again) is type(raised.value)
    assert (again.code, again.row, again.column, str(again)) == ("null_value", 0, "amount", str(raised.value))


def test_calls_that_share_a_workspace_give_the_same(pdm):
    from pdmetrics import _state

    frame = {"customer_id": [1, 1, 2], "order_id": [1, 2, 3], "time": [0, 86_400_000_000, 5], "amount": [5, 6, 7]}
    alone = pdm.rfm(frame).to_rows()
    with _state.one_workspace():
        first, second = pdm.RFM(), pdm.RFM()
        assert first._machine is second._machine
        assert pdm.RFM(memory_limit=1 << 30)._machine is not first._machine
        assert pdm.RFM(threads=1)._machine is not first._machine
        assert first.update(frame).result().to_rows() == alone
        assert second.update(frame).result().to_rows() == alone
    assert pdm.RFM()._machine is not first._machine
    assert first.update(frame).rows == 6
