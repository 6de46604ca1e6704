"""Sample data in Python."""

import pytest
from support_frames import tables


def test_private_domain(pdm):
    data = pdm.datasets.private_domain(customers=200, seed=4)
    names = ["orders", "events", "touches", "friends", "invitations", "assignments", "targets", "truths"]
    assert list(data.tables) == names
    for name in names:
        assert getattr(data, name) is data.tables[name]
    assert {"customer_id", "order_id", "time", "amount"} <= set(data.orders.columns)
    assert len(set(data.orders["customer_id"])) <= 200


def test_the_same_seed_is_the_same_data(pdm):
    first = tables(pdm.datasets.private_domain(200, seed=4))
    assert tables(pdm.datasets.private_domain(200, seed=4, threads=1)) == first
    assert tables(pdm.datasets.private_domain(200, seed=5)) != first


def test_wrong_sizes(pdm):
    for customers in (-1, 10**9):
        with pytest.raises(pdm.OptionError):
            pdm.datasets.private_domain(customers)
