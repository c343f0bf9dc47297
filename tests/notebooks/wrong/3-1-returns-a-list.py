# hint: not its parts
def numbered(sources):
    return [f"[{number}] {source.heading}\n{source.text}" for number, source in enumerate(sources, start=1)]
