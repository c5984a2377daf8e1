"""Report of a run: one HTML file that works offline, made from the files of the run's folder alone."""
