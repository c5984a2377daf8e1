import os

import pytest

from litclf.data.sources.image_files import Tree


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names_below(root, folder="."):
    tree = Tree()
    return [str(path.relative_to(root)) for path in tree.images(root / folder)], tree


LEFT = (
    *("._1.png", ".hidden.png", "Thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", ".DS_Store"),
    *("@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "__MACOSX/cat/._1.png", "__macosx/1.png", ".ipynb_checkpoints/1.png"),
    *(".AppleDouble/1.png", "$RECYCLE.BIN/1.png", "#recycle/1.png", "System Volume Information/1.png"),
    *("lost+found/1.png", "deep/@eaDir/2.png", "deep/er/.git/3.png"),
)


@pytest.mark.parametrize("name", LEFT)
def test_what_systems_leave_is_passed_over_without_a_word_at_any_depth(name, tmp_path):
    touch(tmp_path, "a.png", name)
    found, tree = names_below(tmp_path)
    assert (found, tree.notes(), tree.problems()) == (["a.png"], [], [])


def test_other_files_are_counted_by_their_endings(tmp_path):
    touch(
        tmp_path, "a.JFIF", "b.jpe", "c.Jpeg", "d.webp", "x/e.tif", "1.gif", "x/2.GIF", "3.txt", "4", "5.heic", "6.raw"
    )
    found, tree = names_below(tmp_path)
    assert found == ["a.JFIF", "b.jpe", "c.Jpeg", "d.webp", "x/e.tif"]
    (note,) = tree.notes()
    assert note == "passed over 6 files that are no images by their names (2 .gif, 1 .txt, 1 no ending and 2 more)"


def test_small_copies_are_passed_over_where_they_are_told_by_name(tmp_path):
    touch(
        tmp_path, "1.jpg", "1_thumb.jpg", "thumb-1.png", "2_thumb.jpg", "thumb.jpg", "Thumbnails/9.jpg", "_thumbs/9.jpg"
    )
    touch(tmp_path, "SYNOFILE_THUMB_1.jpg", "RECYCLER/8.jpg", "node_modules/8.jpg")
    touch(tmp_path, "_gsdata_/9.jpg", "CVS/9.jpg", "~snapshot/9.jpg", "OneDriveTemp/9.jpg", "_MACOSX/9.jpg")
    found, tree = names_below(tmp_path)
    assert found == ["1.jpg", "2_thumb.jpg", "thumb.jpg"]  # nothing lies beside that the latter two are copies of
    (note,) = tree.notes()
    assert note.startswith("passed over what is named as small copies of images: ")
    assert note.endswith(" and 2 more")


def test_links_are_followed_once_and_in_no_circle(tmp_path):
    touch(tmp_path, "store/s.png", "cat/1.png", "cat/x/2.png", "dog/3.png")
    for link, target in {
        "cat/more": "../store",
        "cat/more_again": "../store",
        "cat/self": ".",
        "cat/all": "..",
        "cat/x/dogs": "../../dog",
        "dog/cats": "../cat",
        "cat/4.png": "../dog/3.png",
    }.items():
        (tmp_path / link).symlink_to(target)
    found, tree = names_below(tmp_path, "cat")
    assert found == ["cat/1.png", "cat/4.png", "cat/more/s.png", "cat/x/2.png", "cat/x/dogs/3.png"]
    assert {path.name for path in tree.loops} == {"more_again", "self", "all", "cats"}
    (note,) = tree.notes()
    assert note.startswith("passed over links to folders that were there already: ")


def test_links_among_many_folders_take_no_time(tmp_path):
    for name in range(12):
        touch(tmp_path, f"a/{name}/1.png")
        for other in range(12):
            (tmp_path / f"a/{name}/to{other}").symlink_to(f"../{other}")
    assert len(names_below(tmp_path, "a")[0]) == 12  # there are 12! ways through


@pytest.mark.parametrize("target", ["nowhere", "gone.png", "../gone/1.png"])
@pytest.mark.parametrize("link", ["1.png", "more", "notes.txt", "deep/more"])
def test_a_broken_link_is_named(link, target, tmp_path):
    touch(tmp_path, "deep/a.png")
    (tmp_path / link).symlink_to(target)
    _, tree = names_below(tmp_path)
    (problem,) = tree.problems()
    assert (problem.kind, problem.path) == ("broken link", tmp_path / link)
    assert problem.rule == f"is a link to {target}, where nothing is found"


def test_a_link_to_itself_is_a_broken_one(tmp_path):
    (tmp_path / "a").symlink_to("a")
    assert [problem.kind for problem in names_below(tmp_path)[1].problems()] == ["broken link"]


def test_a_pipe_with_the_name_of_an_image_is_none(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    found, tree = names_below(tmp_path)
    assert (found, tree.notes()) == ([], ["passed over 1 file that is no image by its name (1 .png)"])


def test_a_folder_that_cannot_be_read_is_named_instead_of_being_empty(tmp_path, monkeypatch):
    touch(tmp_path, "cat/closed/1.png")  # root may read all, so the refusal of the system is played
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    (problem,) = names_below(tmp_path)[1].problems()
    assert (problem.path, problem.rule) == (tmp_path / "cat/closed", "cannot be read: Permission denied")
