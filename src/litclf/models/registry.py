"""Registry of models: what a config, a checkpoint and the command line can name."""

from litclf.utilities.registry import Registry

MODELS = Registry(
    {
        "AutoClassifier": "litclf.models.auto",
        "BinaryClassifier": "litclf.models.binary",
        "Classifier": "litclf.models.classifier",
        "ImageRestoration": "litclf.models.restoration",
        "MulticlassClassifier": "litclf.models.multiclass",
    }
)
