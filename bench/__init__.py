"""What yarder costs, beside the floor and its peers: `python -m bench`. See bench/README.md."""

__all__: list[str] = []
