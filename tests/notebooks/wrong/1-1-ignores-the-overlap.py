# hint: How far do you step?
def token_windows(starts, n_characters, size, overlap):
    spans = []
    for first in range(0, len(starts), size):
        last = first + size
        spans.append((starts[first] if first else 0, starts[last] if last < len(starts) else n_characters))
    return spans
