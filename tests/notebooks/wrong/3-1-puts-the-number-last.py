# hint: number comes first
def numbered(sources):
    return "\n\n".join(f"{source.heading} [{number}]\n{source.text}" for number, source in enumerate(sources, start=1))
