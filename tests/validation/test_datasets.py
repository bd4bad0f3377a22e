"""Folders of images as people have them."""

from __future__ import annotations

import importlib.util
import unicodedata

import numpy as np
import pytest
import transformers
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reference.errors import UserError
from reference.images import as_rgb
from reference.picture_files import images_in, open_image
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


def test_numbers_are_indices(tmp_path):
    """Sorted as text, 10 comes before 2."""
    labels = [f"kind {chr(97 + index)}" for index in range(12)]
    for index in range(12):
        picture(tmp_path / str(index) / "a.png")
    found = entries(open_dataset(str(tmp_path), "classification", labels, None))
    assert found == [(f"{index}/a.png", index) for index in sorted(range(12), key=str)]


def test_names_as_people_write_them(tmp_path):
    """Between words, in case, and in Unicode's two forms of one letter, of which macOS writes the longer."""
    labels = ["café au lait", "dotted ring", "7", "crane", "crane"]
    for name in (unicodedata.normalize("NFD", "Café au lait"), "Dotted_Ring", "7", "3"):
        picture(tmp_path / name / "a.png")
    found = {truth for _, truth in entries(open_dataset(str(tmp_path), "classification", labels, None))}
    assert found == {0, 1, 2, 3}
    picture(tmp_path / "dotted-ring" / "a.png")
    with pytest.raises(UserError, match="Dotted_Ring and .*dotted-ring are both label 1"):
        open_dataset(str(tmp_path), "classification", labels, None)
    (tmp_path / "dotted-ring").rename(tmp_path / "crane")  # which of the two?
    with pytest.raises(UserError, match="crane is none of the checkpoint's 5 labels"):
        open_dataset(str(tmp_path), "classification", labels, None)


def test_as_many_folders_as_labels_are_no_labels(tmp_path):
    for name in ("cat", "dog", "eeel"):
        picture(tmp_path / name / "a.png")
    with pytest.raises(UserError, match="eeel is none of the checkpoint's 3 labels: name the folder after its label"):
        open_dataset(str(tmp_path), "classification", ANIMALS, None)


def test_what_systems_leave_is_counted_and_left_out(tmp_path, capsys):
    for name in ("cat/1.png", "cat/._1.png", "dog/.thumbnails/1.png", "__MACOSX/cat/._1.png", ".cache/1.png"):
        picture(tmp_path / name)
    assert entries(open_dataset(str(tmp_path), "classification", ANIMALS, None)) == [("cat/1.png", 0)]
    assert capsys.readouterr().err == f"{tmp_path}: 4 hidden files, or copies that macOS made, are left out\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_in_the_encodings_of_spreadsheets(tmp_path, encoding):
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("file,label\r\na.png,Käfer\r\n", encoding=encoding)
    assert entries(open_dataset(str(tmp_path), "classification", ["Maus", "Käfer"], None)) == [("a.png", 1)]


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("latin-1", "8-bit encoding such as Windows-1252"), ("utf-16-le", "UTF-16 without a byte")],
)
def test_lists_in_other_encodings_are_refused_by_name(tmp_path, encoding, message):
    (tmp_path / "labels.csv").write_text("file,label\na.png,Käfer\n", encoding=encoding)
    with pytest.raises(UserError, match=f"labels.csv is .*{message}.*save it as UTF-8"):
        open_dataset(str(tmp_path), "classification", ["Maus", "Käfer"], None)


def masked(folder, *masks, suffix="png"):
    """A data set of these masks."""
    for number, mask in enumerate(masks):
        picture(folder / "images" / f"{number}.jpg", size=mask.shape[::-1])
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / "masks" / f"{number}.{suffix}")
    return str(folder)


def test_masks_of_black_and_white_are_refused(tmp_path):
    """255 stands for none: as an index of two classes, it would leave black alone."""
    black, white = np.zeros((20, 30), np.uint8), np.full((20, 30), 255, np.uint8)
    with pytest.raises(UserError, match=r"masks/1\.png and the other masks hold nothing but 0 and 255.*divide"):
        open_dataset(masked(tmp_path / "two", black, white), "segmentation", ["ground", "road"], None)
    edged = np.array([[0, 255, 1]], np.uint8)
    dataset = open_dataset(masked(tmp_path / "voc", black, white, edged), "segmentation", ["ground", "road"], None)
    assert np.asarray(dataset[2].truth).tolist() == [[0, 255, 1]]


def test_masks_with_values_beyond_the_labels_are_refused(tmp_path):
    mask = np.array([[0, 1, 2, 255]], np.uint8)
    with pytest.raises(UserError, match=r"masks/0\.png has the value 2, but the checkpoint's 2 labels are 0\.\.1"):
        open_dataset(masked(tmp_path, mask), "segmentation", ["ground", "road"], None)


def test_masks_in_a_lossy_format_are_refused(tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    with pytest.raises(UserError, match=r"masks/0\.jpg is a JPEG, which changes"):
        open_dataset(masked(tmp_path, mask, suffix="jpg"), "segmentation", ["ground", "road"], None)


def test_masks_are_reduced_as_transformers_does_it(tmp_path):
    """0 is none, 1 becomes 0: by the image processor with do_reduce_labels."""
    mask = np.random.default_rng(0).integers(0, 4, (64, 64)).astype(np.uint8)
    mask[0, 0] = 255
    dataset = open_dataset(masked(tmp_path, mask), "segmentation", ANIMALS, None, lambda: True)
    theirs = transformers.MobileViTImageProcessor(do_resize=False, do_center_crop=False, do_reduce_labels=True)
    (labels,) = theirs(Image.new("RGB", (64, 64)), mask, return_tensors="np")["labels"]
    assert (np.asarray(dataset[0].truth) == labels).all()
    mask[0, 0] = 4
    with pytest.raises(UserError, match=r"has the value 4, but the checkpoint's 3 labels are 0\.\.3"):
        open_dataset(masked(tmp_path, mask), "segmentation", ANIMALS, None, lambda: True)


def test_masks_of_one_class(tmp_path):
    """1 where it is, 0 where not; reduced, 0 would be none, and nothing would be left beside it."""
    folder = masked(tmp_path, np.array([[0, 1, 255]], np.uint8))
    assert np.asarray(open_dataset(folder, "segmentation", ["road"], None)[0].truth).tolist() == [[0, 1, 255]]
    with pytest.raises(UserError, match="do_reduce_labels leaves of one class nothing"):
        open_dataset(folder, "segmentation", ["road"], None, lambda: True)


def test_masks_of_turned_photos_are_upright(tmp_path):
    masked(tmp_path, np.eye(20, 30, dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 30)).save(tmp_path / "images" / "0.jpg", exif=exif)  # 30 x 20 when upright
    assert open_dataset(str(tmp_path), "segmentation", ANIMALS, None)[0].truth.size == (30, 20)


def test_every_refusal_of_a_picture_names_its_file(tmp_path):
    (tmp_path / "cat").mkdir()
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(tmp_path / "cat" / "deep.png")
    dataset = open_dataset(str(tmp_path), "classification", ANIMALS, None)
    with pytest.raises(UserError, match=r"cat/deep\.png has more than 8 bits"):
        as_rgb(dataset[0].image)
    (tmp_path / "cat" / "broken.png").write_bytes(b"<html>403</html>")
    with pytest.raises(UserError, match=r"broken\.png is not an image"):  # at once, since it is the first
        open_dataset(str(tmp_path), "classification", ANIMALS, None)


def test_heic(tmp_path):
    """Read where pillow-heif is installed, and else named."""
    picture(tmp_path / "cat" / "a.png")
    if importlib.util.find_spec("pillow_heif") is None:
        (tmp_path / "cat" / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
        for way in (images_in, lambda folder: open_image(folder / "cat" / "IMG_1.HEIC")):
            with pytest.raises(UserError, match=r"pip install -e '\.\[heic\]'"):
                way(tmp_path)
        return
    from pillow_heif import from_pillow

    from_pillow(Image.new("RGB", (64, 48), (9, 99, 199))).save(str(tmp_path / "cat" / "IMG_1.HEIC"), quality=100)
    assert open_image(images_in(tmp_path)[0]).size == (64, 48)


def test_a_list_of_labels(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "b, too.png")
    (tmp_path / "labels.csv").write_text('file,label,remark\n"b, too.png",eel,x\na.png,1,\n')
    assert entries(open_dataset(str(tmp_path), "classification", ANIMALS, None)) == [("b, too.png", 2), ("a.png", 1)]


@given(st.integers(1, 40), st.integers(1, 60))
def test_a_part_is_evenly_spread(tmp_path_factory, total, count):
    folder = tmp_path_factory.mktemp("part")
    picture(folder / "a.png")
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"a.png,{index % 3}\n" for index in range(total)))
    chosen = open_dataset(str(folder), "classification", ANIMALS, count).entries
    assert len(chosen) == min(total, count)


def test_masks(tmp_path):
    picture(tmp_path / "images" / "one.jpg")
    mask = np.array([0, 1, 2, 255], np.uint8)[np.arange(600) % 4].reshape(20, 30)
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
    with pytest.raises(UserError, match="cow is none of the checkpoint's 3 labels"):
        open_dataset(str(tmp_path), "classification", ANIMALS, None)
    (tmp_path / "cow").rename(tmp_path / "cat")
    picture(tmp_path / "loose.png")
    with pytest.raises(UserError, match="lies in no class's folder"):
        open_dataset(str(tmp_path), "classification", ANIMALS, None)
    assert len(open_dataset("demo", "classification", list(LABELS), 7)) == 7
