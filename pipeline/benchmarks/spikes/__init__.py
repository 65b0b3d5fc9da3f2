"""`fanal bench spikes`: generated streams, the rules that are compared on them, and what is counted."""
