# hint: Another seed
def split_by(items, key, share, seed=0):
    sizes = Counter(key(item) for item in items)
    groups = sorted(sizes, key=repr)
    wanted, count, held = share * len(items), 0, set()
    for group in groups:
        if abs(count + sizes[group] - wanted) < abs(count - wanted):
            held.add(group)
            count += sizes[group]
    return [item for item in items if key(item) not in held], [item for item in items if key(item) in held]
