"""What the tensors of the encoder are called here, and what `transformers` calls them."""

_ENDINGS = {"w": "weight", "b": "bias"}
_EMBEDDINGS = {
    "word": "word_embeddings",
    "pos": "position_embeddings",
    "type": "token_type_embeddings",
    "ln": "LayerNorm",
}
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def their_name(name: str) -> str:
    """Give the name in `transformers` of one of our tensors, such as `l3.q.w` or `emb.pos`."""
    place, part, *kind = name.split(".")
    ending = _ENDINGS[kind[0]] if kind else "weight"
    if place == "emb":
        return f"embeddings.{_EMBEDDINGS[part]}.{ending}"
    return f"encoder.layer.{place.removeprefix('l')}.{_PARTS[part]}.{ending}"


def tensor_shapes(hidden: int, inner: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Give the shape of each of our tensors but those of the three embedding tables, matrices as [out, in]."""
    found: dict[str, tuple[int, ...]] = {"emb.ln.w": (hidden,), "emb.ln.b": (hidden,)}
    for layer in range(layers):
        for part in _PARTS:
            rows = inner if part == "fi" else hidden
            is_norm = part.endswith("ln")
            found[f"l{layer}.{part}.w"] = (hidden,) if is_norm else (rows, inner if part == "fo" else hidden)
            found[f"l{layer}.{part}.b"] = (rows,)
    return found
