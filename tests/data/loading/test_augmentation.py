import pytest
import torch

from litclf.data.loading.augmentation import flip, shift


def move_slowly(image, down, right, edge):
    height, width = image.shape[-2:]
    moved = torch.zeros_like(image)
    for row in range(height):
        for column in range(width):
            above, left = row - down, column - right
            if edge:
                above, left = min(max(above, 0), height - 1), min(max(left, 0), width - 1)
            if 0 <= above < height and 0 <= left < width:
                moved[:, row, column] = image[:, above, left]
    return moved


@pytest.mark.parametrize("mode", ["constant", "edge"])
@pytest.mark.parametrize("channels", [1, 3])
def test_shift_equals_a_slow_loop(mode, channels):
    x = torch.rand(5, channels, 6, 9)
    moves = torch.tensor([[0, 0], [2, -2], [-1, 2], [-2, -2], [1, 0]])
    expected = torch.stack(
        [move_slowly(image, *move.tolist(), mode == "edge") for image, move in zip(x, moves, strict=True)]
    )
    assert torch.equal(shift(x, moves, 2, mode), expected)


def test_flip_mirrors_the_chosen_images_only():
    x = torch.rand(3, 2, 4, 5)
    flipped = flip(x, torch.tensor([1, 0, 1]))
    assert torch.equal(flipped[1], x[1])
    assert torch.equal(flipped[0], x[0].flip(-1))
    assert torch.equal(flipped[2, :, :, 0], x[2, :, :, -1])
