# hint: What decides the side
def split_by(items, key, share, seed=0):
    places = list(range(len(items)))
    random.Random(seed).shuffle(places)
    held = set(places[: round(share * len(items))])
    return [x for at, x in enumerate(items) if at not in held], [x for at, x in enumerate(items) if at in held]
