# hint: One empty line
def numbered(sources):
    return "\n".join(f"[{number}] {source.heading}\n{source.text}" for number, source in enumerate(sources, start=1))
