# hint: No gradient reaches B
def lora_forward(x, weight, a, b, alpha):
    with torch.no_grad():
        return x @ weight.T + alpha / a.shape[0] * (x @ a.T @ b.T)
