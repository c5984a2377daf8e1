"""What is watched during a fit, one thing a file."""
