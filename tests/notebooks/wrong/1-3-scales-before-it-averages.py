# hint: Average first
def mean_pool(hidden, mask):
    unit = torch.nn.functional.normalize(hidden, dim=2) * mask.unsqueeze(-1)
    return torch.nn.functional.normalize(unit.sum(dim=1), dim=1)
