"""The compiled engine: steps of fully connected networks on the CPU."""
