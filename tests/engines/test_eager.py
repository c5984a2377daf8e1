"""The eager engine is the loop by hand, bit for bit."""

from litclf.engines.eager import EagerEngine
from tests.engines.contract import EngineContract


class TestEagerEngine(EngineContract):
    def make(self):
        return EagerEngine()
