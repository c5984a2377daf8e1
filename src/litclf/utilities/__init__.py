"""Utilities that every room uses and none of them owns: errors, checks, files, signals, threads, random numbers."""
