"""The rendered data set: deterministic, disjoint, balanced, and hard in the ways it claims to be."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from reference.demo import scenes
from reference.demo.evaluate import correct
from reference.demo.picture import SAMPLE, SAMPLE_INDEX
from reference.demo.train import Run, _Course, augment
from reference.errors import UserError


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


def test_bundled_checkpoint_depends_on_color_order_and_crop(demo):
    """A shortened `python -m reference.demo evaluate`; 400 scenes leave a standard error below two points."""
    right, swapped, squashed = 100 * correct(demo, range(400)).mean(axis=0)
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
    run = Run("xxs", tmp_path, jobs=1, shrink=1)

    def advance(course: _Course) -> torch.Tensor:
        images = torch.rand((4, 3, 64, 64), generator=torch.Generator().manual_seed(1))
        torch.manual_seed(7)  # for dropout
        logits = course.model.train()(images).logits
        course.step(torch.nn.functional.cross_entropy(logits, torch.tensor([1, 2, 3, 4])))
        return torch.cat([parameter.flatten() for parameter in course.model.parameters()])

    course = _Course(run, 0, steps=10)
    advance(course)
    course.save(epochs=3)
    expected = advance(course)
    resumed = _Course(run, 0, steps=10)
    assert resumed.epochs_done == 3
    assert torch.equal(advance(resumed), expected), "weights, moments and learning rate must all come back"
    assert _Course(run, 1, steps=10).epochs_done == 0
    with pytest.raises(UserError, match="another run"):
        _Course(Run("xs", tmp_path, jobs=1, shrink=1), 0, steps=10)


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
