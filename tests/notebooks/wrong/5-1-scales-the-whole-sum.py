# hint: to the pair alone
def lora_forward(x, weight, a, b, alpha):
    return alpha / a.shape[0] * (x @ weight.T + x @ a.T @ b.T)
