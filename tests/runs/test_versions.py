from concurrent.futures import ThreadPoolExecutor

from litclf.runs.versions import new_version, versions_in


def test_numbers_go_on_after_the_largest_whatever_else_is_there(tmp_path):
    for name in ("version_3", "version_10", "version_x", "other"):
        (tmp_path / name).mkdir()
    assert new_version(tmp_path).name == "version_11"
    assert [path.name for path in versions_in(tmp_path)] == ["version_3", "version_10", "version_11"]


def test_folders_taken_at_the_same_moment_are_distinct(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: new_version(tmp_path / "same"), range(32)))
    assert len(set(folders)) == 32
