"""Training: one fit, its run, the Trainer's arguments, resuming, calibration, loggers and callbacks."""
