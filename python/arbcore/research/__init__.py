"""Replays of recorded trades: back-tests, sweeps, the look-ahead check."""
