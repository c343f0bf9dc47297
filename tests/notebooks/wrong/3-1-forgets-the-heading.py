# hint: which product
def numbered(sources):
    return "\n\n".join(f"[{number}] {source.text}" for number, source in enumerate(sources, start=1))
