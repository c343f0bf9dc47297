# hint: in square brackets
def numbered(sources):
    return "\n\n".join(f"{number}. {source.heading}\n{source.text}" for number, source in enumerate(sources, start=1))
