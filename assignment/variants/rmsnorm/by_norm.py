# takes the Euclidean norm and divides it by the root of the number of features
def _norm(self, x):
    squared_length = torch.linalg.vector_norm(x, dim=-1, keepdim=True) ** 2
    rms = torch.sqrt(squared_length / x.shape[-1] + self.eps)
    return x / rms
