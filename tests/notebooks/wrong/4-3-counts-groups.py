# hint: far more
def split_by(items, key, share, seed=0):
    sizes = Counter(key(item) for item in items)
    groups = sorted(sizes, key=repr)
    random.Random(seed).shuffle(groups)
    wanted, count, held = share * len(items), 0, set()
    held = set(groups[: round(share * len(groups))])
    return [item for item in items if key(item) not in held], [item for item in items if key(item) in held]
