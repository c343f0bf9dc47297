# hint: Nothing follows
def numbered(sources):
    text = ""
    for number, source in enumerate(sources, start=1):
        text += f"[{number}] {source.heading}\n{source.text}\n\n"
    return text
