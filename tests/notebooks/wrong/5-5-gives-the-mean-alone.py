# hint: three numbers in one tuple
def paired_difference(before, after):
    return float(np.mean([float(after[name]) - float(before[name]) for name in before if name in after]))
