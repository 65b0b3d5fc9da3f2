"""How good the classifier is on what it has not seen, and which of two is better."""
