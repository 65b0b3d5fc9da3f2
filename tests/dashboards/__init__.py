"""How the dashboards are tested: read, held against rules, and every query asked of a real Prometheus."""
