"""Runs over real files whose numbers were reviewed and stored, and tests that nothing but the data decides them."""
