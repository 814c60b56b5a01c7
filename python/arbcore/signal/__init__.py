"""Typed façade over the compiled tape, features and bars."""
