"""Numbers of NumPy among the arguments are Python's in what is kept, which is then read again."""

import numpy as np

from litclf import BinaryClassifier, CirclesDataModule, fit
from litclf.inference.rebuild import load_run


def test_a_fit_with_numbers_of_numpy_is_that_with_pythons_and_can_be_read(tmp_path):
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path}
    plain = fit(BinaryClassifier(hidden_dims=[4], lr=0.01), CirclesDataModule(num_samples=100), seed=3, **settings)
    model = BinaryClassifier(hidden_dims=[np.int64(4)], lr=np.logspace(-3, -1, 3)[1])
    result = fit(model, CirclesDataModule(num_samples=np.int64(100)), seed=np.int64(3), **settings)
    run = load_run(result.folder)
    assert type(run.model.hparams["lr"]) is float
    assert run.data.hparams["num_samples"] == 100
    for own, theirs in zip(result.model.parameters(), plain.model.parameters(), strict=True):
        assert (own == theirs).all()
    assert (result.folder / "config.yaml").read_text() == (plain.folder / "config.yaml").read_text()
