import pytest


@pytest.mark.parametrize("name", ["fit_circles.py", "fit_blobs.py"])
def test_a_scripted_fit_prints_its_accuracy_and_folder(name, start, capsys):
    assert start(name) == 0
    assert "lightning_logs" in capsys.readouterr().out
