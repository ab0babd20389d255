"""Classic mistakes in patches; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def cut_patches(pictures, patch_size):
    B, channels, height, width = pictures.shape
    if height % patch_size or width % patch_size:
        raise ValueError("does not fit")
    rows, columns = height // patch_size, width // patch_size
    grid = pictures.reshape(B, channels, rows, patch_size, columns, patch_size)
    grid = grid.permute(0, 2, 4, 1, 3, 5)
    return grid.reshape(B, rows * columns, -1)


# === channels_last: puts the colours of a pixel side by side, instead of one channel after the other
# - grid = grid.permute(0, 2, 4, 1, 3, 5)
# + grid = grid.permute(0, 2, 4, 3, 5, 1)

# === channels_outside: makes patches of a single channel each, and joins pieces of three of them
# - grid = grid.permute(0, 2, 4, 1, 3, 5)
# + grid = grid.permute(0, 1, 2, 4, 3, 5)

# === column_by_column: reads the patches column by column instead of row by row
# - grid = grid.permute(0, 2, 4, 1, 3, 5)
# + grid = grid.permute(0, 4, 2, 1, 3, 5)

# === crops: cuts off what does not fit instead of refusing it
# - if height % patch_size or width % patch_size:
# -     raise ValueError("does not fit")
# + pictures = pictures[:, :, : height // patch_size * patch_size, : width // patch_size * patch_size]

# === features_first: returns (B, features, T), as torch's unfold does
# - return grid.reshape(B, rows * columns, -1)
# + return grid.reshape(B, rows * columns, -1).mT

# === first_channel: reads the first channel alone
# - return grid.reshape(B, rows * columns, -1)
# + return grid[:, :, :, 0].reshape(B, rows * columns, -1)

# === keeps_the_grid: leaves rows and columns of patches as two axes
# - return grid.reshape(B, rows * columns, -1)
# + return grid.reshape(B, rows, columns, -1)

# === looks_at_the_height_only: does not look at whether the width fits
# - if height % patch_size or width % patch_size:
# + if height % patch_size:
# - rows, columns = height // patch_size, width // patch_size
# + rows, columns = height // patch_size, width // patch_size
# + pictures = pictures[..., : columns * patch_size]

# === means: takes the mean colour of each patch
# - return grid.reshape(B, rows * columns, -1)
# + return grid.mean(dim=(-2, -1)).reshape(B, rows * columns, -1)

# === pixels_turned: reads the pixels of a patch column by column
# - grid = grid.permute(0, 2, 4, 1, 3, 5)
# + grid = grid.permute(0, 2, 4, 1, 5, 3)

# === reshape_alone: reshapes without moving an axis, so that pixels from all over the picture make a patch
# - grid = grid.permute(0, 2, 4, 1, 3, 5)

# === returns_nothing: returns nothing
# - return grid.reshape(B, rows * columns, -1)
# + grid.reshape(B, rows * columns, -1)

# === rows_and_columns_exchanged: takes the number of rows from the width, and that of columns from the height
# - rows, columns = height // patch_size, width // patch_size
# + columns, rows = height // patch_size, width // patch_size

# === says_nothing_of_what_does_not_fit: leaves it to reshape to complain, which raises a RuntimeError
# - if height % patch_size or width % patch_size:
# -     raise ValueError("does not fit")

# === strips: cuts the picture into strips of rows, and does not cut the width
# - grid = grid.permute(0, 2, 4, 1, 3, 5)
# + grid = grid.permute(0, 2, 1, 3, 4, 5)

# === view_of_channels_last: moves the channels to the end and reshapes the rest
# - grid = grid.permute(0, 2, 4, 1, 3, 5)
# + grid = pictures.permute(0, 2, 3, 1)
