"""Registry of DataModules: what a config, a checkpoint and the command line can name."""

from litclf.utilities.registry import Registry

DATAMODULES = Registry(
    {
        "BlobsDataModule": "litclf.data.blobs",
        "CirclesDataModule": "litclf.data.circles",
        "ClassificationDataModule": "litclf.data.base",
        "ImagesDataModule": "litclf.data.images",
        "MNISTDataModule": "litclf.data.mnist",
        "RestorationDataModule": "litclf.data.restoration",
        "TableDataModule": "litclf.data.table",
    }
)
