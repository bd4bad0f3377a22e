"""The rendered data set: deterministic, disjoint, balanced, and hard in the ways it claims to be."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from reference import scenes
from reference.confusion import iou, mean_iou, top_1
from reference.demo.courses import COURSES, Stage, config
from reference.demo.evaluate import confusion
from reference.demo.picture import SAMPLE, SAMPLE_INDEX
from reference.demo.stage_data import StageData, augment
from reference.demo.train import Run, _Progress
from reference.demo.widen import widen
from reference.errors import UserError
from reference.heads import MobileViTForImageClassification
from reference.initialise import he_initialise


def pixels_hash(split: str, index: int) -> str:
    return hashlib.sha256(scenes.render(split, index).image.tobytes()).hexdigest()


def test_a_scene_is_a_function_of_its_index():
    assert pixels_hash("train", 7) == pixels_hash("train", 7)
    hashes = {pixels_hash(split, index) for split in scenes.SPLITS for index in range(50)}
    assert len(hashes) == 100, "splits must not share scenes"


def test_labels_without_rendering_are_the_rendered_ones():
    assert all(scenes.label_of("train", i) == scenes.render("train", i).label for i in range(20))


def test_classes_are_balanced():
    count = Counter(scenes.label_of("validation", index) for index in range(5000))
    assert len(count) == len(scenes.LABELS) >= 20
    assert min(count.values()) > 5000 / len(scenes.LABELS) * 0.7


def test_sizes_vary_and_both_orientations_occur(photographs):
    sizes = {image.size for image in photographs}
    assert len(sizes) == len(photographs)
    assert {width > height for width, height in sizes} == {True, False}


@pytest.mark.parametrize("count", [120, pytest.param(400, marks=pytest.mark.deep)])
def test_bundled_checkpoint_depends_on_color_order_and_crop(demo, count):
    """A shortened `python -m reference.demo evaluate`; 120 scenes leave a standard error of 4.6 points, 400 of 2.5."""
    right, swapped, squashed = (100 * top_1(found) for found in confusion(demo, range(count)))
    assert 80 <= right <= 96
    assert swapped < right - 20
    assert squashed < right - 5


def test_sample_image_is_a_validation_scene():
    bundled = Image.open(SAMPLE)
    rendered = scenes.render("validation", SAMPLE_INDEX).image
    assert bundled.size == rendered.size
    # Releases of Pillow differ in single pixels.
    assert np.abs(np.asarray(bundled, dtype=float) - np.asarray(rendered)).mean() < 0.1


def test_training_resumes_where_it_was_interrupted(tmp_path):
    run = Run("classification", "xxs", tmp_path, jobs=1, shrink=1)

    def advance(progress: _Progress) -> torch.Tensor:
        images = torch.rand((4, 3, 64, 64), generator=torch.Generator().manual_seed(1))
        torch.manual_seed(7)  # for dropout
        logits = progress.model.train()(images).logits
        progress.step(torch.nn.functional.cross_entropy(logits, torch.tensor([1, 2, 3, 4])))
        return torch.cat([parameter.flatten() for parameter in progress.model.parameters()])

    progress = _Progress(run, 0, steps=10)
    advance(progress)
    progress.save(epochs=3)
    expected = advance(progress)
    resumed = _Progress(run, 0, steps=10)
    assert resumed.epochs_done == 3
    assert torch.equal(advance(resumed), expected), "weights, moments and learning rate must all come back"
    assert _Progress(run, 1, steps=10).epochs_done == 0
    with pytest.raises(UserError, match="another run"):
        _Progress(Run("classification", "xs", tmp_path, jobs=1, shrink=1), 0, steps=10)


def test_segments_are_the_surfaces_of_the_objects():
    """The label names the main object's surface, and near the centre the main object prevails."""
    right = 0
    for index in range(40):
        scene = scenes.render("validation", index)
        segments = np.asarray(scene.segments)
        assert segments.shape == np.asarray(scene.image).shape[:2]
        height, width = segments.shape
        middle = segments[height // 4 : -height // 4, width // 4 : -width // 4]
        surface = scenes.SEGMENT_LABELS[np.bincount(middle.ravel(), minlength=6)[1:].argmax() + 1]
        right += surface == scenes.LABELS[scene.label].split()[0]
    assert right >= 38


def test_red_and_blue_segments_have_these_colours():
    """Averaged over scenes, whatever the light: red pixels are redder than blue, and the other way round."""
    excess = {"red": [], "blue": []}
    for index in range(60):
        scene = scenes.render("validation", index)
        pixels, segments = np.asarray(scene.image, dtype=float), np.asarray(scene.segments)
        for name, values in excess.items():
            mine = segments == scenes.SEGMENT_LABELS.index(name)
            if mine.sum() > 500:
                values.append((pixels[mine] - pixels[segments == 0].mean(axis=0)).mean(axis=0))
    red, blue = (np.mean(excess[name], axis=0) for name in ("red", "blue"))
    assert red[0] - red[2] > 30
    assert blue[2] - blue[0] > 30


def test_iou_equals_sets_of_pixels():
    """Against intersections and unions of explicit sets."""
    rng = np.random.default_rng(0)
    truth, answer = rng.integers(0, 3, 500), rng.integers(0, 3, 500)
    count = np.zeros((3, 3), dtype=int)
    np.add.at(count, (truth, answer), 1)
    sets = [({*np.flatnonzero(truth == k)}, {*np.flatnonzero(answer == k)}) for k in range(3)]
    expected = [len(a & b) / len(a | b) for a, b in sets]
    assert np.allclose(iou(count), expected)
    assert mean_iou(count) == pytest.approx(np.mean(expected))
    assert top_1(count) == pytest.approx((truth == answer).mean())


def test_stage_data_keeps_images_and_class_maps_together(tmp_path):
    """Crops and symmetries of a batch fall alike on both: compare with a search for the crop in the whole picture."""
    stage = Stage(image_size=128, scenes=3, epochs=1, batch=3, peak_rate=1e-3, crop=64)
    data = StageData(tmp_path, 0, stage, task="segmentation", first=5, count=3)
    data.render(jobs=1)
    data.load()
    images, maps = data.batch(np.arange(3), seed=11)
    assert images.shape == (3, 3, 64, 64)
    assert maps.shape == (3, 16, 16)
    for place in range(3):
        whole = torch.from_numpy(np.load(tmp_path / "stage0.npy")[place]).permute(2, 0, 1).flip(0).float() / 255
        segments = torch.from_numpy(np.load(tmp_path / "stage0_segments.npy")[place]).long()
        found = []
        for turns, mirrored in ((t, m) for t in range(4) for m in (False, True)):
            image = images[place].flip(2) if mirrored else images[place]
            image = torch.rot90(image, -turns, (1, 2))
            class_map = maps[place].flip(1) if mirrored else maps[place]
            class_map = torch.rot90(class_map, -turns, (0, 1))
            for top in range(0, 65, 4):
                for left in range(0, 65, 4):
                    if torch.equal(whole[:, top : top + 64, left : left + 64], image):
                        here = segments[top // 4 : top // 4 + 16, left // 4 : left // 4 + 16]
                        found.append(torch.equal(here, class_map))
        assert found == [True]


@pytest.mark.deep
@pytest.mark.parametrize("size", ["xs", "s"])
def test_a_widened_network_answers_as_the_small_one_in_both_modes(demo, photographs, size):
    """The same labels with fixed and, mostly, with batch statistics; fresh weights would agree on one in thirty."""
    large = MobileViTForImageClassification(config("classification", size))
    he_initialise(large, 0)
    values = demo.processor(photographs, return_tensors="pt")["pixel_values"]
    widen(demo.model, large, values)
    with torch.no_grad():
        expected = demo.model(values).logits
        answer = large.eval()(values).logits
        assert torch.equal(answer.argmax(dim=1), expected.argmax(dim=1))
        assert (answer - expected).abs().mean() <= 0.15 * expected.abs().mean()
        trained = large.train()(values).logits
        assert (trained.argmax(dim=1) == expected.argmax(dim=1)).float().mean() >= 0.6


def test_bundled_checkpoints_are_those_of_the_courses():
    from reference.checkpoints import BUNDLED

    bundled = {(folder.parent.name, folder.name) for folder in BUNDLED.glob("*/*")}
    assert bundled == set(COURSES)


def test_augmentation_yields_symmetries_in_bgr():
    image = torch.randint(0, 256, (1, 5, 5, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    plain = image[0].permute(2, 0, 1).flip(0).float() / 255
    symmetries = [torch.rot90(side, turns, (1, 2)) for side in (plain, plain.flip(2)) for turns in range(4)]
    seen = set()
    for seed in range(60):
        (answer,) = augment(image, seed)
        matches = [index for index, symmetry in enumerate(symmetries) if torch.allclose(answer, symmetry)]
        assert len(matches) == 1
        seen.update(matches)
    assert seen == set(range(8))
