from litclf import BlobsDataModule
from litclf.data.audit.loaded import tell_findings


def test_a_fit_begins_with_the_notes_of_its_data(capsys):
    data = BlobsDataModule()
    tell_findings(data, None)
    assert capsys.readouterr() == ("", "")
    data.notes = ("a.csv was read so", "column a is left out", "a.csv was read so")
    tell_findings(data, None)
    assert capsys.readouterr() == ("", "note        a.csv was read so\nnote        column a is left out\n")
