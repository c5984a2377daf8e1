"""Command line: one command a file over one LightningCLI."""
