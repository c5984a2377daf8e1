import pytest
import torch

from litclf import CirclesDataModule, ImageRestoration, InputError, RestorationDataModule
from litclf.preprocessing.corruption import Corruption

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")


def make(size=8, **settings):
    return RestorationDataModule(size=size, **settings)


def test_loss_is_the_distance_to_the_corrupted_image_by_hand():
    torch.manual_seed(0)
    model = ImageRestoration(rounds=3, num_pixels=16)
    x = torch.rand(1, 16)
    by_hand = ((Corruption(3)(model.image) - x) ** 2).sum().sqrt()
    torch.testing.assert_close(model.step(x, x)[0], by_hand)


def test_loss_never_looks_at_the_original():
    model, x = ImageRestoration(num_pixels=16), torch.rand(1, 16)
    loss, guess = model.step(x, torch.full((1, 16), torch.nan))
    loss.backward()
    assert loss.isfinite()
    assert model.image.grad.isfinite().all()
    assert torch.equal(guess, model.image)


def test_the_original_does_not_change_what_is_learned(make_trainer):
    images = []
    for spoiled in (False, True):
        torch.manual_seed(0)
        data, model = make(repeat=20, steps_per_execution=20), ImageRestoration(num_pixels=64)
        if spoiled:
            data.splits["train"].y.fill_(0.5)
        make_trainer(max_epochs=1, limit_val_batches=0).fit(model, datamodule=data)
        images.append(model.image.detach())
    assert torch.equal(*images)


@pytest.mark.parametrize("most", [1, 50])
def test_gradient_descent_equals_a_plain_loop_and_nears_the_image(most, make_trainer):
    torch.manual_seed(0)
    data = make(repeat=100, steps_per_execution=most)
    (x, y), model = data.splits["train"], ImageRestoration(lr=0.5)
    model.attach(data)
    image = model.image.detach().clone().requires_grad_()
    before = ((image - y) ** 2).mean()
    losses = []
    for _ in range(200):
        loss = torch.dist(Corruption(5)(image), x)
        losses.append(loss.item())
        (gradient,) = torch.autograd.grad(loss, image)
        image = (image - 0.5 * gradient).detach().requires_grad_()
    trainer = make_trainer(max_epochs=2)
    trainer.fit(model, datamodule=data)
    torch.testing.assert_close(model.image, image)
    error = ((model.image - y) ** 2).mean()
    assert error < before
    logged = {key: float(value) for key, value in trainer.callback_metrics.items()}
    assert logged["val/psnr"] == pytest.approx(-10 * torch.log10(error).item(), abs=1e-3)
    assert logged["val/loss"] == pytest.approx(torch.dist(Corruption(5)(image), x).item(), rel=1e-4)
    assert logged["train/loss"] == pytest.approx(losses[-1], rel=1e-4)


def test_prediction_is_the_image():
    model = ImageRestoration(num_pixels=4)
    predicted = model.predict_step([torch.zeros(1, 4)], 0)
    assert torch.equal(predicted, model.image)
    assert not predicted.requires_grad
    assert model(torch.zeros(3, 4)).shape == (3, 4)


@pytest.mark.parametrize(
    ("settings", "data", "message"),
    [
        ({"rounds": 4}, make(), "rounds: ImageRestoration undoes 4 rounds, the data was corrupted by 5"),
        ({}, CirclesDataModule(), "rounds: ImageRestoration undoes 5 rounds, the data was corrupted by None"),
        ({"num_pixels": 4}, make(), "num_pixels: is 4 in ImageRestoration, but 64 in RestorationDataModule"),
        ({}, None, "num_pixels: is known neither from the model nor from the data"),
    ],
)
def test_data_that_does_not_fit_is_refused(settings, data, message):
    with pytest.raises(InputError, match=f"^{message}"):
        ImageRestoration(**settings).attach(data)


@pytest.mark.parametrize(("name", "value"), [("rounds", 0), ("lr", 0)])
def test_argument_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"^{name}: must be positive, got {value}"):
        ImageRestoration(**{name: value})


def test_checkpoint_holds_all_that_is_needed_to_rebuild(make_trainer, tmp_path):
    model = ImageRestoration(rounds=3)
    trainer = make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=make(rounds=3))
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    loaded = ImageRestoration.load_from_checkpoint(tmp_path / "end.ckpt", weights_only=True)
    assert torch.equal(loaded.image, model.image)
    assert loaded.corruption.rounds == 3
