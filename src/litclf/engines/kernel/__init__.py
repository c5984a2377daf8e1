"""Kernel: compiled steps of fully connected networks on the CPU."""
