# hint: exactly one of the two sides
def split_by(items, key, share, seed=0):
    sizes = Counter(key(item) for item in items)
    groups = sorted(sizes, key=repr)
    random.Random(seed).shuffle(groups)
    wanted, count, held = share * len(items), 0, set()
    for group in groups:
        if abs(count + sizes[group] - wanted) < abs(count - wanted):
            held.add(group)
            count += sizes[group]
    rest = [group for group in groups if group not in held][:-1]
    return [item for item in items if key(item) in rest], [item for item in items if key(item) in held]
