from litclf import BlobsDataModule, CirclesDataModule
from litclf.data.audit.loaded import tell_findings
from litclf.data.base import Split


def test_a_fit_begins_with_the_notes_of_its_data(capsys):
    data = BlobsDataModule()
    tell_findings(data, None)
    assert capsys.readouterr() == ("", "")
    data.notes = ("a.csv was read so", "column a is left out", "a.csv was read so")
    tell_findings(data, None)
    assert capsys.readouterr() == ("", "note        a.csv was read so\nnote        column a is left out\n")


def test_a_fit_says_which_classes_a_split_has_no_sample_of(capsys):
    data = BlobsDataModule(num_samples=80)
    x, y = data.splits["val"]
    data.splits["val"] = Split(x[y > 1], y[y > 1])
    tell_findings(data, None)
    note = "note        val has no sample of class "
    one, other = data.class_names[:2]
    assert capsys.readouterr().err == f"{note}{one}, {other}: its metrics are over the others\n"
    data.splits["val"] = Split(x[:0], y[:0])
    data.notes = ("test has no image of class b",)
    data.splits["test"] = Split(x[y > 0], y[y > 0])
    tell_findings(data, None)
    assert capsys.readouterr().err == "note        test has no image of class b\n"


def test_of_two_classes_it_says_what_has_no_value(capsys):
    data = CirclesDataModule(num_samples=80)
    x, y = data.splits["test"]
    data.splits["test"] = Split(x[y == 0], y[y == 0])
    tell_findings(data, None)
    told = "test has no sample of class inner: AUROC has no value there, nor has what is measured of that class"
    assert capsys.readouterr().err == f"note        {told}\n"
