"""Slow, obvious reference implementations, written from the definitions alone.

Nothing here imports arbcore: an oracle that shares a helper with what it judges shares its mistakes.
Integers, `Fraction`s and lists; every window is scanned again at every evaluation.
"""
