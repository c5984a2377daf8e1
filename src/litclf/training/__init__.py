"""One fit: the run, the Trainer's arguments, resuming, calibration, loggers and callbacks."""
