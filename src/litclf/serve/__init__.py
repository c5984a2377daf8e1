"""A trained model behind HTTP: answers to programs, and a page to try it on in the browser."""

from litclf.serve.command import main

__all__ = ["main"]
