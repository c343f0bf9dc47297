# hint: nothing is left at the end
def token_windows(starts, n_characters, size, overlap):
    spans = []
    for first in range(0, len(starts), size - overlap):
        start = starts[first] if first else 0
        spans.append((start, starts[first + size]))
    return spans
