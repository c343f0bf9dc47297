# hint: below its heading
def numbered(sources):
    return "\n\n".join(f"[{number}] {source.heading}: {source.text}" for number, source in enumerate(sources, start=1))
