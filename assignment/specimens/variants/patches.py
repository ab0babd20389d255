"""Honest ways to write patches; `assignment/specimens/__init__.py` has the format."""


# === loops: cuts out one square after the other
def cut_patches(pictures, patch_size):
    B, C, H, W = pictures.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError(f"{H} x {W} does not divide by {patch_size}")
    patches = []
    for i in range(0, H, patch_size):
        for j in range(0, W, patch_size):
            square = pictures[:, :, i : i + patch_size, j : j + patch_size]
            patches.append(square.flatten(1))
    return torch.stack(patches, dim=1)


# === tensor_unfold: lets the tensor's own unfold make windows in both directions
def cut_patches(pictures, patch_size):
    P = patch_size
    if pictures.size(2) % P > 0 or pictures.size(3) % P > 0:
        raise ValueError("the picture does not fit")
    windows = pictures.unfold(2, P, P).unfold(3, P, P)  # (B, channels, rows, columns, P, P)
    windows = windows.permute(0, 2, 3, 1, 4, 5).contiguous()
    return windows.view(windows.size(0), windows.size(1) * windows.size(2), -1)


# === unflatten: cuts the axes by unflatten, and joins them by flatten
def cut_patches(pictures, patch_size):
    height, width = pictures.shape[-2:]
    if any(side % patch_size for side in (height, width)):
        raise ValueError("both sides must be multiples")
    x = pictures.unflatten(3, (-1, patch_size)).unflatten(2, (-1, patch_size))
    x = torch.einsum("bcrpkq->brkcpq", x)
    return x.flatten(3).flatten(1, 2)
