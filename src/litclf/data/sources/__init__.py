"""Sources of data: files, folders, generators, and how they are split."""
