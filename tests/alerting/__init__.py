"""The real Prometheus and Alertmanager with the shipped configuration, and somebody on call who hears them."""
