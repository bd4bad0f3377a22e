"""Resizing, sampling and box operations, against PyTorch or written out one value at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

GENERATOR = np.random.default_rng(0)
IMAGE = GENERATOR.standard_normal((2, 3, 5, 7)).astype(np.float32)

# coremltools' formulas of the documentation of resize_bilinear, one position at a time.
POSITIONS = {
    "STRICT_ALIGN_CORNERS": lambda i, size, wanted: i * (size - 1) / (wanted - 1) if wanted > 1 else 0,
    "ALIGN_CORNERS": lambda i, size, wanted: i * (size - 1) / (wanted - 1) if wanted > 1 else (size - 1) / 2,
    "DEFAULT": lambda i, size, wanted: i * (size - size / wanted) / (wanted - 1) if wanted > 1 else 0,
    "OFFSET_CORNERS": lambda i, size, wanted: 0.5 * max(1, size - 1) / wanted + i * max(1, size - 1) / wanted,
    "UNALIGN_CORNERS": lambda i, size, wanted: i * size / wanted + 0.5 * size / wanted - 0.5,
}


def interpolated(x: np.ndarray, row: float, column: float) -> np.ndarray:
    """x [..., H, W] at one position, clamped to the image."""
    row, column = min(max(row, 0), x.shape[-2] - 1), min(max(column, 0), x.shape[-1] - 1)
    top, left = int(row), int(column)
    bottom, right = min(top + 1, x.shape[-2] - 1), min(left + 1, x.shape[-1] - 1)
    down, across = row - top, column - left
    above = x[..., top, left] * (1 - across) + x[..., top, right] * across
    below = x[..., bottom, left] * (1 - across) + x[..., bottom, right] * across
    return above * (1 - down) + below * down


def close(answer, expected, tolerance=2e-6):
    assert answer.shape == tuple(np.shape(expected))
    assert np.abs(answer - np.asarray(expected)).max() <= tolerance


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (3, 4), (10, 21)])
@pytest.mark.parametrize("mode", POSITIONS)
def test_linear_resizing_in_all_sampling_modes(run, mode, size):
    expected = np.empty((2, 3, *size))
    for row, column in np.ndindex(*size):
        at = [POSITIONS[mode](i, IMAGE.shape[axis], size[axis - 2]) for i, axis in ((row, 2), (column, 3))]
        expected[:, :, row, column] = interpolated(IMAGE, *at)
    declared = [("FLOAT32", expected.shape)]
    arguments = {"target_size_height": size[0], "target_size_width": size[1], "sampling_mode": mode}
    close(run("resize_bilinear", {"x": IMAGE}, declared, **arguments), expected)
    arguments = {"shape": np.array([1, *size]), "resized_dims": 2, "sampling_mode": mode}
    close(run("resize", {"x": IMAGE}, declared, interpolation_mode="LINEAR", **arguments), expected)


@pytest.mark.parametrize("mode", POSITIONS)
def test_nearest_resizing(run, mode):
    rows = [POSITIONS[mode](i, 5, 8) for i in range(8)]
    columns = [POSITIONS[mode](i, 7, 3) for i in range(3)]
    picked = [[min(max(math.floor(at + 0.5), 0), last) for at in line] for line, last in ((rows, 4), (columns, 6))]
    arguments = {"shape": np.array([8, 3]), "resized_dims": 2, "sampling_mode": mode}
    answer = run(
        "resize", {"x": IMAGE}, [("FLOAT32", (2, 3, 8, 3))], interpolation_mode="NEAREST_NEIGHBOR", **arguments
    )
    assert np.array_equal(answer, IMAGE[:, :, picked[0]][:, :, :, picked[1]])


@pytest.mark.parametrize("align", [True, False])
def test_upsampling_is_pytorchs(run, align):
    expected = F.interpolate(torch.from_numpy(IMAGE), scale_factor=(2, 3), mode="bilinear", align_corners=align)
    arguments = {"scale_factor_height": 2.0, "scale_factor_width": 3.0}
    declared = [("FLOAT32", (2, 3, 10, 21))]
    close(run("upsample_bilinear", {"x": IMAGE}, declared, align_corners=align, **arguments), expected)
    nearest = F.interpolate(torch.from_numpy(IMAGE), scale_factor=(2, 3), mode="nearest")
    close(run("upsample_nearest_neighbor", {"x": IMAGE}, declared, **arguments), nearest, 0)
    arguments = {"target_size_height": 10, "target_size_width": 21}
    close(run("resize_nearest_neighbor", {"x": IMAGE}, declared, **arguments), nearest, 0)


GRID_SAMPLE = {"constant": "zeros", "border": "border", "reflection": "reflection", "symmetric": "reflection"}


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    ("padding", "align"), [("constant", True), ("constant", False), ("border", True), ("border", False),
                           ("reflection", True), ("symmetric", False)]
)  # fmt: skip
def test_resample_is_grid_sample(run, padding, align, mode):
    """PyTorch reflects about pixels where corners are aligned, about edges where not: MIL has a name for each."""
    coordinates = GENERATOR.uniform(-2.4, 2.4, (2, 4, 6, 2)).astype(np.float32)
    expected = F.grid_sample(
        torch.from_numpy(IMAGE), torch.from_numpy(coordinates), mode, GRID_SAMPLE[padding], align_corners=align
    )
    answer = run(
        "resample",
        {"x": IMAGE, "coordinates": coordinates},
        [("FLOAT32", (2, 3, 4, 6))],
        sampling_mode=mode,
        padding_mode=padding,
        padding_value=0.0,
        coordinates_mode="normalized_minus_one_to_one",
        align_corners=align,
    )
    close(answer, expected, 1e-5)


def test_half_way_the_nearest_pixel_is_the_one_behind(run):
    x = np.array([[[[11, 22], [33, 44]]]], np.float32)
    coordinates = np.array([[[[0.5, 0.5], [-0.5, 0.5], [0.25, 0.75]]]], np.float32)
    answer = run(
        "resample",
        {"x": x, "coordinates": coordinates},
        [("FLOAT32", (1, 1, 1, 3))],
        sampling_mode="nearest",
        padding_mode="border",
        padding_value=0.0,
        coordinates_mode="unnormalized",
        align_corners=True,
    )
    assert answer.reshape(-1).tolist() == [44, 33, 33]


def test_affine_is_pytorchs(run):
    matrix = GENERATOR.uniform(-1, 1, (2, 6)).astype(np.float32)
    grid = F.affine_grid(torch.from_numpy(matrix.reshape(2, 2, 3)), [2, 3, 4, 9], align_corners=True)
    answer = run(
        "affine",
        {"x": IMAGE, "transform_matrix": matrix},
        [("FLOAT32", (2, 3, 4, 9))],
        output_height=4,
        output_width=9,
        sampling_mode="bilinear",
        padding_mode="constant",
        padding_value=0.0,
        coordinates_mode="normalized_minus_one_to_one",
        align_corners=True,
    )
    close(answer, F.grid_sample(torch.from_numpy(IMAGE), grid, align_corners=True), 1e-5)


@pytest.mark.parametrize("order", ["CORNERS_HEIGHT_FIRST", "CENTER_SIZE_WIDTH_FIRST"])
def test_crop_resize(run, order):
    corners = np.array([[0.5, 1, 3.5, 5], [0, 0, 4, 6], [2, 2, 2.5, 6]])  # top, left, bottom, right
    images = np.array([1, 0, 1], np.int32)
    top, left, bottom, right = corners.T
    centres = np.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top], 1)
    boxes = (corners if order.startswith("CORNERS") else centres).astype(np.float32)
    expected = np.empty((3, 3, 4, 5))
    for n, row, column in np.ndindex(3, 4, 5):
        at = top[n] + row * (bottom[n] - top[n]) / 3, left[n] + column * (right[n] - left[n]) / 4
        expected[n, :, row, column] = interpolated(IMAGE[images[n]], *at)
    answer = run(
        "crop_resize",
        {"x": IMAGE, "boxes": boxes, "box_indices": images},
        [("FLOAT32", expected.shape)],
        target_height=4,
        target_width=5,
        box_coordinate_mode=order,
        sampling_mode="ALIGN_CORNERS",
    )
    close(answer, expected, 1e-5)


@pytest.mark.parametrize("per_class", [True, False])
def test_non_maximum_suppression(run, per_class):
    """Against the rule itself: kept are those that no kept better one overlaps."""
    boxes = GENERATOR.uniform(0.5, 4, (2, 30, 4)).astype(np.float32)
    scores = GENERATOR.uniform(0, 1, (2, 30, 3)).astype(np.float32)
    declared = [("FLOAT32", (2, 9, 4)), ("FLOAT32", (2, 9, 3)), ("INT32", (2, 9)), ("INT32", (2,))]
    chosen_boxes, chosen_scores, indices, counts = run(
        "non_maximum_suppression",
        {"boxes": boxes, "scores": scores},
        declared,
        iou_threshold=0.3,
        score_threshold=0.5,
        max_boxes=9,
        per_class_suppression=per_class,
    )
    for image in range(2):
        kept = []
        for index in sorted(range(30), key=lambda index: -scores[image, index].max()):
            rivals = [
                other
                for other in kept
                if not per_class or scores[image, other].argmax() == scores[image, index].argmax()
            ]
            if scores[image, index].max() > 0.5 and all(
                overlap(boxes[image, index], boxes[image, other]) <= 0.3 for other in rivals
            ):
                kept.append(index)
        kept = kept[:9]
        assert counts[image] == len(kept)
        assert indices[image].tolist() == kept + [-1] * (9 - len(kept))
        assert np.array_equal(chosen_boxes[image, : len(kept)], boxes[image, kept])
        assert np.array_equal(chosen_scores[image, : len(kept)], scores[image, kept])
        assert not chosen_boxes[image, len(kept) :].any()


def overlap(a, b) -> float:
    sides = [
        max(0.0, min(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2) - max(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2))
        for i in (0, 1)
    ]
    common = sides[0] * sides[1]
    return common / (a[2] * a[3] + b[2] * b[3] - common)
