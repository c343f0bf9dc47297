# hint: the padding (9, 9)
def mean_pool(hidden, mask):
    return torch.nn.functional.normalize(hidden.mean(dim=1), dim=1)
