"""labels.csv of several labels and of values: the forms that people have, and the refusal of all others."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.errors import UserError
from reference.labels import LabelIndex
from validation.labels_csv import read_listed

ANIMALS = ["cat", "dog", "sea eel"]
SETTINGS = settings(max_examples=60)


def listed(folder: Path, text: str, meaning: str, labels=ANIMALS, encoding="utf-8"):
    for name in ("a.png", "b.png", "c, d.png"):
        (folder / name).touch()
    (folder / "labels.csv").write_text(text, encoding=encoding)
    return read_listed(folder, labels, meaning)


@pytest.mark.parametrize(
    "text",
    [
        "file,label\na.png,cat\nb.png,Sea_Eel\na.png,2\n",
        "file,label\na.png,2|cat\nb.png,sea-eel\n",
        "label,file\nsea eel;cat;,./a.png\n sea eel ,b.png\n",
        "file,labels,remark\na.png,,x\nb.png,sea eel,\na.png,cat|cat,\n\na.png,sea eel,y\n",
        "file,dog,split,Sea Eel,cat\na.png,0,train,1,1\nb.png,0,test,1,0\n",
        "file,0,1,2\na.png,1.0,0.0,1.0\nb.png,0.0,0.0,1.0\n",
        "file,dog,cat,sea eel\nb.png,False,False,True\na.png,False,True,True\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_forms_of_label_sets(tmp_path, text, encoding):
    assert sorted(listed(tmp_path, text, "scores", encoding=encoding)) == [("a.png", (0, 2)), ("b.png", (2,))]


def test_a_file_may_have_no_label(tmp_path):
    assert listed(tmp_path, "file,label\na.png,\nb.png,dog\n", "scores") == [("a.png", ()), ("b.png", (1,))]
    assert listed(tmp_path, "file,0,1,2\na.png,0,0,0\n", "scores") == [("a.png", ())]


def test_a_label_is_not_taken_apart(tmp_path):
    labels = ["black; white", "black", "white"]
    text = 'file,label\na.png,black; white\nb.png,"black|black; white"\n"c, d.png",black ;white\n'
    assert [true for _, true in listed(tmp_path, text, "scores", labels)] == [(0,), (0, 1), (1, 2)]


def test_labels_side_by_side_are_never_one_label(tmp_path):
    """A name is found whatever stands between its words, but `|` stands between labels."""
    assert listed(tmp_path, "file,label\na.png,a|b\n", "scores", ["a", "b", "a b"]) == [("a.png", (0, 1))]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["angle"], "file,value,remark\na.png,-1.5e2,x\nb.png, 7 ,\n"),
        (["angle"], "file,label\na.png,-150\nb.png,7.0\n"),
        (["angle"], "label,Angle,file\nx,-150,a.png\ny,7,b.png\n"),
        (["angle"], "0,file\n-150,a.png\n7,b.png\n"),
    ],
)
def test_forms_of_one_value(tmp_path, labels, text):
    assert listed(tmp_path, text, "values", labels) == [("a.png", (-150.0,)), ("b.png", (7.0,))]


def test_several_values_by_their_names(tmp_path):
    text = "sea-eel,file,cat,1,value\n3,a.png,1,2,9\n"
    assert listed(tmp_path, text, "values") == [("a.png", (1.0, 2.0, 3.0))]


@pytest.mark.parametrize(
    ("meaning", "text", "message"),
    [
        (
            "scores",
            "name,label\na.png,cat\n",
            "file and label, or a column for each of the .* 3 labels",
        ),
        ("scores", "file,tags\na.png,cat\n", "needs the columns file and label"),
        ("scores", "file;label\na.png;cat\n", "with a comma between"),
        ("scores", "", "needs the columns"),
        ("scores", "file,label\n", "lists no images"),
        (
            "scores",
            "file,label\na.png,cat dog\n",
            "line 2: 'cat dog' is none of the .* 3 labels, or several",
        ),
        ("scores", "file,label\na.png,cat\nb.png,cat|cow\n", "line 3: 'cow' is none"),
        ("scores", "file,label\na.png,3\n", "line 2: '3' is none"),
        ("scores", "file,label\na.png,cat,dog\n", "line 2: 3 cells for 2 columns: quote what holds a comma"),
        ("scores", "file,label\na.png\n", "line 2: 1 cells for 2 columns"),
        ("scores", 'file,label\na.png,"cat\nb.png,dog\n', "line 3: unexpected end of data"),
        ("scores", "file,label\n\ne.png,cat\n", "line 3: there is no file .*e.png"),
        ("scores", "file,label\n../a.png,cat\n", "line 2: ../a.png does not lie in"),
        ("scores", "file,label,labels\na.png,cat,dog\n", "has the columns label and labels: leave the one that counts"),
        ("scores", "file,cat,dog\na.png,1,0\n", "has no column for the checkpoint's label 'sea eel': add it"),
        ("scores", "file,cat,dog,sea eel,Cat\na.png,1,0,0,1\n", "the columns cat and Cat are both label 0"),
        ("scores", "file,cat,dog,sea eel\na.png,1,0,-1\n", "line 2: '-1' in the column sea eel is neither 0 nor 1"),
        ("scores", "file,cat,dog,sea eel\na.png,1,,0\n", "line 2: '' in the column dog is neither 0 nor 1"),
        ("scores", "file,0,1,2\na.png,1,1,0\n./a.png,1,1,0\n", "line 3: a.png stands in line 2 already"),
        ("values", "file,cat,dog\na.png,1,0\n", "has no column for the checkpoint's label 'sea eel'"),
        ("values", "file,value\na.png,1\n", "needs the columns file and one for each of the checkpoint's 3 labels"),
        ("values", "file,0,1,2\na.png,1,1,\n", "line 2: '' in the column 2 is no number"),
        ("values", "file,0,1,2\na.png,1,nan,2\n", "line 2: 'nan' in the column 1 is no number"),
        ("values", 'file,0,1,2\na.png,1,"2,5",2\n', "line 2: '2,5' in the column 1 is no number, such as -1.5"),
        ("values", "file,0,1,2\na.png,1_000,1,2\n", "line 2: '1_000' in the column 0 is no number"),
        ("values", "file,0,1,2\na.png,1e999,1,2\n", "line 2: '1e999' in the column 0 is no number"),
        ("values", "file,0,1,2\na.png,1,1,2\na.png,1,1,2\n", "line 3: a.png stands in line 2 already"),
    ],
)
def test_everything_else_is_refused(tmp_path, meaning, text, message):
    with pytest.raises(UserError, match=f"labels.csv.*{message}") as refusal:
        listed(tmp_path, text, meaning)
    assert "\n" not in str(refusal.value)


def test_one_value_in_two_columns(tmp_path):
    with pytest.raises(UserError, match="has the columns value and label: leave the one that counts"):
        listed(tmp_path, "file,value,label\na.png,1,2\n", "values", ["angle"])
    with pytest.raises(UserError, match="line 2: 'cat' in the column label is no number"):
        listed(tmp_path, "file,label\na.png,cat\n", "values", ["angle"])


NAMES = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="|;"), min_size=1, max_size=8)


def findable(names: list[str]) -> bool:
    """Names that can be told apart, from numbers and from the columns of the list too."""
    index = LabelIndex(names)
    taken = {"file", "label", "labels", "value"}
    return all(
        name == name.strip() and index.find(name) == place and name not in taken and not name.isdecimal()
        for place, name in enumerate(names)
    )


LABELS = st.lists(NAMES, min_size=1, max_size=4, unique_by=lambda name: unicodedata.normalize("NFKC", name).casefold())
LABELS = LABELS.filter(findable)


@SETTINGS
@given(data=st.data(), labels=LABELS, form=st.sampled_from(["|", ";", "rows", "columns"]))
def test_any_label_sets_in_any_form(tmp_path_factory, data, labels, form):
    """What a program writes with `csv` is what is read, in any order of rows and columns, with more columns between."""
    folder = tmp_path_factory.mktemp("list")
    sets = data.draw(st.lists(st.sets(st.integers(0, len(labels) - 1)), min_size=1, max_size=5))
    true = {f"{number}, {number}.png": tuple(sorted(each)) for number, each in enumerate(sets)}
    columns = ["remark", "file", *(labels if form == "columns" else ["label"])]
    rows = []
    for name, indices in true.items():
        (folder / name).touch()
        row = {"remark": 'says "so", and', "file": name}
        if form == "columns":
            rows.append(row | {label: int(place in indices) for place, label in enumerate(labels)})
        elif form == "rows":
            rows += [row | {"label": labels[place]} for place in indices] or [row | {"label": ""}]
        else:
            rows.append(row | {"label": form.join(labels[place] for place in data.draw(st.permutations(indices)))})
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, data.draw(st.permutations(columns)))
        writer.writeheader()
        writer.writerows(data.draw(st.permutations(rows)))
    assert dict(read_listed(folder, labels, "scores")) == true


@SETTINGS
@given(data=st.data(), labels=LABELS)
def test_any_values(tmp_path_factory, data, labels):
    """Numbers as Python writes them come back as they were, to the last bit."""
    folder = tmp_path_factory.mktemp("list")
    numbers = st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * len(labels))
    true = {f"{number}.png": each for number, each in enumerate(data.draw(st.lists(numbers, min_size=1, max_size=4)))}
    order = data.draw(st.permutations(range(len(labels))))
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", *(labels[place] for place in order)])
        for name, values in true.items():
            (folder / name).touch()
            writer.writerow([name, *(repr(values[place]) for place in order)])
    assert dict(read_listed(folder, labels, "values")) == true
