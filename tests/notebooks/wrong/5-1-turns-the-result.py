# hint: three numbers come out
def lora_forward(x, weight, a, b, alpha):
    return (x @ weight.T + alpha / a.shape[0] * (x @ a.T @ b.T)).T
