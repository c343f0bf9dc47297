# hint: Count the places
def numbered(sources):
    return "\n\n".join(f"[{sources.index(source) + 1}] {source.heading}\n{source.text}" for source in sources)
