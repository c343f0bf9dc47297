# hint: of all gains
def paired_difference(before, after):
    gains = [float(after[name]) - float(before[name]) for name in before if name in after]
    return float(np.mean(gains)), min(gains), max(gains)
