"""What the dashboards show: a file each, and what they share in `words`."""
