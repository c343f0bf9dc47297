# hint: the object itself
def numbered(sources):
    return "\n\n".join(f"[{number}] {source}" for number, source in enumerate(sources, start=1))
