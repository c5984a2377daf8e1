from pathlib import Path

import pytest

import litclf
from litclf.cli.presets import preset_path, presets
from litclf.utilities.errors import InputError

FILES = sorted((Path(litclf.__file__).parent / "configs").glob("*.yaml"))


def test_every_shipped_file_is_a_preset_with_a_description():
    assert list(presets()) == [path.stem for path in FILES]
    assert {"circles", "mnist", "restoration"} <= set(presets())
    assert all(text.endswith(".") and not text.startswith("#") for text in presets().values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_name_leads_to_its_file(path):
    assert preset_path(path.stem) == path


def test_file_is_taken_as_it_is(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("seed_everything: 1\n")
    assert preset_path(str(own)) == own


def test_preset_wins_over_a_folder_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("circles").mkdir()
    assert preset_path("circles").suffix == ".yaml"


@pytest.mark.parametrize(
    ("name", "fix"), [("cirlces", r"did you mean circles\?"), ("zzzz", "see `litclf presets`"), ("../circles", "")]
)
def test_what_is_neither_is_refused(name, fix):
    with pytest.raises(InputError, match=f"^-c: there is no preset and no file '{name}'; fix: {fix}"):
        preset_path(name)


def test_a_file_without_its_ending_is_found_beside_the_presets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("날씨.yaml").touch()
    Path("circle.yml").touch()
    for name, near in [("날씨", "날씨.yaml"), ("circle", "circle.yml"), ("circlse", "circles")]:
        with pytest.raises(InputError, match=rf"fix: did you mean {near}\?"):
            preset_path(name)
