"""Hypothesis against the oracles: whatever the tape, arbcore and the slow definitions agree."""
