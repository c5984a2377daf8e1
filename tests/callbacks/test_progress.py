from litclf import CirclesDataModule, MulticlassClassifier, fit


def test_prints_one_plain_line_an_epoch(tmp_path, capsys):
    data = CirclesDataModule(batch_size=None, repeat=5, steps_per_execution=5)
    result = fit(MulticlassClassifier(), data, max_epochs=3, default_root_dir=tmp_path)
    # On a machine's first fit, a line before them says that kernels are compiled.
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("compiling")]
    assert len(lines) == 3
    assert lines[-1].startswith("epoch 3/3  step 15  train/loss ")
    assert f"val/loss {result.metrics['val/loss']:.4f}" in lines[-1]


def test_can_be_switched_off(tmp_path, capsys):
    data = CirclesDataModule(batch_size=None, repeat=5, steps_per_execution=5)
    fit(MulticlassClassifier(), data, max_epochs=1, default_root_dir=tmp_path, enable_progress_bar=False)
    assert capsys.readouterr().out == ""
