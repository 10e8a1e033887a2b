"""Units (the org tree), people and their positions, and who led which unit when."""
