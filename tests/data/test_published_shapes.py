"""Tables in the shapes that published ones have: what is by nature there, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.conftest import findings, only

RNG = np.random.default_rng


def houses(rows: int = 600) -> pd.DataFrame:
    """A twentieth of the houses has no garage: no cars, no kind, no area."""
    rng = RNG(0)
    cars = np.where(rng.random(rows) < 0.05, 0, rng.integers(1, 4, rows))
    area = np.where(cars == 0, 0.0, rng.normal(420, 60, rows)).round()
    kind = np.where(cars == 0, "NA", rng.choice(["attached", "detached"], rows))
    return pd.DataFrame({"rooms": rng.integers(3, 9, rows), "cars": cars, "kind": kind, "area": area})


@pytest.mark.parametrize("told_by", ["cars", "kind"])
def test_zero_where_nothing_is_to_be_measured_is_a_value(told_by: str) -> None:
    houses()[["rooms", told_by, "area"]].to_csv("houses.csv", index=False)
    assert findings("DS303") == []


def test_zero_where_other_measurements_are_zero_too_is_missing() -> None:
    frame = houses().drop(columns=["cars", "kind"])
    frame.assign(width=frame["area"] / 40).to_csv("houses.csv", index=False)
    assert len(findings("DS303")) == 2


@pytest.mark.parametrize("share", [0.02, 0.9])
def test_a_negative_round_number_among_positive_ones_is_a_code(share: float) -> None:
    rng = RNG(1)
    gas = rng.normal(1000, 200, 800).round().clip(600)
    gas[rng.random(800) < share] = -200
    pd.DataFrame({"gas": gas, "heat": rng.normal(18, 8, 800).round(1)}).to_csv("air.csv", index=False)
    (finding,) = findings("DS303")
    assert "'gas' are -200" in finding.message


def test_a_debt_is_no_code() -> None:
    rng = RNG(1)
    balance = (rng.gamma(1, 200, 800) - 150).round()
    balance[rng.permutation(800)[:20]] = -200
    pd.DataFrame({"balance": balance, "age": rng.normal(40, 9, 800)}).to_csv("bank.csv", index=False)
    assert findings("DS303") == []


def test_an_age_of_minus_one_is_missing() -> None:
    rng = RNG(1)
    age = rng.integers(18, 65, 900)
    age[rng.permutation(900)[:30]] = -1
    pd.DataFrame({"age": age, "charge": rng.normal(size=900)}).to_csv("people.csv", index=False)
    (finding,) = findings("DS303")
    assert "30 values of 'age' are -1" in finding.message


def test_columns_that_are_scaled_along_with_others_are_one_finding() -> None:
    rng = RNG(1)
    size, age = rng.normal(170, 9, (900, 2)), rng.normal(9, 2, 900)
    frame = pd.DataFrame(size, columns=["a", "b"]).assign(age=age, left=rng.normal(5, 2, 900))
    test, scaled = frame[600:].copy(), ["a", "b", "age"]
    test[scaled] = (test[scaled] - test[scaled].mean()) / test[scaled].std()
    frame[:600].to_csv("train.csv", index=False)
    test.to_csv("test.csv", index=False)
    (finding,) = findings("DS406")
    assert "3 columns" in finding.message
    assert findings("DS401") == []


def visits(counts: list[int]) -> None:
    rng = RNG(2)
    values = np.repeat(np.arange(len(counts)), counts)
    pd.DataFrame({"age": rng.normal(size=len(values)), "target": values}).to_csv("train.csv", index=False)


@pytest.mark.parametrize("code", ["DS201", "DS202"])
def test_counts_that_fall_to_a_thin_tail_are_no_classes(code: str) -> None:
    visits([4100, 780, 170, 30, 9, 1])
    assert findings(code) == []


@pytest.mark.parametrize("code", ["DS201", "DS202"])
def test_a_rare_class_beside_even_ones_is_no_tail_of_counts(code: str) -> None:
    visits([100, 98, 103, 97, 101, 99, 102, 100, 6])
    assert len(findings(code)) == 1


@pytest.mark.parametrize(("name", "told"), [("rating", 0), ("stars_given", 0), ("label", 1)])
def test_a_rating_has_steps_not_classes(name: str, told: int) -> None:
    stars = np.repeat([1, 2, 3, 4, 5], [20, 30, 60, 190, 260])
    rating = pd.DataFrame({"age": RNG(2).normal(size=560), name: stars})
    rating.to_csv("train.csv", index=False)
    assert len(findings("DS201")) == told


def test_prices_as_text_are_no_classes() -> None:
    rng = RNG(3)
    price = [f"${x:,.2f}" for x in rng.geometric(0.03, 700) * 10.0]
    pd.DataFrame({"size": rng.normal(size=700), "price": price}).to_csv("flats.csv", index=False)
    assert findings("DS201") == [] == findings("DS202")
    assert len(findings("DS315")) == 1


def test_another_spelling_is_no_rare_class() -> None:
    rng = RNG(4)
    label = np.repeat(["yes", "no", "YES"], [300, 250, 4])
    pd.DataFrame({"a": rng.normal(size=554), "label": label}).to_csv("train.csv", index=False)
    assert findings("DS201") == [] == findings("DS202")
    assert len(findings("DS103")) == 1


def birds(rows: int = 300) -> pd.DataFrame:
    """Measured to a digit: most values of a column are there several times."""
    rng = RNG(5)
    bill, wing = rng.normal(44, 5, rows).round(1), rng.normal(200, 14, rows).round()
    mass, depth = (rng.normal(4200, 800, rows) / 25).round() * 25, rng.normal(17, 2, rows).round(1)
    sex = rng.choice(["f", "m"], rows)
    return pd.DataFrame({"bill": bill, "depth": depth, "wing": wing, "mass": mass, "sex": sex})


def test_copies_of_coarsely_measured_rows_are_found() -> None:
    frame = birds()
    pd.concat([frame, frame.sample(frac=0.2, random_state=0)]).to_csv("birds.csv", index=False)
    (finding,) = findings("DS307")
    assert "60 of 360 rows" in finding.message


def test_rows_of_few_values_repeat_by_nature() -> None:
    coarse = {"bill": 8, "depth": 4, "wing": 40, "mass": 2000}
    birds().assign(**{c: lambda f, c=c, n=n: (f[c] / n).round() for c, n in coarse.items()}).to_csv(
        "birds.csv", index=False
    )
    assert findings("DS307") == []


def test_a_length_in_inches_beside_one_in_centimetres_says_the_same() -> None:
    rng = RNG(6)
    centimetres = rng.normal(172, 9, 400).round()
    frame = pd.DataFrame({"height_cm": centimetres, "height_in": (centimetres / 2.54).round(1)})
    frame.assign(mass=rng.normal(70, 9, 400)).to_csv("people.csv", index=False)
    (finding,) = findings("DS308")
    assert "'height_in' is a linear function of 'height_cm'" in finding.message


def test_two_measurements_that_nearly_agree_are_two() -> None:
    rng = RNG(6)
    left = rng.normal(172, 9, 400).round(1)
    right = (left + rng.normal(0, 0.2, 400)).round(1)
    pd.DataFrame({"left": left, "right": right}).to_csv("people.csv", index=False)
    assert findings("DS308") == []


def test_most_of_many_columns_with_tails_explain_a_far_value() -> None:
    rng = RNG(7)
    genes = np.exp(rng.normal(6, 1.4, 120) + rng.normal(0, 0.6, (72, 120))).round(1)
    pd.DataFrame(genes).add_prefix("gene_").to_csv("genes.csv", index=False)
    assert findings("DS304") == []


def test_a_wrong_unit_is_found_among_many_columns_without_tails() -> None:
    rng = RNG(7)
    genes = rng.normal(60, 5, (72, 120)).round(1)
    genes[5, 9] *= 10
    pd.DataFrame(genes).add_prefix("gene_").to_csv("genes.csv", index=False)
    assert len(findings("DS304")) == 1


def test_none_for_a_category_is_told_from_gaps() -> None:
    rng = RNG(8)
    bags = rng.choice(["None", "Driver", "Both"], 300)
    power = pd.Series(rng.normal(140, 30, 300)).where(rng.random(300) > 0.3)
    pd.DataFrame({"bags": bags, "power": power}).to_csv("cars.csv", index=False)
    text, number = findings("DS301")
    assert "written 'None'" in text.message
    assert "keep_default_na=False" in text.help
    assert "written" not in number.message + number.help


def test_survival_is_predicted_not_the_class_travelled_in() -> None:
    pd.DataFrame({"survived": [0, 1] * 20, "fare": range(40), "class": ["First", "Third"] * 20}).to_csv(
        "passengers.csv", index=False
    )
    target = only().target
    assert target is not None
    assert target.column == "survived"


@pytest.mark.parametrize("others", ["numbers", "levels"])
def test_a_group_of_which_some_are_otherwise_has_no_wrong_labels(others: str) -> None:
    rng = RNG(9)
    group = rng.integers(0, 2, 700)
    more = rng.normal(size=(700, 3)) if others == "numbers" else rng.integers(0, 3, (700, 3))
    frame = pd.DataFrame(more, columns=["a", "b", "c"]).assign(group=group)
    frame["label"] = np.where(rng.random(700) < 0.12, 1 - group, group)
    frame.to_csv("groups.csv", index=False)
    assert findings("DS101") == []


def test_labels_that_several_columns_contradict_are_wrong() -> None:
    rng = RNG(9)
    group = rng.integers(0, 2, 700)
    others = rng.normal(size=(700, 3)) + 2.5 * group[:, None]
    frame = pd.DataFrame(others, columns=["a", "b", "c"]).assign(group=group)
    frame["label"] = np.where(rng.random(700) < 0.12, 1 - group, group)
    frame.to_csv("groups.csv", index=False)
    assert len(findings("DS101")) == 1


def test_a_class_that_one_split_lacks_is_no_change_of_relations() -> None:
    rng = RNG(10)
    label = rng.integers(0, 3, 900)
    frame = pd.DataFrame({"a": rng.normal(size=900) + 2 * label, "b": rng.normal(size=900), "label": label})
    frame[:500].query("label != 2").to_csv("train.csv", index=False)
    frame[500:].to_csv("test.csv", index=False)
    assert findings("DS411") == []
    assert len(findings("DS203")) == 1


def test_a_column_of_another_type_is_one_finding() -> None:
    rng = RNG(11)
    frame = pd.DataFrame(rng.normal(size=(600, 4)).round(2), columns=list("abcd"))
    frame[:400].to_csv("train.csv", index=False)
    frame[400:].assign(b=lambda f: "v" + f["b"].astype(str)).to_csv("test.csv", index=False)
    assert findings("DS402") == []
    assert len(findings("DS404")) == 1


def test_words_of_many_categories_tell_classes_apart() -> None:
    rng = RNG(12)
    film = rng.random(900) < 0.7
    seasons = rng.geometric(0.3, 900)
    length = [
        f"{m} min" if f else f"{s} Seasons"
        for f, m, s in zip(film, rng.integers(60, 150, 900), seasons, strict=True)
    ]
    label = np.where(film, "film", "series")
    pd.DataFrame({"length": length, "year": rng.integers(1990, 2022, 900), "label": label}).to_csv(
        "shows.csv", index=False
    )
    assert findings("DS101") == []
