"""The image, built for real without a container engine, and started as an operator's cluster would: `python -m tests.image`."""
