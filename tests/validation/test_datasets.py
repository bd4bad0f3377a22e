"""Folders of images as people have them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reference.errors import UserError
from reference.scenes import LABELS
from validation.datasets import open_dataset

ANIMALS = ["cat", "dog", "eel"]


def picture(path, color=(9, 99, 199), size=(30, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


def entries(dataset) -> list:
    return [(sample.name, sample.truth) for sample in (dataset[index] for index in range(len(dataset)))]


def test_folders_named_for_labels(tmp_path):
    for name in ("eel/1.png", "eel/deep/2.png", "cat/3.png"):
        picture(tmp_path / name)
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    dataset = open_dataset(str(tmp_path), "classification", ANIMALS, None)
    assert entries(dataset) == [("cat/3.png", 0), ("eel/1.png", 2), ("eel/deep/2.png", 2)]


def test_as_many_folders_as_labels_are_in_their_order(tmp_path):
    for name in ("n02/1.png", "n01/1.png", "n10/1.png"):
        picture(tmp_path / name)
    dataset = open_dataset(str(tmp_path), "classification", ANIMALS, None)
    assert entries(dataset) == [("n01/1.png", 0), ("n02/1.png", 1), ("n10/1.png", 2)]


def test_a_list_of_labels(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "b, too.png")
    (tmp_path / "labels.csv").write_text('file,label,remark\n"b, too.png",eel,x\na.png,1,\n')
    assert entries(open_dataset(str(tmp_path), "classification", ANIMALS, None)) == [("b, too.png", 2), ("a.png", 1)]


@given(st.integers(1, 40), st.integers(1, 60))
def test_a_part_is_evenly_spread(tmp_path_factory, total, count):
    folder = tmp_path_factory.mktemp("part")
    (folder / "a.png").write_bytes(b"")
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"a.png,{index % 3}\n" for index in range(total)))
    chosen = open_dataset(str(folder), "classification", ANIMALS, count).entries
    assert len(chosen) == min(total, count)


def test_masks(tmp_path):
    picture(tmp_path / "images" / "one.jpg")
    mask = np.arange(600, dtype=np.uint8).reshape(20, 30)
    (tmp_path / "masks").mkdir()
    palette = Image.fromarray(mask).convert("P")
    palette.putdata(mask.ravel())
    palette.save(tmp_path / "masks" / "one.png")
    (sample,) = [open_dataset(str(tmp_path), "segmentation", ANIMALS, None)[0]]
    assert (np.asarray(sample.truth) == mask).all()
    picture(tmp_path / "images" / "two.jpg")
    with pytest.raises(UserError, match="two.jpg has no mask .*two.png"):
        open_dataset(str(tmp_path), "segmentation", ANIMALS, None)
    picture(tmp_path / "masks" / "two.png")
    dataset = open_dataset(str(tmp_path), "segmentation", ANIMALS, None)
    with pytest.raises(UserError, match="mode RGB, not a mask"):
        dataset[1]
    Image.new("L", (5, 5)).save(tmp_path / "masks" / "two.png")
    with pytest.raises(UserError, match="make them one size"):
        dataset[1]


def test_masks_lie_in_the_same_folder_below(tmp_path):
    """Many data sets count their pictures from 001 in each folder."""
    for name in ("a/001", "b/001"):
        picture(tmp_path / "images" / f"{name}.jpg")
    for value, name in enumerate(("a/001", "b/001")):
        (tmp_path / "masks" / name).parent.mkdir(parents=True)
        Image.new("L", (30, 20), value).save(tmp_path / "masks" / f"{name}.png")
    dataset = open_dataset(str(tmp_path), "segmentation", ANIMALS, None)
    assert [(sample.name, sample.truth.getpixel((0, 0))) for sample in (dataset[0], dataset[1])] == [
        ("images/a/001.jpg", 0),
        ("images/b/001.jpg", 1),
    ]
    Image.new("L", (30, 20)).save(tmp_path / "masks" / "a" / "001.bmp")
    with pytest.raises(UserError, match="are masks of one image"):
        open_dataset(str(tmp_path), "segmentation", ANIMALS, None)
    (tmp_path / "masks" / "a" / "001.bmp").unlink()
    (tmp_path / "masks" / "a" / "001.png").unlink()
    with pytest.raises(UserError, match=r"images/a/001\.jpg has no mask .*masks/a/001\.png"):
        open_dataset(str(tmp_path), "segmentation", ANIMALS, None)


@pytest.mark.parametrize("name", ["{outside}", "../outside.png", "in/../../outside.png"])
def test_a_list_names_files_within_its_folder(tmp_path, name):
    picture(tmp_path / "outside.png")
    folder = tmp_path / "data"
    picture(folder / "in" / "a.png")
    name = name.format(outside=tmp_path / "outside.png")
    (folder / "labels.csv").write_text(f"file,label\nin/a.png,cat\n{name},dog\n")
    with pytest.raises(UserError, match="labels.csv, line 3: .*outside.png does not lie in"):
        open_dataset(str(folder), "classification", ANIMALS, None)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("file;label\n", "needs the columns file and label"),
        ("file,label\na.png,cow\n", "line 2: 'cow' is none of the checkpoint's 3 labels"),
        ("file,label\na.png,3\n", "line 2: '3' is none"),
        ("file,label\nb.png,cat\n", "line 2: there is no file"),
        ("file,label\n", "lists no images"),
    ],
)
def test_wrong_lists(tmp_path, lines, message):
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text(lines)
    with pytest.raises(UserError, match=message):
        open_dataset(str(tmp_path), "classification", ANIMALS, None)


def test_refusals(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        open_dataset(str(tmp_path / "none"), "classification", ANIMALS, None)
    with pytest.raises(UserError, match="do not know the demonstration's 30 classes"):
        open_dataset("demo", "classification", ANIMALS, None)
    with pytest.raises(UserError, match="features have no accuracy"):
        open_dataset("demo", "features", [], None)
    with pytest.raises(UserError, match="needs the folders images/ and masks/"):
        open_dataset(str(tmp_path), "segmentation", ANIMALS, None)
    picture(tmp_path / "cow" / "1.png")
    with pytest.raises(UserError, match="cow is none of the checkpoint's 3 labels, and there are 1 folders"):
        open_dataset(str(tmp_path), "classification", ANIMALS, None)
    (tmp_path / "cow").rename(tmp_path / "cat")
    picture(tmp_path / "loose.png")
    with pytest.raises(UserError, match="lies in no class's folder"):
        open_dataset(str(tmp_path), "classification", ANIMALS, None)
    assert len(open_dataset("demo", "classification", list(LABELS), 7)) == 7
