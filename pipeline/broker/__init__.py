"""Kafka as Fanal uses it outside its agents: topics and their settings, offsets, reading a range, producing posts."""
