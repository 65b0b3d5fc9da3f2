"""The dashboards of Grafana, as code: `python -m grafana.dashboards` writes the committed JSON."""
