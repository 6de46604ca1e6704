"""Experiments in the review: what was planted in the sample is found, with the decision and its reasons; other inputs."""

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("plotly")


@pytest.fixture(scope="module")
def world(pdm):
    return pdm.datasets.private_domain(20_000, seed=5)


def told(source, **arguments):
    from pdmetrics import review

    made = review.build({"assignments": source}, only=["experiment"], **arguments)
    return made.sections[0], review.summary(made, "en"), review.summary(made, "zh")


@pytest.fixture(scope="module", params=["table", "file"])
def planted(world, request, tmp_path_factory):
    if request.param == "table":
        return told(world.assignments)
    from pdmetrics import _frames

    folder = tmp_path_factory.mktemp("review")
    world.assignments.save(str(folder / "assignments.csv"))
    return told(_frames.relation(str(folder / "assignments.csv")))


def test_what_was_planted_is_found(world, planted):
    part, english, chinese = planted
    truths = {row["name"]: row["value"] for row in world.truths.to_rows()}
    results = {figure.name: figure.result for figure in part.figures_of if figure.kind == "effects"}
    bought = {
        name: next(row for row in result.effects.to_rows() if row["metric"] == "converted")
        for name, result in results.items()
    }
    coupon, check = bought["welcome_coupon"], bought["aa_check"]
    assert coupon["lift_low"] < truths["welcome_coupon_lift"] < coupon["lift_high"] and coupon["significant"]
    assert check["lift_low"] < truths["aa_check_lift"] < check["lift_high"] and not check["significant"]
    arms = {row["variant"]: row["observed"] for row in results["live_reminder"]["srm_arms"].to_rows()}
    share = arms["treatment"] / (arms["treatment"] + arms["control"])
    assert share == pytest.approx(truths["live_reminder_treatment_share"], abs=0.01)
    assert "welcome_coupon, treatment: keep. converted became better" in english
    assert "welcome_coupon，treatment：保留。" in chinese
    assert f"live_reminder: review. The split is broken (sample ratio mismatch): control : treatment is {1 - share:.1%}" in english
    assert "instead of 50.0% : 50.0%" in english and "live_reminder：复核。分流异常" in chinese
    assert "aa_check, treatment: review. converted is undecided" in english and "likely to go unnoticed" in english


def test_numbers_figures_and_table(world, planted):
    part, _, _ = planted
    assert [value for _, value in part.numbers] == ["3", f"{len(world.assignments):,}"]
    assert [(figure.name, figure.kind) for figure in part.figures_of if figure.kind == "split"] == [("live_reminder", "split")]
    for lang in ("en", "zh"):
        titles = [figure.draw(lang).layout.title.text for figure in part.figures_of]
        assert len(set(titles)) == 4 and all(title.split(":")[0] in {figure.name for figure in part.figures_of} for title in titles)
    (grid,) = part.grids
    assert len(grid.rows) == 12 and all(len(row) == len(grid.head) for row in grid.rows)
    row = next(row for row in grid.rows if row[0].en == "welcome_coupon · treatment" and row[1].en == "value")
    effect = next(
        row
        for row in next(figure.result for figure in part.figures_of if figure.name == "welcome_coupon").effects.to_rows()
        if row["metric"] == "value"
    )
    assert row[2].en == f"{effect['control_value'] / 100:,.2f}" and row[-1] == ("keep", "保留")
    assert effect["theta"] is not None  # sales before the assignment are its covariate


def test_it_is_part_of_the_page(world):
    from pdmetrics import review
    from pdmetrics.review.page import page

    made = review.build({"assignments": world.assignments}, only=["experiment"])
    html = page(made)
    assert "welcome_coupon, treatment: keep." in html and "welcome_coupon，treatment：保留。" in html


def rows(names=("control", "treatment"), **more):
    n = 400
    arm = [names[i % 2] for i in range(n)]
    return {"uid": list(range(n)), "variant": arm, "converted": [int(i % 5 == 0 or (i % 4 == 1 and i % 3 > 0)) for i in range(n)], **more}


def test_one_experiment_without_a_name(pdm):
    part, english, _ = told(rows())
    assert "A/B experiment, treatment: keep." in english and len(part.figures_of) == 1
    (line,) = part.grids[0].rows
    assert line[0].en == "treatment" and line[1].en == "converted"


def test_amounts_with_decimals(pdm):
    amounts = [round(12.34 + i % 7 * 1.5, 2) if i % 3 else 0.0 for i in range(400)]
    part, _, _ = told(rows(amount=amounts, orders=[int(value > 0) for value in amounts]))
    line = next(row for row in part.grids[0].rows if row[1].en == "amount")
    control = [value for i, value in enumerate(amounts) if i % 2 == 0]
    assert line[2].en == f"{sum(control) / len(control):,.2f}"
    aov = next(row for row in part.grids[0].rows if row[1].en == "aov")
    assert aov[2].en == f"{sum(control) / sum(value > 0 for value in control):,.2f}"


def test_plans_and_arms_may_be_said(pdm):
    _, english, chinese = told(rows(), required_n=1000, days=3)
    assert "treatment: keep running." in english and "继续观察" in chinese and "No plan was given" not in english
    _, english, _ = told(rows(), arms="control=1,treatment=9")
    assert "review. The split is broken" in english and "instead of 10.0% : 90.0%" in english
    part, english, _ = told(rows(("x", "y")), metrics="converted=conversion", segments=[{"code": "a"}])
    assert part.grids[0].rows[0][-1].en == "–"  # no goal, no decision
    assert "x is taken to be the control" in english
    part, _, _ = told(rows(city=["甲", "乙"] * 200, tier=[i % 4 for i in range(400)]), segments="tier")
    assert len(part.figures_of[0].result.effects) == 5


def test_what_it_cannot_tell(pdm):
    from pdmetrics import ArgumentError

    for source, why in (
        ({"uid": [1], "variant": ["a"]}, "nothing that was measured"),
        ({"variant": ["a"], "converted": [1]}, "no column says who"),
        ({"uid": [1], "variant": ["a"], "converted": [1]}, "only one arm, a"),
        ({"uid": [1, 2], "variant": ["a", "b"], "converted": [1, 7]}, "0 or 1 expected"),
    ):
        with pytest.raises(ArgumentError, match=why):
            told(source)


def test_one_bad_experiment_does_not_hide_the_others(pdm):
    data = rows(experiment=["good"] * 200 + ["bad"] * 200)
    data["converted"][300] = 5
    part, english, _ = told(data)
    assert [figure.name for figure in part.figures_of] == ["good"]
    assert 'bad: row 100, column "converted": 0 or 1 expected, got 5' in english


def test_posteriors_are_told_where_they_are_asked_for(world):
    part, english, chinese = told(world.assignments, posterior="total")
    beliefs = part.grids[1]
    assert (beliefs.caption.en, beliefs.caption.zh) == ("Posteriors", "后验分布")
    asked = {figure.name: figure.result for figure in part.figures_of if figure.kind == "posterior"}
    assert set(asked) == {figure.name for figure in part.figures_of if figure.kind == "effects"}
    for figure in part.figures_of:
        assert figure.draw("zh").data
    row = asked["welcome_coupon"]["posterior"].to_rows()[0]
    line = next(line for line in beliefs.rows if line[0].en == "welcome_coupon · treatment" and line[1].en == "converted")
    assert line[3].en == f"{row['prob_better']:.1%}" and line[2].en.startswith(f"{row['effect']:+.2%} [")
