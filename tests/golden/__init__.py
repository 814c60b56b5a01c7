"""Runs over real files whose numbers were reviewed and stored; tests that nothing but data decides them."""
