"""Programs that tests run and that pip does not give."""
